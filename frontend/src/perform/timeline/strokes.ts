/** Movements as strokes: those of one control that follow each other soon are one line. */

import type { Memory } from "./memory";

/** A control that rests longer begins a new stroke. */
export const JOINED = 600; // ms
/** Less is not drawn as a movement: a step of 7 bits. */
const STEP = 1 / 127;
/** A player that rests longer pauses. */
const PLAYING = 1000; // ms

/** Lines between movements: times and values by turns, `[t0, v0, t1, v1, …]`; a beginning has `t0 === t1`. */
export interface Strokes {
  performer: number[];
  model: number[];
  /** When each played: beginnings and ends. */
  busy: { performer: number[]; model: number[] };
  from: number;
  until: number;
}

const empty = (): Strokes => ({
  performer: [],
  model: [],
  busy: { performer: [], model: [] },
  from: Infinity,
  until: -Infinity,
});

/** Knows where each line ended, so that what is played next goes on from there. */
export class Pen {
  private readonly times: Float64Array;
  private readonly values: Float32Array;
  private readonly played = { performer: -Infinity, model: -Infinity };

  constructor(controls: number) {
    this.times = new Float64Array(2 * controls).fill(-Infinity);
    this.values = new Float32Array(2 * controls);
  }

  /** The strokes of entries, from `from` on to before `until`. */
  draw(memory: Memory, from: number, until: number): Strokes {
    const strokes = empty();
    for (let entry = Math.max(from, memory.first); entry < until; entry += 1) {
      const [at, lane, value] = [memory.at(entry), memory.lane(entry), memory.value(entry)];
      const who = lane % 2 === 1 ? "model" : "performer";
      const before = this.times[lane]!;
      // A value that only trembles leaves its line where it is.
      if (before > -Infinity && Math.abs(value - this.values[lane]!) < STEP) continue;
      const joined = at - before < JOINED;
      const begun = joined ? before : at;
      strokes[who].push(begun, joined ? this.values[lane]! : value, at, value);
      const played = this.played[who];
      if (at > played) strokes.busy[who].push(at - played < PLAYING ? played : at, at);
      const lately = at - played < PLAYING ? Math.min(begun, played) : begun;
      strokes.from = Math.min(strokes.from, lately);
      strokes.until = at;
      this.times[lane] = at;
      this.values[lane] = value;
      this.played[who] = at;
    }
    return strokes;
  }
}

/** All strokes that are seen between two times, those included that begin before. */
export function strokesBetween(memory: Memory, from: number, until: number): Strokes {
  const pen = new Pen(memory.controls);
  // A line that ends after the part may cross it.
  return pen.draw(memory, memory.from(from - PLAYING), memory.from(until + PLAYING));
}

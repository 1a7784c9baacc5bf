/** A take as sound: its rows, played by the synthesiser faster than they were, into a WAV file. */

import { Ensemble } from "./ensemble";
import type { Who } from "./mix";
import type { SoundSettings } from "./settings";
import { pcm, wavHeader } from "./wav";

const RATE = 44_100;
const STEP = 0.05;
/** Seconds of the room after the last note. */
const TAIL = 4;
/** Seconds that one file has at most: all of it is in memory. */
export const LONGEST = 10 * 60;
const ROWS = 1_000_000;

export interface Row {
  /** Seconds since the first row. */
  at: number;
  who: Who;
  values: number[];
}

/** The rows of a log between two times (seconds since its first row), at most a million; what is none is left out. */
export function rowsOf(log: string, from = 0, to = Infinity): Row[] {
  const rows: Row[] = [];
  let first = NaN;
  let last = 0;
  for (const line of log.split("\n")) {
    const [time = "", source, ...rest] = line.trim().split(",");
    const who = source === "interface" ? "performer" : source === "rnn" ? "model" : null;
    const at = Date.parse(time.endsWith("Z") ? time : `${time}Z`) / 1000;
    const values = rest.map(Number);
    if (who === null || !Number.isFinite(at) || values.length === 0 || !values.every(Number.isFinite)) continue;
    if (Number.isNaN(first)) first = at;
    last = Math.max(last, at - first); // a clock that was set back takes no time
    if (last < from) continue;
    if (last > to || rows.length >= ROWS) break;
    rows.push({ at: last - from, who, values });
  }
  return rows;
}

/** Play rows into a WAV file. `progress` gets shares of 1. Rejects if the browser refuses so much sound. */
export async function rendered(
  rows: readonly Row[],
  settings: SoundSettings,
  kinds: readonly string[],
  progress: (share: number) => void,
): Promise<Blob> {
  const seconds = Math.min(LONGEST, rows.at(-1)?.at ?? 0) + TAIL;
  const frames = Math.ceil(seconds * RATE);
  const context = new OfflineAudioContext(2, frames, RATE);
  const ensemble = new Ensemble(context, settings, kinds);
  ensemble.mix.out.connect(context.destination);
  let next = 0;
  const play = (from: number, to: number) => {
    for (let now = from; now < to; now += STEP) {
      for (; next < rows.length && rows[next]!.at < now + STEP; next += 1) {
        const row = rows[next]!;
        ensemble.play(row.values, row.who, row.at);
      }
      ensemble.advance(now + STEP);
    }
  };
  // A second ahead at a time, so that only what sounds is there; browsers that cannot wait get all of it at once.
  const waits = typeof context.suspend === "function";
  for (let second = 1; waits && second < seconds; second += 1) {
    void context.suspend(second).then(() => {
      play(second + 1, second + 2);
      progress(second / seconds);
      return context.resume();
    });
  }
  play(0, waits ? 2 : seconds);
  const buffer = await context.startRendering();
  const parts: Blob[] = [new Blob([wavHeader(frames, 2, RATE, 16)])];
  for (let at = 0; at < frames; at += RATE * 10) {
    const part = [0, 1].map((channel) => buffer.getChannelData(channel).subarray(at, at + RATE * 10));
    parts.push(new Blob([pcm(part, 16)]));
  }
  progress(1);
  return new Blob(parts, { type: "audio/wav" });
}

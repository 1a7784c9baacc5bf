/** Controls that two play: which of them the performer holds, and the one stream of both; as `impsy.engine.holding`. */

import { copied } from "../copying";
import { stepOf } from "../mapping/hands";
import { rising } from "../numbers";
import { PLAYBACK } from "../tables";
import type { Values } from "./events";

/** Values of controls, which are counted from 0. */
export type Given = ReadonlyMap<number, number>;

/** The controls whose 7-bit values differ: less is the noise of a prediction. */
export const movedBetween = (before: Values, after: Values): number[] =>
  [...after.keys()].filter((i) => stepOf(before[i]!) !== stepOf(after[i]!));

/** When the performer last moved each control. */
export class Holding {
  /** The longest ago first. */
  private movedAt = new Map<number, number>();

  fork(): Holding {
    return copied<Holding>(this, { movedAt: new Map(this.movedAt) });
  }

  /** The performer moves these now. */
  take(controls: Iterable<number>, now: number): void {
    for (const control of rising(controls)) {
      this.movedAt.delete(control);
      this.movedAt.set(control, now);
    }
  }

  /** The performer still has a finger on these: those that are held are held from now on again. */
  keep(controls: readonly number[], now: number, hold: number): void {
    this.take(
      this.at(now, hold).filter((control) => controls.includes(control)),
      now,
    );
  }

  /** The controls that are held, in their order: each for `hold` seconds after its last move. */
  at(now: number, hold: number): number[] {
    for (const [control, at] of this.movedAt) {
      if (at + hold > now) break;
      this.movedAt.delete(control);
    }
    return this.controls;
  }

  /** Those that were held when `at` was called last, or taken since. */
  get controls(): number[] {
    return rising(this.movedAt.keys());
  }

  /** When the next of them is let go of; null: none is held. */
  nextRelease(hold: number): number | null {
    const [first] = this.movedAt.values();
    return first === undefined ? null : first + hold;
  }
}

/** The events of both players as the model hears them: one instrument, with a value for each control. */
export class Stream {
  private moved: ReadonlySet<number> = new Set();

  /** `values`: where the controls are. `last`: when it begins. */
  constructor(
    public values: Values,
    private last: number,
  ) {}

  fork(): Stream {
    return copied<Stream>(this);
  }

  /** The performer sets these; returns the vector that the model hears, `[dt, x_1 … x_n]`. */
  join(values: Given, now: number): Values {
    const dt = Math.max(0, now - this.last);
    this.last = Math.max(now, this.last);
    this.values = withValues(this.values, values);
    return [dt, ...this.values];
  }

  /**
   * The model plays `drawn`, except for the controls that the performer holds. Returns the vector that the model is given
   * next. Its first number is the time since the last event of either player, divided by `timescale`, and at most the
   * greater of that time and the predicted `dt`: a very small timescale would give a very long time.
   */
  play(drawn: Values, held: Given, due: number, dt: number, timescale: number): Values {
    const elapsed = Math.max(0, due - this.last);
    const heard = Math.max(PLAYBACK.MINIMUM_DT, Math.min(elapsed / timescale, Math.max(dt, elapsed)));
    this.last = Math.max(due, this.last);
    this.values = withValues(drawn, held);
    return [heard, ...this.values];
  }

  /**
   * The controls to be sent when outputs have `before`: those that moved. An event in which the model moves nothing
   * repeats what it moved last, as a note is repeated.
   */
  sounding(before: Values, held: Given): number[] {
    const moved = movedBetween(before, this.values);
    const own = moved.filter((control) => !held.has(control));
    if (own.length > 0) {
      this.moved = new Set(own);
      return moved;
    }
    return rising(new Set([...moved, ...[...this.moved].filter((control) => !held.has(control))]));
  }
}

/** The values, with others in the places of some. */
function withValues(values: Values, others: Given): Values {
  if (others.size === 0) return values;
  const changed = [...values];
  for (const [control, value] of others) changed[control] = value;
  return changed;
}

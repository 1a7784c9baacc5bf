/** From a prediction to what is played, and when; as `impsy.engine.playback`. */

import { copied } from "../copying";
import { PLAYBACK } from "../tables";
import type { Values } from "./events";

const { MINIMUM_DT } = PLAYBACK;

/** A limit on how many events happen: `aSecond` in the long run, and `burst` more at once. */
export class Pace {
  private readonly every: number;
  private readonly slack: number;
  private full = Number.NEGATIVE_INFINITY;

  constructor(aSecond: number, burst: number) {
    this.every = 1 / aSecond;
    this.slack = burst / aSecond;
  }

  fork(): Pace {
    return copied<Pace>(this);
  }

  /** When the next may happen. */
  get earliest(): number {
    return this.full - this.slack;
  }

  /** Whether one may happen at this time; it is then counted. */
  allows(at: number): boolean {
    if (at < this.earliest) return false;
    this.count(at);
    return true;
  }

  /** One happens at this time. */
  count(at: number): void {
    this.full = Math.max(this.full, at) + this.every;
  }
}

/**
 * One prediction, ready to be played. `wait`: seconds from the previous event to this one. `values`: x_1 … x_n in
 * [0, 1]. `vector`: `[dt, x_1 … x_n]`, the model's next input if it hears itself; dt is not stretched by the
 * timescale, so that slow playing does not sound slow to the model.
 */
export interface Step {
  readonly wait: number;
  readonly values: Values;
  readonly vector: Values;
}

/** Clamp a prediction `[dt, x_1 … x_n]` and stretch its time; null if a number in it is not finite. */
export function toStep(prediction: Values, timescale: number): Step | null {
  if (!prediction.every(Number.isFinite)) return null;
  const dt = Math.max(MINIMUM_DT, prediction[0]!);
  const values = prediction.slice(1).map((x) => (x < 0 ? 0 : x > 1 ? 1 : x));
  return { wait: dt * timescale, values, vector: [dt, ...values] };
}

/** The same, but that it waits `longest` seconds at most, which is also what the model hears. */
export function within(step: Step, longest: number, timescale: number): Step {
  if (step.wait <= longest) return step;
  return { wait: longest, values: step.values, vector: [longest / timescale, ...step.vector.slice(1)] };
}

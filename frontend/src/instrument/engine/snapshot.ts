/** The engine's state as others read it; as `impsy.engine.snapshot`, by the names of the session's state. */

import type { ClockState, Counts, Turn } from "../../protocol";
import type { Values } from "./events";
import type { Settings } from "./settings";

/** How often things happened since the start. */
export type Counters = Omit<Counts, "dropped" | "logged" | "unmirrored" | "marks">;

export const noCounts = (): Counters => ({
  heard: 0,
  skipped: 0,
  rejected: 0,
  predicted: 0,
  played: 0,
  cancelled: 0,
  overflowed: 0,
  not_finite: 0,
  panics: 0,
});

/** The engine at one moment. `held`: of each control, whether the performer holds it. */
export interface Snapshot extends Omit<Settings, "hands"> {
  readonly model: string;
  readonly turn: Turn;
  readonly waiting: number;
  readonly input: Values;
  readonly output: Values;
  readonly counters: Readonly<Counters>;
  readonly held: readonly boolean[];
  readonly clock: ClockState;
}

/**
 * The model's next action, as far as it is decided. `due`: when; null: nothing is planned. `what`: an `event` is
 * played, or an `answer` begins, whose first event has not been predicted yet. `revision` increases whenever the
 * predicted mixture may have changed.
 */
export interface Forecast {
  readonly due: number | null;
  readonly what: "event" | "answer" | null;
  readonly revision: number;
}

/**
 * What the model will play: a copy of the engine runs ahead of it, from deadline to deadline; as `impsy.engine.plan`.
 *
 * The copy has the engine's state, its model's, and its random numbers, so it plays what the engine will play, unless
 * somebody interrupts. Then another copy is made.
 */

import { PLAN } from "../tables";
import type { Engine } from "./engine";
import type { Values } from "./events";

const { AHEAD_SECONDS, BEHIND_SECONDS, MOST_EVENTS } = PLAN;

/** An event of the model: `due`, when it is played, and x_1 … x_n. */
export interface Planned {
  readonly due: number;
  readonly values: Values;
}

const isSame = (one: Planned, other: Planned): boolean =>
  one.due === other.due && one.values.every((value, index) => value === other.values[index]);

/** The next events of the model, the first one first. */
export class Plan {
  private events: Planned[] = [];

  /** `engine`: a copy that is used by nobody else, awake. `now`: when it was made. */
  constructor(
    private readonly engine: Engine,
    private now: number,
  ) {}

  /** The events from `now` on, as far as they were computed, within what is looked ahead. */
  coming(now: number): Planned[] {
    return this.events.filter(({ due }) => now <= due && due <= now + AHEAD_SECONDS).slice(0, MOST_EVENTS);
  }

  /** When the copy does something next; null: never, unless somebody interrupts. */
  get nextStep(): number | null {
    const { deadline } = this.engine;
    return deadline === null ? null : Math.max(this.now, deadline);
  }

  /** Whether it does not reach as far ahead of `now` as it looks. */
  wantsMore(now: number): boolean {
    const step = this.nextStep;
    if (step === null || step > now + AHEAD_SECONDS) return false;
    return this.events.length < MOST_EVENTS || this.events.at(-MOST_EVENTS)!.due <= now;
  }

  /** When it wants more, where it does not now; null: never. */
  moreAt(now: number): number | null {
    const step = this.nextStep;
    if (step === null) return null;
    const far = step - AHEAD_SECONDS;
    return this.events.length < MOST_EVENTS ? far : Math.max(far, now, this.events.at(-MOST_EVENTS)!.due);
  }

  /** Compute one step more: at most one prediction. Does nothing without a `nextStep`. */
  step(): void {
    const step = this.nextStep;
    if (step === null) return;
    this.now = step;
    for (const command of this.engine.advance(step)) {
      if (command.kind === "play" && command.source === "rnn") {
        this.events.push({ due: command.due, values: command.values });
      }
    }
  }

  /**
   * Compare with what the engine has played since the copy was made, and forget both; returns whether all was as
   * planned. What has not been planned yet stays in `played`.
   */
  follow(played: Planned[], now: number): boolean {
    while (played.length > 0 && this.events.length > 0) {
      if (!isSame(played[0]!, this.events[0]!)) return false;
      played.shift();
      this.events.shift();
    }
    return this.events.length === 0 || this.events[0]!.due > now - BEHIND_SECONDS;
  }
}

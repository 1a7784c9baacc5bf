/** One answer of the model, and the controls that take part in it; as `impsy.engine.answer`. */

import { copied } from "../copying";
import { rising } from "../numbers";
import type { Values } from "./events";
import { movedBetween } from "./holding";

/**
 * Which controls sound: those that the model has moved since the answer began. The others are where the performer left
 * them. To send them with the first event would strike a note for each.
 */
export class Answer {
  private last: Values;
  private joined = new Set<number>();

  /** `start`: what the model heard last. `repeated`: the controls that sound if its first event moves none. */
  constructor(
    readonly start: Values,
    private readonly repeated: ReadonlySet<number>,
  ) {
    this.last = start;
  }

  fork(): Answer {
    return copied<Answer>(this, { joined: new Set(this.joined) });
  }

  /** Whether nothing of it has been played. */
  get isNew(): boolean {
    return this.last === this.start;
  }

  /** The controls to be sent with this event. */
  sounding(values: Values): number[] {
    for (const control of movedBetween(this.last, values)) this.joined.add(control);
    if (this.joined.size === 0) this.joined = new Set(this.repeated);
    this.last = values;
    return rising(this.joined);
  }
}

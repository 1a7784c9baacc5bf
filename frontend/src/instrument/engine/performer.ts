/** What the performer has played: where each control is, and which an event moves; as `impsy.engine.performer`. */

import { copied } from "../copying";
import type { Interaction, Update, Values } from "./events";

/** The controls that an event moves, and those of them that it strikes or takes to another value. */
export interface Moves {
  readonly moved: ReadonlySet<number>;
  readonly changed: ReadonlySet<number>;
}

/** The controls that an event has a value for. */
const named = (event: Interaction | Update): number[] =>
  event.kind === "update" ? event.changes.map(([control]) => control) : [...event.values.keys()];

export class Performer {
  /** The controls that were moved last. */
  moved: ReadonlySet<number> = new Set();
  /** Those that were ever played. */
  private touched = new Set<number>();
  /** By port, those moved by events that have not been passed on. */
  private owed = new Map<string, ReadonlySet<number>>();

  /** `values`: x_1 … x_n as the performer has them. */
  constructor(public values: Values) {}

  fork(): Performer {
    return copied<Performer>(this, { touched: new Set(this.touched), owed: new Map(this.owed) });
  }

  /** The whole vector x_1 … x_n after this event; null if it does not fit the dimension. */
  after(event: Interaction | Update): Values | null {
    const n = this.values.length;
    if (event.kind === "interaction") return event.values.length === n ? event.values : null;
    const values = [...this.values];
    for (const [control, value] of event.changes) {
      if (!(control >= 0 && control < n)) return null;
      values[control] = value;
    }
    return values;
  }

  /**
   * Keep the values after an event. `off`: controls that are not enabled, which nothing moves. A key that is struck
   * again has moved, a knob at the same value has not; any has with its first value.
   */
  take(event: Interaction | Update, values: Values, off: ReadonlyMap<number, number>): Moves {
    const before = this.values;
    this.values = values;
    const struck = event.kind === "update" && event.struck;
    const changes = (control: number) => values[control] !== before[control];
    const moves = (control: number) => struck || changes(control) || !this.touched.has(control);
    const moved = new Set(named(event).filter((control) => moves(control) && !off.has(control)));
    for (const control of moved) this.touched.add(control);
    return { moved, changed: struck ? moved : new Set([...moved].filter(changes)) };
  }

  /** These came in at `port`, too fast to be passed on: the next event that is passed on brings them. */
  owe(port: string, moved: ReadonlySet<number>): void {
    this.owed.set(port, new Set([...(this.owed.get(port) ?? []), ...moved]));
  }

  /** What an event moved, with what is owed to its port. */
  withOwed(port: string, moved: ReadonlySet<number>): ReadonlySet<number> {
    const all = new Set([...moved, ...(this.owed.get(port) ?? [])]);
    this.owed.delete(port);
    if (all.size > 0) this.moved = all;
    return all;
  }
}

/** What each control last played and when, and which notes are to end by themselves; as `impsy.engine.hands`. */

import { copied } from "../copying";
import { type Hand, restOf, shapeOf, type Shape, stepOf } from "../mapping/hands";
import { rising } from "../numbers";
import type { EndNotes, Interaction, Update, Values } from "./events";

/** What is played of a prediction. `moved` are the controls that are sent; null: all. */
export interface Played {
  readonly values: Values;
  readonly vector: Values;
  readonly moved: readonly number[] | null;
}

const endNotes = (controls: readonly number[]): EndNotes[] =>
  controls.length > 0 ? [{ kind: "endNotes", keys: controls.map((control) => [control, null]), origin: "" }] : [];

const isSame = (one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean =>
  one.size === other.size && [...one].every(([control, value]) => other.get(control) === value);

/** Applies the hands of a configuration. Controls beyond those that are given are free. */
export class Hands {
  /** When the note of a control is to end. */
  private ends = new Map<number, number>();
  /** For controls that do not repeat: when each note or step was last sent. */
  private sent: ReadonlyMap<number, Map<number, number>> = new Map();
  /** The values of the controls that are not enabled. */
  private stays: ReadonlyMap<number, number> = new Map();
  /** What was last sent for those. */
  private ignored: ReadonlyMap<number, number> = new Map();
  private shapes: readonly (readonly [number, Shape])[] = [];
  private gates: ReadonlyMap<number, number> = new Map();
  private repeats: ReadonlyMap<number, number> = new Map();
  private struckBy: ReadonlyMap<number, number> = new Map();

  /** `values`: x_1 … x_n at the start; a control that is not enabled is in the middle of its range. */
  constructor(hands: readonly Hand[], values: Values) {
    this.use(
      hands,
      values.map((value, index) => (hands[index] ? restOf(hands[index]) : value)),
    );
  }

  /** Apply others from now on; returns what ends the notes of controls that are not enabled any more. */
  use(hands: readonly Hand[], values: Values): EndNotes[] {
    const numbered = [...hands.slice(0, values.length).entries()];
    const off = numbered.filter(([, hand]) => !hand.enabled).map(([index]) => index);
    const ended = off.filter((index) => !this.stays.has(index));
    this.stays = new Map(off.map((index) => [index, this.stays.get(index) ?? values[index]!]));
    this.ignored = this.stays;
    this.shapes = numbered.flatMap(([index, hand]) => {
      const shape = hand.enabled ? shapeOf(hand) : null;
      return shape ? [[index, shape] as const] : [];
    });
    this.gates = new Map(numbered.flatMap(([index, { gate }]) => (gate === null ? [] : [[index, gate] as const])));
    this.repeats = new Map(
      numbered.filter(([, { repeat }]) => repeat > 0).map(([index, { repeat }]) => [index, repeat]),
    );
    this.sent = new Map([...this.repeats.keys()].map((index) => [index, this.sent.get(index) ?? new Map()]));
    this.struckBy = new Map(
      numbered.flatMap(([index, { velocity }]) =>
        velocity !== null && (this.repeats.has(index) || this.stays.has(index)) ? [[index, velocity] as const] : [],
      ),
    );
    return endNotes(ended);
  }

  fork(): Hands {
    const sent = new Map([...this.sent].map(([index, each]) => [index, new Map(each)]));
    return copied<Hands>(this, { ends: new Map(this.ends), sent });
  }

  /** The controls that are not enabled, and their values. */
  get off(): ReadonlyMap<number, number> {
    return this.stays;
  }

  // --- the model -------------------------------------------------------------------------------------

  /** A prediction, `[x_1 … x_n]` and `[dt, x_1 … x_n]`, with each value where its hand may play it. */
  shape(values: Values, vector: Values): [Values, Values] {
    if (this.shapes.length === 0 && this.stays.size === 0) return [values, vector];
    const shaped = [...values];
    for (const [index, shape] of this.shapes) shaped[index] = shape(shaped[index]!);
    const kept = this.keep(shaped);
    return [kept, [vector[0]!, ...kept]];
  }

  /** The values with those of the controls that are not enabled as they stay. */
  keep(values: Values): Values {
    return values.map((value, index) => this.stays.get(index) ?? value);
  }

  /**
   * What is sent now of an event that is due. A control that would repeat itself stays where it is. `vector`: what the
   * model hears if it hears itself. `before`: what was last sent, or nothing. `moved`: the controls that are played;
   * null: all.
   */
  play(values: Values, vector: Values, before: Values, now: number, moved: readonly number[] | null): Played {
    if (this.stays.size === 0 && this.gates.size === 0 && this.repeats.size === 0) return { values, vector, moved };
    const wanted = new Set(moved ?? values.keys());
    const struck = [...this.struckBy].filter(([, velocity]) => wanted.has(velocity)).map(([index]) => index);
    const playing = new Set([...wanted, ...struck]);
    const sent = this.sendable(playing, values, now);
    const kept = [...this.repeats.keys()].filter((index) => playing.has(index) && !sent.includes(index));
    if (kept.length > 0 && before.length > 0) {
      values = values.map((value, index) => (kept.includes(index) ? before[index]! : value));
      vector = [vector[0]!, ...values];
    }
    for (const index of sent) {
      const gate = this.gates.get(index);
      if (gate === undefined) this.ends.delete(index);
      else this.ends.set(index, now + gate);
    }
    return { values, vector, moved: sent.length === values.length ? null : sent };
  }

  /** Those of the playing controls that are sent. A velocity strikes its notes when it moves: not one that is silent. */
  private sendable(playing: ReadonlySet<number>, values: Values, now: number): number[] {
    const sent = rising(playing).filter((index) => !this.stays.has(index) && !this.repeated(index, values, now));
    const silent = new Set(
      [...this.struckBy].filter(([index]) => !sent.includes(index)).map(([, velocity]) => velocity),
    );
    return sent.filter((index) => !silent.has(index));
  }

  /** Whether the control played the same too short a time ago; if not, it plays it now. */
  private repeated(index: number, values: Values, now: number): boolean {
    const sent = this.sent.get(index);
    if (!sent) return false;
    const step = stepOf(values[index]!);
    const last = sent.get(step);
    if (last !== undefined && now - last < this.repeats.get(index)!) return true;
    sent.set(step, now);
    return false;
  }

  // --- notes that end by themselves ------------------------------------------------------------------

  /** When the next note ends by itself. */
  get due(): number | null {
    return this.ends.size > 0 ? Math.min(...this.ends.values()) : null;
  }

  /** Others play now: what sounds is theirs. */
  forgetNotes(): void {
    this.ends.clear();
  }

  /** What ends the notes whose time is over. */
  ended(now: number): EndNotes[] {
    const over = [...this.ends].filter(([, end]) => end <= now).map(([index]) => index);
    for (const index of over) this.ends.delete(index);
    return endNotes(over);
  }

  // --- the performer ---------------------------------------------------------------------------------

  /** The event without the controls that are not enabled; null: nothing is left of it. `before`: the values before it. */
  heard(event: Interaction | Update, before: Values): Interaction | Update | null {
    if (this.stays.size === 0) return event;
    if (event.kind === "update") {
      const changes = event.changes.filter(([control]) => !this.stays.has(control));
      return changes.length > 0 ? { ...event, changes } : null;
    }
    if (event.values.length !== before.length) return event; // it is rejected
    const ignored = new Map([...this.stays.keys()].map((index) => [index, event.values[index]!]));
    const movedThere = !isSame(ignored, this.ignored);
    this.ignored = ignored;
    const values = this.keep(event.values);
    return movedThere && values.every((value, index) => value === before[index]) ? null : { ...event, values };
  }
}

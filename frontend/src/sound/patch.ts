/** What every patch can do. Times are those of the context, in seconds, and never go back. */

import type { Beat } from "./beat";
import type { Section } from "./mix";
import type { Part } from "./roles";
import type { Scale } from "./scales";

export interface Tuning {
  scale: Scale;
  /** Semitones above C. */
  root: number;
  beat: Beat;
}

export interface Patch {
  /** A control that plays pitches went to `value`; `force` (0 to 1) is how hard. */
  move(part: Part, value: number, force: number, when: number): void;
  /** A note is played. */
  note(part: Part, note: number, force: number, when: number): void;
  /** A control that shapes its group went to `value`. */
  shape(role: "timbre" | "motion", group: number, value: number, when: number): void;
  /** Schedule what happens by itself until then. */
  advance(until: number): void;
  /** End all that sounds. */
  stop(when: number): void;
  /** When the last note is over. */
  readonly end: number;
}

export type PatchMaker = (section: Section, tuning: Tuning) => Patch;

/** A value for each group; 0.45 for those that nobody has shaped. */
export class Shape {
  private readonly values = new Map<number, number>();

  constructor(private readonly usual = 0.45) {}

  set(group: number, value: number): void {
    this.values.set(group, value);
  }

  of(group: number): number {
    return this.values.get(group) ?? this.usual;
  }
}

/** From `least` to `most` in equal ratios: for frequencies. */
export const exponential = (place: number, least: number, most: number): number => least * (most / least) ** place;

/** Low notes need a little more to be as loud, and high ones less. */
export const evened = (hertz: number): number => Math.min(1.5, Math.max(0.5, (440 / hertz) ** 0.3));

/** One player: turns vectors of values into what a patch plays. */

import type { Section } from "./mix";
import type { Patch } from "./patch";
import type { Part } from "./roles";
import { nearest, type Scale } from "./scales";

/** Less than this is not a movement: values come back rounded. */
const STILL = 0.0015;
/** Values a second that are as hard as can be. */
const HARDEST = 3;
const [LOWEST_NOTE, HIGHEST_NOTE] = [28, 100];

/** How hard a movement is, from 0 to 1: by its speed; one that comes after a rest counts as a tenth of a second. */
export function forceOf(distance: number, seconds: number): number {
  const speed = Math.abs(distance) / Math.min(0.1, Math.max(0.01, seconds));
  return 0.3 + 0.7 * Math.min(1, speed / HARDEST);
}

/** The note of the scale that a note control plays; octaves that are too low or too high are folded in. */
export function playedNote(value: number, scale: Scale, root: number): number {
  let note = nearest(scale, root, Math.round(127 * value));
  while (note < LOWEST_NOTE) note += 12;
  while (note > HIGHEST_NOTE) note -= 12;
  return note;
}

/** The velocity control of a note control: the next one after it, or else the last one before. */
export function velocityOf(parts: readonly Part[], index: number): number | null {
  const velocities = parts.filter((part) => part.role === "velocity").map((part) => part.index);
  return velocities.find((each) => each > index) ?? velocities.at(-1) ?? null;
}

export class Player {
  private values: number[];
  private readonly moved: number[];

  constructor(
    private readonly section: Section,
    private readonly patch: Patch,
    private readonly parts: readonly Part[],
    private readonly tuning: { scale: Scale; root: number },
    now: readonly number[],
    when: number,
  ) {
    this.values = parts.map((part) => now[part.index] ?? NaN);
    this.moved = parts.map(() => when - 1);
    for (const part of parts) {
      const value = this.values[part.index]!;
      if (Number.isFinite(value)) this.set(part, value, when);
    }
  }

  /** Put controls where they are now, without playing them; NaN leaves one where it is. */
  place(values: readonly number[], when: number): void {
    for (const part of this.parts) {
      const value = Math.min(1, Math.max(0, Number(values[part.index])));
      if (!Number.isFinite(value)) continue;
      this.values[part.index] = value;
      this.set(part, value, when);
    }
  }

  /** What all controls are now: whatever has moved is played. */
  play(values: readonly number[], when: number): void {
    for (const part of this.parts) {
      const value = Math.min(1, Math.max(0, Number(values[part.index])));
      const before = this.values[part.index]!;
      if (!Number.isFinite(value) || Math.abs(value - before) < STILL) continue;
      this.values[part.index] = value;
      const force = forceOf(Number.isFinite(before) ? value - before : 0.1, when - this.moved[part.index]!);
      this.moved[part.index] = when;
      this.set(part, value, when);
      if (part.role === "pitch") this.patch.move(part, value, force, when);
    }
    for (const part of this.parts) {
      if (part.role === "note" && this.moved[part.index] === when) this.note(part, when);
    }
  }

  private note(part: Part, when: number): void {
    const velocity = velocityOf(this.parts, part.index);
    const loudness = velocity === null ? 0.7 : this.values[velocity]!;
    const { scale, root } = this.tuning;
    this.patch.note(
      part,
      playedNote(this.values[part.index]!, scale, root),
      Number.isFinite(loudness) ? loudness : 0.7,
      when,
    );
  }

  /** What shapes instead of sounding. */
  private set(part: Part, value: number, when: number): void {
    if (part.role === "space") this.section.setSpace(part.group, value, when);
    else if (part.role === "timbre" || part.role === "motion") this.patch.shape(part.role, part.group, value, when);
  }
}

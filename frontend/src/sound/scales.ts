/** Scales, and the notes that a control's way from 0 to 1 passes. Notes are MIDI numbers: 60 is C4, 69 is A4. */

import { SCALES as KNOWN } from "../protocol";

export interface Scale {
  id: string;
  name: string;
  /** Semitones above the root, from 0 up, below 12. */
  steps: readonly number[];
}

export const SCALES: readonly Scale[] = KNOWN;

export const ROOTS = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"] as const;

export const scaleOf = (id: string): Scale => SCALES.find((scale) => scale.id === id) ?? SCALES[0]!;

/** In equal temperament, A4 = 440 Hz. */
export const frequency = (note: number): number => 440 * 2 ** ((note - 69) / 12);

/** `C♯4` for 61. */
export const noteName = (note: number): string => `${ROOTS[((note % 12) + 12) % 12]}${Math.floor(note / 12) - 1}`;

/** The note of a degree; degree 0 is the root, one scale length up is the octave, below 0 goes down. `octave` 4 has C4. */
export function noteOf(scale: Scale, root: number, octave: number, degree: number): number {
  const size = scale.steps.length;
  const turns = Math.floor(degree / size);
  return 12 * (octave + 1 + turns) + root + scale.steps[degree - turns * size]!;
}

/**
 * Which of `count` equal parts of [0, 1] a value is in. One that comes from `previous` stays there until it is a
 * sixth of a part beyond the border: a control that rests on a border would trill otherwise.
 */
export function stepOf(value: number, count: number, previous: number | null = null): number {
  const place = Math.min(1, Math.max(0, value)) * count;
  if (previous !== null && place > previous - 1 / 6 && place < previous + 1 + 1 / 6)
    return Math.min(previous, count - 1);
  return Math.min(count - 1, Math.floor(place));
}

/** The note of the scale that is nearest to `note`; the lower one of two. */
export function nearest(scale: Scale, root: number, note: number): number {
  const whole = Math.round(note);
  for (let away = 0; away <= 12; away += 1) {
    for (const candidate of [whole - away, whole + away]) {
      if (scale.steps.includes((((candidate - root) % 12) + 12) % 12)) return candidate;
    }
  }
  return whole;
}

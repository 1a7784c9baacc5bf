/** The notes of a scale, and the pitch class of its root; as `impsy.mapping.scales`. Notes are MIDI numbers: 60 is C4. */

import { SCALES } from "../../protocol";
import { modulo } from "../numbers";

const NOTES = 128;
const NATURAL: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const ACCIDENTALS: Readonly<Record<string, number>> = { "": 0, "#": 1, "♯": 1, b: -1, "♭": -1 };

/** The pitch class 0-11 of a root such as `F#`, `Eb` or `a`, or of a note 0-127; null: it is none. */
export function parseRoot(root: unknown): number | null {
  if (typeof root === "number") return Number.isInteger(root) && root >= 0 && root < NOTES ? root % 12 : null;
  if (typeof root !== "string" || root === "") return null;
  const [natural, accidental] = [NATURAL[root[0]!.toUpperCase()], ACCIDENTALS[root.slice(1)]];
  return natural === undefined || accidental === undefined ? null : modulo(natural + accidental, 12);
}

/** The notes of a scale, rising; `root` is a pitch class 0-11. RangeError: there is no such scale. */
export function scaleNotes(name: string, root: number): number[] {
  const scale = SCALES.find(({ id }) => id === name);
  if (!scale)
    throw new RangeError(`there is no scale “${name}”; choose one of ${SCALES.map(({ id }) => id).join(", ")}`);
  const steps: readonly number[] = scale.steps;
  return Array.from({ length: NOTES }, (_, note) => note).filter((note) => steps.includes(modulo(note - root, 12)));
}

/** What a test loads into Node or a browser: `check`. */

import { difference } from "./difference";
import { checkClock, checkHands, checkInput, checkOutput, checkRow } from "./mapping";
import { replay } from "./replay";
import { VECTORS } from "./vectors";

interface VectorCase {
  readonly file: string;
  readonly name: string;
  readonly expected: unknown;
}

function checkVector(given: VectorCase, tolerance: number): string | null {
  const found = VECTORS[given.file]!(given as never);
  return difference(found, given.expected, tolerance, `${given.file}, ${given.name}`);
}

/** By the kind of case: what is different from what Python made, in a sentence; null: nothing. */
const CHECKS: Readonly<Record<string, (given: never, tolerance: number) => string | null>> = {
  performance: replay,
  input: checkInput,
  output: checkOutput,
  clock: checkClock,
  hands: checkHands,
  row: checkRow,
  vector: checkVector,
};

/** A sentence for each case in which something else was made. */
function check(kind: string, cases: readonly never[], tolerance: number): string[] {
  return cases.flatMap((each, number) => {
    const found = CHECKS[kind]!(each, tolerance);
    return found ? [`${kind} ${number}: ${found}`] : [];
  });
}

Object.assign(globalThis, { check });

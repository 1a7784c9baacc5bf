/** How each control may be played: limits, notes, gate, repeats; as `impsy.mapping.hands`. Values are in [0, 1]. */

import { modulo } from "../numbers";
import { WIRE } from "../tables";
import { scaleNotes } from "./scales";

/**
 * How one control is played.
 *
 * `enabled` false: it is neither heard nor played. `low`, `high`: its range. `notes`: those that it may play, rising;
 * empty: any value. `gate`: seconds after which its note ends; null: with the next one. `repeat`: seconds in which it
 * does not play the same note or step twice; 0: it may. `velocity`: the control that gives its notes their velocity,
 * and strikes them when it moves; null: there is none.
 */
export interface Hand {
  readonly name: string;
  readonly enabled: boolean;
  readonly low: number;
  readonly high: number;
  readonly notes: readonly number[];
  readonly gate: number | null;
  readonly repeat: number;
  readonly velocity: number | null;
}

/** From the value that the model wants to the one that is played. */
export type Shape = (value: number) => number;

const { STEPS } = WIRE;

/** A limit that a configuration writes as 0.5039 is not missed by a note's own rounding. */
const ROUNDING = 1e-9;

export const handOf = (given: Partial<Hand>): Hand => ({
  name: "",
  enabled: true,
  low: 0,
  high: 1,
  notes: [],
  gate: null,
  repeat: 0,
  velocity: null,
  ...given,
});

/** The value folded back at the limits, as often as it takes: as a ball between two walls. */
export function fold(value: number, low: number, high: number): number {
  if (low <= value && value <= high) return value;
  const span = high - low;
  if (span <= 0) return low;
  const way = modulo(value - low, 2 * span);
  return Math.min(high, Math.max(low, low + (way <= span ? way : 2 * span - way)));
}

/** The notes of a scale whose values, note / 127, lie within the limits; rising. */
export function notesWithin(low: number, high: number, scale = "chromatic", root = 0): number[] {
  const rounding = STEPS * ROUNDING;
  const [first, last] = [low * STEPS - rounding, high * STEPS + rounding];
  return scaleNotes(scale, root).filter((note) => first <= note && note <= last);
}

/** How many of the borders, which rise, are below the value. */
function below(borders: readonly number[], value: number): number {
  let [from, to] = [0, borders.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (borders[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/**
 * The function that keeps a control's value in its limits, and on its notes: of two notes that are equally near, the
 * lower one. Null: any value is as it should be.
 */
export function shapeOf({ low, high, notes }: Hand): Shape | null {
  if (notes.length > 0) {
    const borders = notes.slice(1).map((upper, index) => (notes[index]! + upper) / 2);
    const values = notes.map((note) => note / STEPS);
    const [first, last] = [values[0]!, values.at(-1)!];
    return (value) => values[below(borders, fold(value, first, last) * STEPS)]!;
  }
  return low === 0 && high === 1 ? null : (value) => fold(value, low, high);
}

/** The middle of a control's range: where it is before anybody has moved it. */
export function restOf(hand: Hand): number {
  const middle = (hand.low + hand.high) / 2;
  return shapeOf(hand)?.(middle) ?? middle;
}

/** The note or controller position, 0-127, that a value is. */
export const stepOf = (value: number): number => Math.trunc(value * STEPS + 0.5);

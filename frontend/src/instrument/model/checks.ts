// What is checked of a network before it is used: shapes and ranges, as `impsy.models.weights` and its neighbours do.
import type { Numbers } from "./constants";
import { ModelError } from "./errors";
import { FINEST_GRID, MOST_VALUES } from "./sizes";
import type { Fixed, GestureConstants, LandingConstants, Matrix } from "./weights";

/** Throws ModelError unless it holds. */
export function expect(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new ModelError(otherwise);
}

export function vector(what: string, numbers: Numbers, length: number): Float32Array {
  checkShape(what, numbers, [length]);
  return numbers.values;
}

export function matrix(what: string, numbers: Numbers, rows: number, columns: number): Matrix {
  checkShape(what, numbers, [rows, columns]);
  return { rows, columns, values: numbers.values };
}

function checkShape(what: string, numbers: Numbers, shape: number[]): void {
  const fits = numbers.shape.length === shape.length && shape.every((length, i) => numbers.shape[i] === length);
  expect(fits, `${what} has shape [${numbers.shape.join(", ")}], but should have [${shape.join(", ")}]`);
  expect(
    numbers.values.every(Number.isFinite),
    `${what} holds numbers that are not finite: the training of this model diverged`,
  );
}

/** Ranges of the constants, and how many there are. */
export function checkFixed(fixed: Fixed, n: number): void {
  if (fixed.architecture === "plain") {
    expect(fixed.spread > 0 && fixed.spread < Infinity, "the deviations of the network have no usable factor");
    return;
  }
  lengths(fixed, ["grid", "changeScale"], n);
  const moves =
    fixed.architecture === "gestures"
      ? fixed.direction.rows + ones(fixed.direction.values)
      : fixed.architecture === "landings"
        ? fixed.voice.length + ones(fixed.moves.values)
        : fixed.sigmaScale.length;
  lengths(fixed, ["sigmaScale", "sigmaFloor"], moves);
  expect(moves > 0, "it has no component");
  expect(
    fixed.grid.every((step) => step === 0 || step > FINEST_GRID),
    "a grid has steps that are too fine or below 0",
  );
  expect(
    all(fixed.changeScale, (scale) => scale >= 0) &&
      all(fixed.sigmaFloor, (floor) => floor >= 0) &&
      all(fixed.sigmaScale, (scale) => scale > 0),
    "a scale or a floor of the network is below 0, or a scale of sigma is 0",
  );
  if (fixed.architecture === "residual") {
    expect(moves % (n + 1) === 0, "its scales of sigma are not one for each component and number");
  } else if (fixed.architecture === "gestures") {
    checkGestures(fixed, n);
  } else {
    checkLandings(fixed, n);
  }
}

function checkGestures(fixed: GestureConstants, n: number): void {
  const { rows, columns, values } = fixed.direction;
  expect(columns === n && rows > 0, "its components do not have a direction for each control");
  lengths(fixed, ["threshold", "unit", "rest"], n);
  lengths(fixed, ["oneSided", "momentum", "continues"], rows);
  positive(fixed.threshold, fixed.unit, fixed.rest);
  expect(fixed.margin >= 0 && fixed.margin < Infinity, "the margin of components that move is below 0");
  expect(
    values.every((way) => way === -1 || way === 0 || way === 1),
    "a component's direction is −1, 0 or 1",
  );
  for (const flags of [fixed.oneSided, fixed.momentum, fixed.continues]) {
    expect(flags.every(isFlag), "what kind a component is of is 0 or 1");
  }
}

function checkLandings(fixed: LandingConstants, n: number): void {
  const voices = fixed.notes.length;
  const slots = fixed.voice.length;
  expect(fixed.moves.rows === slots && fixed.moves.columns === n, "its slots do not say what each control does");
  lengths(fixed, ["lowest", "counts"], voices);
  lengths(fixed, ["time"], slots);
  lengths(fixed, ["threshold", "rest", "apart"], n);
  positive(fixed.threshold, fixed.rest, fixed.anchors);
  expect(all(fixed.time, Number.isFinite), "a time of its slots is not finite");
  expect(fixed.moves.values.every(isFlag) && fixed.apart.every(isFlag), "what a slot moves is 0 or 1");
  for (const whole of [fixed.notes, fixed.lowest, fixed.counts, fixed.voice]) {
    expect(
      whole.every((value) => Number.isInteger(value) && Math.abs(value) <= 1 << 20),
      "the notes, their values and the voices of slots are not whole numbers",
    );
  }
  const ascending = fixed.notes.every((note, i) => note >= 0 && note < n && (!i || note > fixed.notes[i - 1]!));
  expect(voices > 0 && ascending, `the notes are not some of the ${n} controls, in their order`);
  expect(
    fixed.notes.every((note) => fixed.grid[note] !== 0 && fixed.apart[note] !== 0),
    "a note has no grid, or is not apart",
  );
  expect(
    fixed.counts.every((count) => count >= 1 && count <= MOST_VALUES),
    `a note has between 1 and ${MOST_VALUES} values`,
  );
  const order = [...fixed.voice].map((voice) => (voice === -1 ? voices : voice));
  const sorted = order.every((voice, i) => voice >= 0 && voice <= voices && (!i || voice >= order[i - 1]!));
  expect(
    sorted && fixed.notes.every((_, voice) => order.includes(voice)),
    "the slots are not first those of each note in turn, then those of none",
  );
  const twice = order.some(
    (voice, slot) => voice < voices && fixed.notes.some((i) => fixed.moves.values[slot * n + i]),
  );
  expect(!twice, "a slot that lands a note moves a note besides");
}

type Arrays<T> = { [K in keyof T]: T[K] extends Float32Array ? K : never }[keyof T];

function lengths<T>(fixed: T, names: readonly Arrays<T>[], length: number): void {
  for (const name of names) {
    const found = (fixed[name] as Float32Array).length;
    expect(found === length, `its ${String(name)} has ${found} numbers, but should have ${length}`);
  }
}

function positive(...arrays: Float32Array[]): void {
  expect(
    arrays.every((values) => all(values, (value) => value > 0)),
    "a threshold, a unit, a deviation at rest or an anchor of time is 0 or less",
  );
}

/** Whether all numbers are finite and pass. */
function all(values: Float32Array, passes: (value: number) => boolean): boolean {
  return values.every((value) => Number.isFinite(value) && passes(value));
}

function isFlag(value: number): boolean {
  return value === 0 || value === 1;
}

/** How many numbers are not 0. */
export function ones(values: Float32Array): number {
  return values.reduce((count, value) => count + (value !== 0 ? 1 : 0), 0);
}

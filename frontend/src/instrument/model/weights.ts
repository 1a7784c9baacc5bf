// A network as plain arrays: what every model file comes to. See `impsy.models.weights` and `impsy.models.architectures`
// for what the arrays mean.
import { checkFixed, expect, matrix, ones, vector } from "./checks";
import type { Numbers } from "./constants";
import { MOST_DIMENSION, MOST_PREDICTED, OCTAVE, REACH } from "./sizes";

/** Row by row; a row for each output. */
export interface Matrix {
  rows: number;
  columns: number;
  values: Float32Array;
}

/** One LSTM layer: `kernel` (4U, inputs), `recurrent` (4U, U), `bias` (4U); gates in the order i, f, c, o. */
export interface Layer {
  kernel: Matrix;
  recurrent: Matrix;
  bias: Float32Array;
}

/** What all architectures but `plain` have: see `impsy.models.architectures.Residual`. Arrays (n,) unless stated otherwise. */
export interface ResidualConstants {
  /** 0: a continuous control. */
  grid: Float32Array;
  changeScale: Float32Array;
  /** Of the numbers that the dense layer computes: (M·D,), or only the live ones, in their order. */
  sigmaScale: Float32Array;
  sigmaFloor: Float32Array;
}

/** See `impsy.models.architectures.Gestures`. */
export interface GestureConstants extends ResidualConstants {
  threshold: Float32Array;
  unit: Float32Array;
  rest: Float32Array;
  /** (M, n) */
  direction: Matrix;
  /** (M,) */
  oneSided: Float32Array;
  momentum: Float32Array;
  continues: Float32Array;
  margin: number;
}

/** See `impsy.models.landings.Landings`: n controls, C notes, S slots, T anchors. */
export interface LandingConstants extends ResidualConstants {
  /** (C,) */
  notes: Float32Array;
  lowest: Float32Array;
  counts: Float32Array;
  /** (S,) */
  voice: Float32Array;
  /** (S, n) */
  moves: Matrix;
  /** (S,) */
  time: Float32Array;
  /** (T,) */
  anchors: Float32Array;
  threshold: Float32Array;
  rest: Float32Array;
  apart: Float32Array;
}

/** What is fixed of a network before it learns, by its architecture. */
export type Fixed =
  | { architecture: "plain"; spread: number }
  | ({ architecture: "residual" } & ResidualConstants)
  | ({ architecture: "gestures" } & GestureConstants)
  | ({ architecture: "landings" } & LandingConstants);

export type Architecture = Fixed["architecture"];

/** All that makes up one trained network. */
export interface Weights {
  dimension: number;
  units: number;
  mixtures: number;
  layers: Layer[];
  /** The dense layer: a row for each number that it computes. */
  kernel: Matrix;
  bias: Float32Array;
  fixed: Fixed;
}

/** Components, numbers that the first layer hears, and outputs of the dense layer. */
export interface Counts {
  mixtures: number;
  features: number;
  outputs: number;
}

/** How many control moves (or times) each architecture computes, and what follows from it; `bias`: of the dense layer. */
export function countsOf(fixed: Fixed, dimension: number, bias: number): Counts {
  const n = dimension - 1;
  if (fixed.architecture === "plain") {
    const mixtures = Math.floor(bias / (2 * dimension + 1));
    return { mixtures, features: dimension, outputs: Math.max(1, mixtures) * (2 * dimension + 1) };
  }
  if (fixed.architecture === "residual") {
    const mixtures = fixed.sigmaScale.length / dimension;
    return { mixtures, features: 1 + 5 * n, outputs: mixtures * (2 * dimension + 1) };
  }
  if (fixed.architecture === "gestures") {
    const mixtures = fixed.direction.rows;
    const live = mixtures + ones(fixed.direction.values);
    return { mixtures, features: 2 + 7 * n, outputs: 2 * live + mixtures };
  }
  return countsOfLandings(fixed, n);
}

function countsOfLandings(fixed: LandingConstants, n: number): Counts {
  const voices = fixed.notes.length;
  const slots = fixed.voice.length;
  const values = [...fixed.counts].reduce((sum, count) => sum + count, 0);
  const ofNotes = voices * (2 * REACH + 1 + OCTAVE * (voices - 1));
  const landing = [...fixed.voice].reduce((sum, voice) => sum + (fixed.counts[voice] ?? 1), 0);
  return {
    mixtures: landing,
    features: 2 + fixed.anchors.length + ofNotes + 3 * values + 2 * OCTAVE * voices + 5 * (n - voices),
    outputs: 2 * (slots + ones(fixed.moves.values)) + slots + values + ofNotes + 2 * voices,
  };
}

/** The network of these parts; throws ModelError if shapes do not fit together, or a number is not finite. */
export function weightsOf(
  dimension: number,
  layers: readonly { kernel: Numbers; recurrent: Numbers; bias: Numbers }[],
  kernel: Numbers,
  bias: Numbers,
  fixed: Fixed,
): Weights {
  expect(dimension >= 2, `a model has dimension 2 (time and one value) or more, not ${dimension}`);
  expect(dimension <= MOST_DIMENSION, `a model has dimension ${MOST_DIMENSION} at most, not ${dimension}`);
  expect(layers.length > 0, "the network has no LSTM layer");
  checkFixed(fixed, dimension - 1);
  const units = layers[0]!.recurrent.shape[1] ?? 0;
  const counts = countsOf(fixed, dimension, bias.values.length);
  expect(counts.mixtures * (2 * dimension + 1) <= MOST_PREDICTED, "its mixture has more numbers than can be played");
  let inputs = counts.features;
  const checked = layers.map((layer, i) => {
    const result = {
      kernel: matrix(`LSTM layer ${i}: kernel`, layer.kernel, 4 * units, inputs),
      recurrent: matrix(`LSTM layer ${i}: recurrent kernel`, layer.recurrent, 4 * units, units),
      bias: vector(`LSTM layer ${i}: bias`, layer.bias, 4 * units),
    };
    inputs = units;
    return result;
  });
  const heard = fixed.architecture === "plain" ? units : units + counts.features;
  return {
    dimension,
    units,
    mixtures: counts.mixtures,
    layers: checked,
    kernel: matrix("mixture layer: kernel", kernel, counts.outputs, heard),
    bias: vector("mixture layer: bias", bias, counts.outputs),
    fixed,
  };
}

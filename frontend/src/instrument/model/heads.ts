// What a network computes before and after its LSTM layers: see `impsy.models.architectures`.
import { FINEST_GRID, SCALE_FACTOR, SIGMA_FLOOR } from "./sizes";
import type { ResidualConstants, Weights } from "./weights";

/** Within half a usual move of its end a control counts as at its end. */
const EDGE_REACH = 0.5;

/** Makes the features that the layers hear, and the mixture of what the dense layer gives. */
export interface Head {
  /** What the layers hear of the interaction `scaled` (D,), × 10; called once for each. */
  features(scaled: Float32Array, out: Float32Array): void;
  /** The mixture [mu | sigma | logits] of the dense layer's outputs. */
  mixture(dense: Float32Array, parameters: Float32Array): void;
  reset(): void;
  /** What one step leaves to the next; a copy has it too. */
  readonly carried: readonly (Float32Array | Float64Array)[];
}

/** That of a plain network. */
export class PlainHead implements Head {
  readonly carried = [];
  private readonly width: number;

  constructor(
    weights: Weights,
    private readonly spread: number,
  ) {
    this.width = weights.mixtures * weights.dimension;
  }

  features(scaled: Float32Array, out: Float32Array): void {
    out.set(scaled);
  }

  mixture(dense: Float32Array, parameters: Float32Array): void {
    parameters.set(dense);
    for (let i = this.width; i < 2 * this.width; i++) {
      parameters[i] = this.spread * (eluPlusOne(dense[i]!) + SIGMA_FLOOR);
    }
  }

  reset(): void {}
}

/** z + 1 above 0 and exp(z) below. */
export function eluPlusOne(z: number): number {
  return z > 0 ? z + 1 : Math.exp(z);
}

/** The nearest integer, halves to the even one. */
export function rint(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Between −1 and 1. */
export function sign(value: number): number {
  return Math.min(Math.max(value, -1), 1);
}

/** Where the controls stand, how they moved last, and how close they are to the ends of their ways; arrays (n,). */
export class Standing {
  readonly base: Float32Array;
  readonly move: Float32Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  private readonly last: Float32Array;
  private readonly edge: Float64Array;
  private readonly perStep: Float32Array | null;
  private readonly step: Float32Array;

  constructor(fixed: ResidualConstants) {
    const n = fixed.grid.length;
    this.base = new Float32Array(n);
    this.last = new Float32Array(n);
    this.move = new Float32Array(n);
    this.low = new Float64Array(n);
    this.high = new Float64Array(n);
    this.edge = Float64Array.from(fixed.changeScale, (scale) => scale / EDGE_REACH);
    this.step = fixed.grid.map((step) => (step === 0 ? FINEST_GRID : step));
    this.perStep = fixed.grid.some((step) => step !== 0) ? this.step.map((step) => 1 / step) : null;
  }

  /** Take in an interaction. Bases and moves are float32 all the way, so that halves are rounded alike everywhere. */
  hear(scaled: Float32Array): void {
    const { base, edge, perStep } = this;
    this.last.set(base);
    for (let i = 0; i < base.length; i++) {
      const value = scaled[i + 1]!;
      base[i] = perStep ? rint(Math.fround(value * perStep[i]!)) * this.step[i]! : value;
      this.move[i] = base[i]! - this.last[i]!;
      const near = base[i]! * edge[i]!;
      this.low[i] = Math.max(0, 1 - near);
      this.high[i] = Math.max(0, near + 1 - SCALE_FACTOR * edge[i]!);
    }
  }

  /** Where control `i` stands after this travel: it turns back at the ends. */
  after(i: number, travel: number): number {
    const [low, high] = [this.low[i]!, this.high[i]!];
    return this.base[i]! + travel * (1 - 2 * low) + Math.max(travel, 0) * 2 * (low - high);
  }

  reset(): void {
    this.base.fill(0);
  }
}

/** log(1 + 100 · max(time, 0)). */
export function logTime(time: number): number {
  return Math.log1p(100 * Math.max(time, 0));
}

/** That of a residual network. */
export class ResidualHead implements Head {
  readonly carried;
  private readonly standing: Standing;
  private readonly dimension: number;
  private readonly mixtures: number;

  constructor(
    weights: Weights,
    private readonly fixed: ResidualConstants,
  ) {
    this.standing = new Standing(fixed);
    this.carried = [this.standing.base];
    this.dimension = weights.dimension;
    this.mixtures = weights.mixtures;
  }

  features(scaled: Float32Array, out: Float32Array): void {
    const { standing } = this;
    const n = this.dimension - 1;
    standing.hear(scaled);
    out[0] = logTime(scaled[0]!);
    for (let i = 0; i < n; i++) {
      const change = Math.tanh(this.fixed.changeScale[i]! * standing.move[i]!);
      out[1 + i] = standing.base[i]!;
      out[1 + n + i] = change;
      out[1 + 2 * n + i] = change * change;
      out[1 + 3 * n + i] = standing.low[i]!;
      out[1 + 4 * n + i] = standing.high[i]!;
    }
  }

  mixture(dense: Float32Array, parameters: Float32Array): void {
    const { dimension, mixtures, fixed, standing } = this;
    const width = mixtures * dimension;
    for (let at = 0; at < width; at++) {
      const column = at % dimension;
      parameters[at] = column ? standing.after(column - 1, dense[at]!) : dense[at]!;
      const sigma = eluPlusOne(dense[width + at]!) + SIGMA_FLOOR;
      parameters[width + at] = fixed.sigmaScale[at]! * sigma + fixed.sigmaFloor[at]!;
    }
    for (let at = 2 * width; at < 2 * width + mixtures; at++) parameters[at] = dense[at]!;
  }

  reset(): void {
    this.standing.reset();
  }
}

// The scale by which a model's numbers are multiplied: 10 for almost all; see `impsy.models.scale`.
import { ModelError } from "./errors";
import { SCALE_FACTOR } from "./sizes";
import type { Weights } from "./weights";

/** Scales beyond these are mistakes; as in `impsy.models.scale`. */
export const SMALLEST = 0.01;
export const LARGEST = 10_000;

const IN_NAME = /(?<![a-z0-9])scale(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![a-z0-9])/i;

/** The scale of a model by what the file says (`note`), else by its name, else 10. Throws ModelError if it is unusable. */
export function scaleOf(note: unknown, name: string): number {
  const named = IN_NAME.exec(name)?.[1];
  const scale = typeof note === "number" ? note : named === undefined ? SCALE_FACTOR : Number(named);
  if (!(scale >= SMALLEST && scale <= LARGEST)) {
    throw new ModelError(`its scale is ${scale}, not ${SMALLEST} to ${LARGEST}`);
  }
  return scale;
}

/** The plain network of scale 10 that plays as `weights` does at `scale`. */
export function atScale10(weights: Weights, scale: number): Weights {
  const { fixed, mixtures, dimension, layers, kernel, bias } = weights;
  if (scale === SCALE_FACTOR || fixed.architecture !== "plain") return weights;
  const up = Math.fround(scale / SCALE_FACTOR);
  const means = mixtures * dimension;
  const [first, ...others] = layers;
  const smaller = (values: Float32Array, count: number): Float32Array =>
    values.map((value, i) => (i < count ? value / up : value));
  return {
    ...weights,
    layers: [
      { ...first!, kernel: { ...first!.kernel, values: first!.kernel.values.map((value) => value * up) } },
      ...others,
    ],
    kernel: { ...kernel, values: smaller(kernel.values, means * kernel.columns) },
    bias: smaller(bias, means),
    fixed: { architecture: "plain", spread: Math.fround(fixed.spread * (SCALE_FACTOR / scale)) },
  };
}

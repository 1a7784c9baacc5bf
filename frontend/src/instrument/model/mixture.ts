// The mixture of Gaussians that a network predicts, and drawing from it; as `impsy.models.mixture` and
// `impsy.models.conditional`, with the same numbers from the generator in the same order.
import { erfc } from "./erfc";
import { rint } from "./heads";
import type { Random } from "./predictor";
import { SCALE_FACTOR } from "./sizes";

/** The smallest deviation in a density, scaled space: a control that rests can have one of 1e-9. */
const FLOOR = 1e-4;

/**
 * exp((logit − largest) / temperature) for each component: softmax but for its sum. A temperature of 0 or less (or NaN)
 * is the limit towards 0. Logits that are NaN or +infinity, or all −infinity, give NaN everywhere.
 */
export function componentWeights(logits: ArrayLike<number>, temperature: number): number[] {
  const found = Array.from(logits);
  const top = found.reduce((most, logit) => Math.max(most, logit), -Infinity);
  if (!Number.isFinite(top)) return found.fill(NaN);
  if (!(temperature > 0)) {
    const first = found.indexOf(top);
    return found.map((_, k) => (k === first ? 1 : 0));
  }
  return found.map((logit) => Math.exp((logit - top) / temperature));
}

/** The first component whose cumulative probability reaches `uniform` in [0, 1). */
export function choose(weights: readonly number[], uniform: number): number {
  let left = uniform * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (left -= weight) <= 0);
  return found < 0 ? weights.length - 1 : found;
}

/** Draws from the mixture that stands in `parameters` (M(2D+1),) at that moment. */
export class MixtureSampler {
  private readonly mixtures: number;
  private readonly width: number;
  private readonly spread: number;

  /**
   * `densityTemperature`: a factor on the variances at which the densities hold. `grid`: the steps on which the
   * network hears each control (n,), scaled space; 0: none. Given values count there.
   */
  constructor(
    private readonly parameters: Float32Array,
    private readonly dimension: number,
    densityTemperature = 1,
    private readonly grid: Float32Array | null = null,
  ) {
    this.mixtures = parameters.length / (2 * dimension + 1);
    this.width = this.mixtures * dimension;
    this.spread = Math.sqrt(densityTemperature);
  }

  /**
   * One interaction `[dt, x_1 …]` (seconds, then about [0, 1]; not clipped); `given` values stand in it as they are.
   * Takes exactly D + 1 normal numbers: the first, by its own distribution function, is the uniform that chooses the
   * component. A `sigmaTemperature` of 0 or less gives the component's mean. NaN in, NaN out.
   */
  draw(
    random: Random,
    piTemperature: number,
    sigmaTemperature: number,
    given: ReadonlyMap<number, number> | null = null,
  ): number[] {
    const uniform = 0.5 * erfc(-random.normal() * Math.SQRT1_2);
    const noise = Array.from({ length: this.dimension }, () => random.normal());
    const weights =
      given?.size && piTemperature > 0
        ? this.weightsGiven(piTemperature, given)
        : componentWeights(this.parameters.subarray(2 * this.width), piTemperature);
    if (Number.isNaN(weights[0])) return noise.fill(NaN);
    const row = choose(weights, uniform) * this.dimension;
    const spread = sigmaTemperature > 0 ? Math.sqrt(sigmaTemperature) : 0;
    const drawn = noise.map(
      (normal, i) =>
        (this.parameters[row + i]! + this.parameters[this.width + row + i]! * spread * normal) / SCALE_FACTOR,
    );
    given?.forEach((value, control) => (drawn[control + 1] = value));
    return drawn;
  }

  /** What each component (M,) weighs given the values of these controls, the largest weight being 1; or all NaN. */
  weightsGiven(temperature: number, given: ReadonlyMap<number, number>): number[] {
    const totals = Array.from(this.parameters.subarray(2 * this.width), (logit) => logit / temperature);
    for (const [control, value] of given) {
      const scaled = this.onGrid(control, value);
      for (let k = 0; k < this.mixtures; k++) totals[k]! += this.density(k * this.dimension + control + 1, scaled);
    }
    const highest = totals.reduce((most, total) => Math.max(most, total), -Infinity);
    if (!Number.isFinite(highest)) return totals.fill(NaN);
    return totals.map((total) => Math.exp(total - highest));
  }

  /** The logarithm of the density of one number, but for a constant. */
  private density(place: number, value: number): number {
    const deviation = Math.max(this.parameters[this.width + place]! * this.spread, FLOOR);
    const distance = (value - this.parameters[place]!) / deviation;
    return -0.5 * distance * distance - Math.log(deviation);
  }

  private onGrid(control: number, value: number): number {
    const scaled = SCALE_FACTOR * value;
    const step = this.grid?.[control];
    return step ? rint(scaled / step) * step : scaled;
  }
}

// Predicting by a network of ours.
import { asObject } from "./constants";
import { MixtureSampler } from "./mixture";
import { compiled, type Compiled, Network, type NetworkState } from "./network";
import type { Predictor, Random } from "./predictor";
import type { Weights } from "./weights";

/** What is known of a model besides what it predicts. */
export interface Description {
  architecture: string;
  /** The facts in its file: `made_by`, `created`, `trained_on`, `figures`, `calibrated`. */
  facts: Readonly<Record<string, unknown>>;
  layers: number;
  /** Units of each layer. */
  units: number;
  /** Components of the mixture. */
  mixtures: number;
}

interface State {
  heard: boolean;
  network: NetworkState;
}

/** As `impsy.models.predictor.NumPyPredictor`. */
export class NetworkPredictor implements Predictor {
  readonly dimension: number;
  readonly densityTemperature: number;
  readonly description: Description;
  private readonly network: Network;
  private readonly sampler: MixtureSampler;
  private heard = false;

  private constructor(
    private readonly shared: Compiled,
    facts: Readonly<Record<string, unknown>>,
  ) {
    const { weights } = shared;
    const { fixed } = weights;
    this.dimension = weights.dimension;
    this.densityTemperature = densityTemperature(facts);
    this.description = {
      architecture: fixed.architecture,
      facts,
      layers: weights.layers.length,
      units: weights.units,
      mixtures: weights.mixtures,
    };
    this.network = new Network(shared);
    const grid = fixed.architecture === "plain" ? null : fixed.grid;
    this.sampler = new MixtureSampler(this.network.parameters, weights.dimension, this.densityTemperature, grid);
  }

  static of(weights: Weights, facts: Readonly<Record<string, unknown>> = {}): NetworkPredictor {
    return new NetworkPredictor(compiled(weights), facts);
  }

  hear(vector: readonly number[]): void {
    if (vector.length !== this.dimension) {
      throw new RangeError(`an interaction has ${this.dimension} numbers here, not ${vector.length}`);
    }
    this.network.hear(vector);
    this.heard = true;
  }

  sample(random: Random, piTemperature: number, sigmaTemperature: number): number[] {
    this.begin();
    return this.sampler.draw(random, piTemperature, sigmaTemperature);
  }

  sampleGiven(
    random: Random,
    piTemperature: number,
    sigmaTemperature: number,
    given: ReadonlyMap<number, number>,
  ): number[] {
    this.begin();
    return this.sampler.draw(random, piTemperature, sigmaTemperature, given);
  }

  weightsGiven(piTemperature: number, given: ReadonlyMap<number, number>): number[] {
    return this.sampler.weightsGiven(piTemperature, given);
  }

  mixture(): Float32Array {
    return this.network.parameters.slice();
  }

  reset(): void {
    this.network.reset();
    this.heard = false;
  }

  save(): State {
    return { heard: this.heard, network: this.network.save() };
  }

  twin(): NetworkPredictor {
    return new NetworkPredictor(this.shared, this.description.facts);
  }

  restore(state: State): void {
    this.heard = state.heard;
    this.network.restore(state.network);
  }

  /** Hear a neutral interaction where nothing was heard. */
  private begin(): void {
    if (!this.heard) this.hear([0, ...new Array<number>(this.dimension - 1).fill(0.5)]);
  }
}

/** The sigma temperature at which the densities of a model with these facts hold; as `impsy.models.calibration`. */
function densityTemperature(facts: Readonly<Record<string, unknown>>): number {
  const { sigmatemp, pitemp } = asObject(facts.calibrated);
  const usable = (value: unknown): value is number => typeof value === "number" && value > 0 && value < Infinity;
  return usable(sigmatemp) && usable(pitemp) ? sigmatemp : 1;
}

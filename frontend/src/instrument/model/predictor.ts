// What every model that predicts offers the engine; as `impsy.models.predictor.MixturePredictor`.

/** The only source of randomness. */
export interface Random {
  /** A number in [0, 1). */
  uniform(): number;
  /** A standard normal number. */
  normal(): number;
}

/** A network with its recurrent state, and drawing from the mixture that it predicts. */
export interface Predictor {
  /** The length D of an interaction vector, time included. */
  readonly dimension: number;

  /** The sigma temperature at which the densities of the mixture hold; 1 unless the model's file says another. */
  readonly densityTemperature: number;

  /** Advance by one interaction `[dt, x_1 …]` (seconds, then [0, 1]; length D; not scaled). RangeError if the length is wrong. */
  hear(vector: readonly number[]): void;

  /**
   * Draw the next interaction, given all that was heard; not clipped. Before anything was heard (or after a reset) the
   * network first hears a neutral interaction: dt 0, every value 0.5.
   */
  sample(random: Random, piTemperature: number, sigmaTemperature: number): number[];

  /** As `sample`, but that these controls (from 0) have these values, and the others go with them. */
  sampleGiven(
    random: Random,
    piTemperature: number,
    sigmaTemperature: number,
    given: ReadonlyMap<number, number>,
  ): number[];

  /**
   * What each component weighs given these values (one at least), the largest weight being 1; NaN everywhere where the
   * predicted numbers give none. `piTemperature` is above 0.
   */
  weightsGiven(piTemperature: number, given: ReadonlyMap<number, number>): number[];

  /** A copy of the predicted vector `[mu (M·D) | sigma (M·D) | logits (M)]`, scaled space. */
  mixture(): Float32Array;

  /** Forget all that was heard: the recurrent state becomes zero. */
  reset(): void;

  /** What `restore` takes. */
  save(): unknown;

  /** Another predictor of the same weights, which may be used beside this one; its state is that after a reset. */
  twin(): Predictor;

  /** Go on from what another predictor of the same weights has saved. */
  restore(state: unknown): void;
}

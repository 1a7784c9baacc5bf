/** Random numbers and predictions that Python and TypeScript make alike; as `tests/frontend/given_numbers.py`. */

import type { Predictor } from "../../src/instrument/model/predictor";
import type { ForkableRandom } from "../../src/instrument/random";

const [MODULUS, FACTOR, INCREMENT, NORMAL_TERMS] = [2 ** 32, 1664525, 1013904223, 12];

export class GivenNumbers implements ForkableRandom {
  constructor(private state: number) {}

  fork(): GivenNumbers {
    return new GivenNumbers(this.state);
  }

  uniform(): number {
    this.state = (Math.imul(FACTOR, this.state) + INCREMENT) >>> 0;
    return this.state / MODULUS;
  }

  normal(): number {
    let sum = 0;
    for (let i = 0; i < NORMAL_TERMS; i += 1) sum += this.uniform();
    return sum - NORMAL_TERMS / 2;
  }
}

/** Predicts the given vectors, around and around, each with some noise; null in one stands for NaN. */
export class ScriptedPredictor implements Predictor {
  readonly densityTemperature = 1;
  readonly heard: (readonly number[])[] = [];
  private next = 0;

  constructor(private readonly predictions: readonly (readonly (number | null)[])[]) {}

  get dimension(): number {
    return this.predictions[0]!.length;
  }

  hear(vector: readonly number[]): void {
    this.heard.push(vector);
  }

  sample(random: GivenNumbers, piTemperature: number, sigmaTemperature: number): number[] {
    const values = this.predictions[this.next % this.predictions.length]!;
    this.next += 1;
    const noise = values.map(() => sigmaTemperature * (random.normal() + piTemperature));
    return values.map((value, i) => (value === null ? Number.NaN : value + noise[i]!));
  }

  sampleGiven(random: GivenNumbers, pi: number, sigma: number, given: ReadonlyMap<number, number>): number[] {
    const drawn = this.sample(random, pi, sigma);
    for (const [control, value] of given) drawn[control + 1] = value;
    return drawn;
  }

  weightsGiven(): number[] {
    return [1];
  }

  mixture(): Float32Array {
    return new Float32Array();
  }

  reset(): void {
    this.next = 0;
  }

  save(): unknown {
    return this.next;
  }

  twin(): ScriptedPredictor {
    return new ScriptedPredictor(this.predictions);
  }

  restore(state: unknown): void {
    this.next = state as number;
  }
}

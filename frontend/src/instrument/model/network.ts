// A network with its recurrent state, one interaction at a time.
import { GestureHead } from "./gestures";
import { type Head, PlainHead, ResidualHead } from "./heads";
import { LandingHead } from "./landings";
import { makeProducts, type Product } from "./product";
import { SCALE_FACTOR } from "./sizes";
import type { Weights } from "./weights";

/** What every network of the same weights shares. */
export interface Compiled {
  weights: Weights;
  /** Of each layer, whose gates are side by side, and of the dense layer. */
  products: Product[];
}

/** What a network has after hearing: states of layers, what its head carries, and the mixture. */
export type NetworkState = readonly (Float32Array | Float64Array)[];

/** Lay out the weights for computing. */
export function compiled(weights: Weights): Compiled {
  const factors = weights.layers.map(({ kernel, recurrent, bias }) => ({ parts: [kernel, recurrent], bias }));
  return { weights, products: makeProducts([...factors, { parts: [weights.kernel], bias: weights.bias }]) };
}

export class Network {
  /** The mixture [mu | sigma | logits] after what was heard last, scaled space; the next `hear` writes over it. */
  readonly parameters: Float32Array;
  private readonly head: Head;
  private readonly scaled: Float32Array;
  private readonly outputs: Float32Array[];
  private readonly cells: Float64Array[];
  private readonly carried: (Float32Array | Float64Array)[];

  constructor(private readonly compiled: Compiled) {
    const { dimension, mixtures, units, layers } = compiled.weights;
    this.head = headOf(compiled.weights);
    this.scaled = new Float32Array(dimension);
    this.parameters = new Float32Array(mixtures * (2 * dimension + 1));
    this.outputs = layers.map(() => new Float32Array(units));
    this.cells = layers.map(() => new Float64Array(units));
    this.carried = [this.parameters, ...this.outputs, ...this.cells, ...this.head.carried];
  }

  /** Advance by one interaction (D,): seconds, then values in [0, 1]. */
  hear(vector: readonly number[]): void {
    const { weights, products } = this.compiled;
    const count = this.outputs.length;
    const dense = products[count]!;
    for (let i = 0; i < vector.length; i++) this.scaled[i] = SCALE_FACTOR * vector[i]!;
    const first = products[0]!.input;
    const features = weights.layers[0]!.kernel.columns;
    this.head.features(this.scaled, first);
    for (let j = weights.units; j < dense.input.length; j++) dense.input[j] = first[j - weights.units]!;
    for (let i = 0; i < count; i++) {
      const { input, output } = products[i]!;
      const own = this.outputs[i]!;
      if (i > 0) input.set(this.outputs[i - 1]!);
      input.set(own, i > 0 ? weights.units : features);
      products[i]!.run();
      step(output, this.cells[i]!, own);
    }
    dense.input.set(this.outputs[count - 1]!);
    dense.run();
    this.head.mixture(dense.output, this.parameters);
  }

  /** Every state becomes zero. */
  reset(): void {
    for (const state of [...this.outputs, ...this.cells]) state.fill(0);
    this.head.reset();
  }

  save(): NetworkState {
    return this.carried.map((array) => array.slice());
  }

  restore(state: NetworkState): void {
    this.carried.forEach((array, i) => array.set(state[i]!));
  }
}

function headOf(weights: Weights): Head {
  const { fixed } = weights;
  switch (fixed.architecture) {
    case "plain":
      return new PlainHead(weights, fixed.spread);
    case "residual":
      return new ResidualHead(weights, fixed);
    case "gestures":
      return new GestureHead(weights, fixed);
    case "landings":
      return new LandingHead(weights, fixed);
  }
}

/** The gates i, f, c, o (4U,) become the new cell and output (Hochreiter & Schmidhuber 1997, with forget gates). */
function step(gates: Float32Array, cell: Float64Array, output: Float32Array): void {
  const units = cell.length;
  for (let u = 0; u < units; u++) {
    const candidate = tanh(gates[2 * units + u]!);
    const kept = sigmoid(gates[units + u]!) * cell[u]! + sigmoid(gates[u]!) * candidate;
    cell[u] = kept;
    output[u] = sigmoid(gates[3 * units + u]!) * tanh(kept);
  }
}

function sigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** By exp: a third of the time of Math.tanh, with an error below 1e-15. */
function tanh(z: number): number {
  return 1 - 2 / (1 + Math.exp(2 * z));
}

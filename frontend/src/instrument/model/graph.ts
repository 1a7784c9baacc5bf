// A graph of a `.tflite` file, indexed by what its operators make and take, and its sums of products.
import { Constants, type Numbers } from "./constants";
import { ModelError } from "./errors";
import { type Graph, Op, type Operator, type Tensor } from "./schema";

/** How far an expression is followed; hostile graphs may go round in circles. */
const DEPTH = 24;
/** How many parts the expressions of one graph may have, looked at one by one; each gate has about five. */
const EXPRESSIONS = 1000;
/** Operators that, for one step of one sequence, only say how the same numbers lie. */
const SHAPE_ONLY: ReadonlySet<number> = new Set([
  Op.RESHAPE,
  Op.SQUEEZE,
  Op.EXPAND_DIMS,
  Op.TRANSPOSE,
  Op.STRIDED_SLICE,
  Op.SLICE,
  Op.GATHER,
  Op.UNPACK,
  Op.CUSTOM, // TensorFlow's lists of one element
]);

/** One product of a sum: the matrix (outputs, inputs) and the tensor that it is multiplied by. */
export interface Term {
  weights: Numbers;
  source: number;
}

/** A sum of products and a bias. */
export interface Affine {
  terms: Term[];
  bias: Float32Array | null;
}

/** A graph with its operators indexed. */
export class IndexedGraph {
  private readonly producers = new Map<number, Operator>();
  private readonly takers = new Map<number, Operator[]>();
  private expressions = EXPRESSIONS;

  constructor(
    readonly graph: Graph,
    private readonly constants: Constants,
  ) {
    for (const operator of graph.operators) {
      for (const tensor of operator.outputs) this.producers.set(tensor, operator);
      for (const tensor of new Set(operator.inputs)) {
        const found = this.takers.get(tensor);
        if (found) found.push(operator);
        else this.takers.set(tensor, [operator]);
      }
    }
  }

  producer(index: number): Operator | undefined {
    return this.producers.get(index);
  }

  consumers(index: number): Operator[] {
    return this.takers.get(index) ?? [];
  }

  tensor(index: number): Tensor {
    const tensor = this.graph.tensors[index];
    if (!tensor) throw new ModelError("an operation in it refers to a tensor that is not there (damaged)");
    return tensor;
  }

  /** The value of a constant tensor of weights, dequantised; null if it is not one. */
  constant(index: number): Numbers | null {
    let maker = this.producer(index);
    if (maker?.code === Op.DEQUANTIZE && maker.inputs.length === 1) {
      index = maker.inputs[0]!;
      maker = this.producer(index);
    }
    return maker ? null : this.constants.of(this.tensor(index));
  }

  /** Tensor `index` as a sum of products with constant matrices and of constants. */
  affine(index: number, depth = DEPTH): Affine {
    this.expressions -= 1;
    if (depth === 0 || this.expressions < 0) throw new ModelError("an expression in it is too long");
    const constant = this.constant(index);
    if (constant) return { terms: [], bias: constant.values };
    const operator = this.producer(index);
    if (operator?.inputs.length && operator.activation === 0) {
      const [first, second] = operator.inputs as [number, number?];
      if (operator.code === Op.FULLY_CONNECTED && second !== undefined) return this.fullyConnected(operator);
      if (operator.code === Op.ADD && operator.inputs.length === 2) {
        const left = this.affine(first, depth - 1);
        const right = this.affine(second!, depth - 1);
        return { terms: [...left.terms, ...right.terms], bias: sumOf(left.bias, right.bias) };
      }
      if (operator.code === Op.RESHAPE || operator.code === Op.SQUEEZE) return this.affine(first, depth - 1);
      if (operator.code === Op.SPLIT_V) {
        const widths = operator.outputs.map((output) => this.tensor(output).shape.at(-1) ?? 0);
        const position = operator.outputs.indexOf(index);
        const start = widths.slice(0, position).reduce((sum, width) => sum + width, 0);
        return rowsOf(this.affine(first, depth - 1), start, widths[position]!);
      }
    }
    throw new ModelError("a gate in it is not a sum of products");
  }

  /** The tensor that `index` is a mere rearrangement of. */
  origin(index: number): number {
    for (let step = 0; step < DEPTH; step++) {
      const operator = this.producer(index);
      if (!operator || !SHAPE_ONLY.has(operator.code) || !operator.inputs.length) break;
      index = operator.inputs[0]!;
    }
    return index;
  }

  /** The output of the operator `code` (without activation) that takes exactly `inputs`, in any order. */
  sole(code: number, ...inputs: [number, ...number[]]): number | null {
    const wanted = sorted(inputs);
    const found = this.consumers(inputs[0]).find(
      (operator) =>
        operator.code === code &&
        operator.activation === 0 &&
        operator.inputs.length === inputs.length &&
        operator.outputs.length > 0 &&
        sorted(operator.inputs) === wanted,
    );
    return found?.outputs[0] ?? null;
  }

  private fullyConnected(operator: Operator): Affine {
    const [source, matrix, last = -1] = operator.inputs as [number, number, number?];
    const weights = this.constant(matrix);
    const bias = last >= 0 ? this.constant(last) : null;
    if (weights?.shape.length !== 2 || (last >= 0 && !bias)) {
      throw new ModelError("a product in it is not with constant weights");
    }
    return { terms: [{ weights, source }], bias: bias?.values ?? null };
  }
}

function sorted(numbers: number[]): string {
  return [...numbers].sort((a, b) => a - b).join();
}

function sumOf(left: Float32Array | null, right: Float32Array | null): Float32Array | null {
  if (!left || !right) return left ?? right;
  if (left.length !== right.length && left.length !== 1 && right.length !== 1) {
    throw new ModelError("it adds biases of different lengths");
  }
  const [longer, shorter] = left.length >= right.length ? [left, right] : [right, left];
  return longer.map((value, i) => value + shorter[shorter.length === 1 ? 0 : i]!);
}

/** The same for `count` of the outputs from `first` on. */
function rowsOf(affine: Affine, first: number, count: number): Affine {
  const terms = affine.terms.map(({ weights, source }) => {
    const [rows, columns] = weights.shape as [number, number];
    if (first < 0 || count < 0 || rows < first + count) {
      throw new ModelError("a split in it is wider than what it splits");
    }
    const values = weights.values.subarray(first * columns, (first + count) * columns);
    return { weights: { shape: [count, columns], values }, source };
  });
  const { bias } = affine;
  return { terms, bias: !bias || bias.length === 1 ? bias : bias.subarray(first, first + count) };
}

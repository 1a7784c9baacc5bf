// Finding a plain network inside a `.tflite` file by its arithmetic; as `impsy.models.tflite.read`, which says why.
import { Constants, type Numbers } from "./constants";
import { ModelError } from "./errors";
import { type Affine, IndexedGraph } from "./graph";
import { Op, type Operator, type TfliteFile } from "./schema";
import { SIGMA_FLOOR } from "./sizes";
import { type Weights, weightsOf } from "./weights";

/** How many operators a file may have that is searched for a network; released 3-layer models have about 150. */
const OPERATORS = 2000;

/** An LSTM cell as found: positions are tensors of `graph`; `loop` is the WHILE that it is the body of. */
interface Cell {
  graph: IndexedGraph;
  gates: Affine;
  state: number;
  output: number;
  loop: Operator | null;
}

/** The network in a `.tflite` file that does not say what it is; throws ModelError if none can be recognised. */
export function findNetwork(file: TfliteFile, constants: Constants): Weights {
  const first = file.graphs[0];
  if (!first) throw new ModelError("it holds no graph");
  if (file.graphs.reduce((sum, graph) => sum + graph.operators.length, 0) > OPERATORS) {
    throw new ModelError("it is far more complex than such a network");
  }
  const main = new IndexedGraph(first, constants);
  const cells = findCells(file, main, constants);
  const last = cells.at(-1);
  if (!last) throw new ModelError("no LSTM layer can be recognised in it");
  const { kernel, bias, dimension, spread } = findMixture(main, last);
  const layers = cells.map((cell, i) => layerOf(main, cells[i - 1] ?? null, cell));
  return weightsOf(dimension, layers, kernel, bias, { architecture: "plain", spread });
}

/** All LSTM cells, in the order in which the main graph runs them. */
function findCells(file: TfliteFile, main: IndexedGraph, constants: Constants): Cell[] {
  const cells: (Cell | null)[] = [];
  for (const operator of main.graph.operators) {
    if (operator.code === Op.SPLIT) {
      cells.push(matchCell(main, operator, null));
    } else if (operator.code === Op.WHILE) {
      const graph = operator.body > 0 ? file.graphs[operator.body] : undefined;
      if (!graph) throw new ModelError("a loop in it has no body (damaged)");
      const body = new IndexedGraph(graph, constants);
      const splits = graph.operators.filter((inner) => inner.code === Op.SPLIT);
      cells.push(...splits.map((split) => matchCell(body, split, operator)));
    }
  }
  return cells.filter((cell) => cell !== null);
}

/** The cell whose gates `split` separates; null if what becomes of them is not an LSTM's arithmetic. */
function matchCell(graph: IndexedGraph, split: Operator, loop: Operator | null): Cell | null {
  if (split.outputs.length !== 4 || split.inputs.length !== 2) return null;
  const activations = [Op.LOGISTIC, Op.LOGISTIC, Op.TANH, Op.LOGISTIC];
  const [i, f, g, o] = activations.map((code, gate) => graph.sole(code, split.outputs[gate]!)) as (number | null)[];
  if (i == null || f == null || g == null || o == null) return null;
  const written = graph.sole(Op.MUL, i, g);
  if (written === null) return null;
  for (const operator of graph.consumers(f)) {
    if (operator.inputs.length !== 2) continue;
    const [left, right] = operator.inputs as [number, number];
    const before = left === f ? right : left;
    const kept = graph.sole(Op.MUL, f, before);
    const state = kept === null ? null : graph.sole(Op.ADD, kept, written);
    const squashed = state === null ? null : graph.sole(Op.TANH, state);
    const output = squashed === null ? null : graph.sole(Op.MUL, o, squashed);
    if (output !== null) {
      return { graph, gates: graph.affine(split.inputs[1]!), state: before, output, loop };
    }
  }
  return null;
}

/** The tensor of the main graph that the cell's tensor `index` comes from. */
function outside(main: IndexedGraph, cell: Cell, index: number): number {
  const origin = cell.graph.origin(index);
  if (!cell.loop) return origin;
  const outer = cell.loop.inputs[cell.graph.graph.inputs.indexOf(origin)];
  if (outer === undefined) {
    throw new ModelError("a loop in it reads something else than its state and its input");
  }
  return main.origin(outer);
}

/** Whether the main graph's tensor `index` is what `cell` gives. */
function isOutputOf(main: IndexedGraph, cell: Cell, index: number): boolean {
  const origin = main.origin(index);
  return cell.loop ? cell.loop.outputs.includes(origin) : origin === cell.output;
}

/** The cell's weights; the recurrent product is the one whose input is a state. */
function layerOf(
  main: IndexedGraph,
  previous: Cell | null,
  cell: Cell,
): { kernel: Numbers; recurrent: Numbers; bias: Numbers } {
  const terms = new Map(cell.gates.terms.map((term) => [outside(main, cell, term.source), term.weights]));
  if (cell.gates.terms.length !== 2 || terms.size !== 2) {
    throw new ModelError("an LSTM cell in it is not fed by its input and its state alone");
  }
  const inputs = main.graph.inputs;
  const feeds = (index: number): boolean =>
    previous ? isOutputOf(main, previous, index) : inputs.includes(index) && main.tensor(index).shape.length === 3;
  const fed = [...terms.keys()].filter(feeds);
  const states = [...terms.keys()].filter((index) => inputs.includes(index) && !fed.includes(index));
  if (fed.length !== 1 || states.length !== 1 || !inputs.includes(outside(main, cell, cell.state))) {
    throw new ModelError("its LSTM layers are not stacked one on another");
  }
  const kernel = terms.get(fed[0]!)!;
  const bias = cell.gates.bias ?? new Float32Array(kernel.shape[0]!);
  return { kernel, recurrent: terms.get(states[0]!)!, bias: { shape: [bias.length], values: bias } };
}

/** The dense layer behind the mixture's parameters, the dimension D, and what multiplies the sigmas. */
function findMixture(
  main: IndexedGraph,
  last: Cell,
): { kernel: Numbers; bias: Numbers; dimension: number; spread: number } {
  const joined = main.graph.outputs
    .map((index) => main.producer(index))
    .find((operator) => operator?.code === Op.CONCATENATION && operator.inputs.length === 3);
  if (!joined) throw new ModelError("no mixture of Gaussians can be recognised among its outputs");
  const [mu, wide, logits] = joined.inputs as [number, number, number];
  const { sigma, spread } = withoutSpread(main, wide);
  const parts = [mu, beforeElu(main, sigma), logits].map((index) => main.affine(index));
  const products = parts.map(({ terms: [term, ...more], bias }) => {
    if (!term || more.length || !isOutputOf(main, last, term.source)) {
      throw new ModelError("its mixture is not computed from the last LSTM layer");
    }
    const [rows, columns] = term.weights.shape as [number, number];
    return { rows, columns, values: term.weights.values, bias: bias ?? new Float32Array(rows) };
  });
  const [means, deviations, components] = products.map(({ rows }) => rows) as [number, number, number];
  const columns = products[0]!.columns;
  if (means !== deviations || !components || means % components || products.some((part) => part.columns !== columns)) {
    throw new ModelError(`its outputs have widths ${means}, ${deviations} and ${components}, which no mixture has`);
  }
  const bias = sideBySide(products.map((part) => part.bias));
  return {
    kernel: { shape: [2 * means + components, columns], values: sideBySide(products.map((part) => part.values)) },
    bias: { shape: [bias.length], values: bias },
    dimension: means / components,
    spread,
  };
}

function sideBySide(parts: Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The two inputs of a sum or product, in both orders. */
function pairs(operator: Operator | undefined, code: number): [number, number][] {
  if (operator?.code !== code || operator.inputs.length !== 2) return [];
  const [left, right] = operator.inputs as [number, number];
  return [
    [left, right],
    [right, left],
  ];
}

/** Sigma and its factor where one number multiplies all of it, else as it is. */
function withoutSpread(main: IndexedGraph, sigma: number): { sigma: number; spread: number } {
  const product = main.producer(sigma);
  for (const [value, constant] of pairs(product, Op.MUL)) {
    const factor = main.constant(constant);
    if (factor?.values.length === 1 && product!.activation === 0) return { sigma: value, spread: factor.values[0]! };
  }
  return { sigma, spread: 1 };
}

/** z, where `sigma` = elu(z) + 1 + 1e-7. */
function beforeElu(main: IndexedGraph, sigma: number): number {
  for (const [value, constant] of pairs(main.producer(sigma), Op.ADD)) {
    const offset = main.constant(constant);
    const elu = main.producer(value);
    const matches = offset?.values.every((each) => Math.abs(each - 1 - SIGMA_FLOOR) < 1e-6);
    if (matches && elu?.code === Op.ELU && elu.inputs.length) return elu.inputs[0]!;
  }
  throw new ModelError("its sigmas are not elu(z) + 1 + 1e-7");
}

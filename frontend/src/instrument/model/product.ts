// Products of matrices with vectors: by WebAssembly where the browser has it, else by JavaScript. A page whose policy
// says which scripts may run has to allow it: `script-src 'wasm-unsafe-eval'`.
import { productCode, TOGETHER } from "./product-code";
import type { Matrix } from "./weights";

/** `output` = the matrix · `input` + the bias, when it runs. The arrays are written over by whoever uses it next. */
export interface Product {
  readonly input: Float32Array;
  /** As many numbers as the matrix has rows. */
  readonly output: Float32Array;
  run(): void;
}

/** What is multiplied: matrices side by side, with equally many rows, and what is added. */
export interface Factor {
  parts: Matrix[];
  bias: Float32Array;
}

type Code = (matrix: number, input: number, output: number, inputEnd: number, outputEnd: number) => void;

const PAGE = 1 << 16;

/** A product for each of the factors. `plain`: by JavaScript in any case. */
export function makeProducts(factors: readonly Factor[], plain = false): Product[] {
  const shapes = factors.map(shapeOf);
  const numbers = shapes.reduce((sum, shape) => sum + shape.whole, 0);
  const memory = plain ? null : makeMemory(4 * numbers);
  const code = memory && makeCode(memory);
  const buffer = code ? memory.buffer : new ArrayBuffer(4 * numbers);
  let at = 0;
  return factors.map((factor, i) => {
    const shape = shapes[i]!;
    const place = (length: number): Float32Array => {
      const array = new Float32Array(buffer, at, length);
      at += 4 * length;
      return array;
    };
    const matrix = place(shape.matrix);
    fill(matrix, factor, shape);
    const input = place(shape.padded);
    const output = place(shape.rows);
    const run = code
      ? inMemory(code, matrix, input, output, shape.columns)
      : () => multiply(matrix, input, output, shape);
    const { rows } = factor.parts[0]!;
    return { input: input.subarray(0, shape.columns), output: output.subarray(0, rows), run };
  });
}

interface Shape {
  /** Rounded up to whole blocks. */
  rows: number;
  columns: number;
  /** Columns, rounded up so that all arrays begin at a multiple of 16 bytes. */
  padded: number;
  matrix: number;
  whole: number;
}

function shapeOf({ parts }: Factor): Shape {
  const rows = TOGETHER * Math.ceil(parts[0]!.rows / TOGETHER);
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const padded = 4 * Math.ceil(columns / 4);
  const matrix = rows * (columns + 1);
  return { rows, columns, padded, matrix, whole: matrix + padded + rows };
}

/** Blocks of rows, each with its bias and then column by column. */
function fill(matrix: Float32Array, { parts, bias }: Factor, { columns }: Shape): void {
  const place = (row: number, column: number): number =>
    Math.floor(row / TOGETHER) * TOGETHER * (columns + 1) + TOGETHER * column + (row % TOGETHER);
  bias.forEach((value, row) => (matrix[place(row, 0)] = value));
  let first = 1;
  for (const part of parts) {
    part.values.forEach((value, i) => {
      matrix[place(Math.floor(i / part.columns), first + (i % part.columns))] = value;
    });
    first += part.columns;
  }
}

/** Memory of so many bytes; null if there is no WebAssembly, or no room. */
function makeMemory(bytes: number): WebAssembly.Memory | null {
  const pages = Math.ceil(bytes / PAGE);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch {
    return null;
  }
}

/** The compiled code; null where the browser has no SIMD, or the page may not compile. */
function makeCode(memory: WebAssembly.Memory): Code | null {
  try {
    const module = new WebAssembly.Module(productCode());
    return new WebAssembly.Instance(module, { env: { memory } }).exports.product as Code;
  } catch {
    return null;
  }
}

function inMemory(
  code: Code,
  matrix: Float32Array,
  input: Float32Array,
  output: Float32Array,
  columns: number,
): () => void {
  const [from, to] = [input.byteOffset, output.byteOffset];
  return () => code(matrix.byteOffset, from, to, from + 4 * columns, to + output.byteLength);
}

/** The same as the code, by JavaScript, eight rows together; sums are float64. */
function multiply(matrix: Float32Array, input: Float32Array, output: Float32Array, { rows, columns }: Shape): void {
  const block = TOGETHER * (columns + 1);
  for (let row = 0; row < rows; row += 8) {
    let at = Math.floor(row / TOGETHER) * block + (row % TOGETHER);
    let [a, b, c, d] = [matrix[at]!, matrix[at + 1]!, matrix[at + 2]!, matrix[at + 3]!];
    let [e, f, g, h] = [matrix[at + 4]!, matrix[at + 5]!, matrix[at + 6]!, matrix[at + 7]!];
    for (let column = 0; column < columns; column++) {
      at += TOGETHER;
      const number = input[column]!;
      a += matrix[at]! * number;
      b += matrix[at + 1]! * number;
      c += matrix[at + 2]! * number;
      d += matrix[at + 3]! * number;
      e += matrix[at + 4]! * number;
      f += matrix[at + 5]! * number;
      g += matrix[at + 6]! * number;
      h += matrix[at + 7]! * number;
    }
    output[row] = a;
    output[row + 1] = b;
    output[row + 2] = c;
    output[row + 3] = d;
    output[row + 4] = e;
    output[row + 5] = f;
    output[row + 6] = g;
    output[row + 7] = h;
  }
}

// The part of the TensorFlow Lite file format that is read (schema.fbs, version 3); as `impsy.models.tflite.schema`.
import { ModelError } from "./errors";
import { Flatbuffer, type Table } from "./flatbuffer";

/** Builtin operators that are known by name. */
export const Op = {
  ADD: 0,
  CONCATENATION: 2,
  DEQUANTIZE: 6,
  FULLY_CONNECTED: 9,
  LOGISTIC: 14,
  MUL: 18,
  RESHAPE: 22,
  TANH: 28,
  CUSTOM: 32,
  GATHER: 36,
  TRANSPOSE: 39,
  SQUEEZE: 43,
  STRIDED_SLICE: 45,
  SPLIT: 49,
  SLICE: 65,
  EXPAND_DIMS: 70,
  UNPACK: 88,
  SPLIT_V: 102,
  ELU: 111,
  WHILE: 119,
} as const;

/** A value in a graph; constant if its buffer holds data. */
export interface Tensor {
  shape: number[];
  type: number;
  buffer: number;
  name: string;
  /** Of int8: value = scale · (stored − zeroPoint), one for all or one for each index of `axis`. */
  scale: number[];
  zeroPoint: number[];
  axis: number;
}

/** One operation: positions of its input (−1: left out) and output tensors. */
export interface Operator {
  code: number;
  inputs: number[];
  outputs: number[];
  /** The function that is applied to the result; 0: none. */
  activation: number;
  /** Of WHILE: which graph its body is. */
  body: number;
}

/** A graph: the main one is the first, others are bodies of loops. */
export interface Graph {
  tensors: Tensor[];
  inputs: number[];
  outputs: number[];
  operators: Operator[];
}

/** The content of a file. */
export interface TfliteFile {
  graphs: Graph[];
  buffers: Uint8Array[];
  metadata: { name: string; buffer: number }[];
  /** Bytes of the file. */
  size: number;
}

const IDENTIFIER = "TFL3";
/** Slot of the activation in the options of an operator, by the type of the options. */
const ACTIVATIONS: Record<number, number> = { 8: 0, 10: 1, 11: 0, 21: 0, 28: 0 };
const WHILE_OPTIONS = 93;

/** Whether a file begins as a `.tflite` does. */
export function isTflite(bytes: Uint8Array): boolean {
  return bytes.length >= 8 && String.fromCharCode(...bytes.subarray(4, 8)) === IDENTIFIER;
}

/** The content of a `.tflite` file, checked; throws ModelError if it is damaged. */
export function readTflite(bytes: Uint8Array): TfliteFile {
  const root = new Flatbuffer(bytes).root();
  const codes = root.tables(1).map((code) => Math.max(code.int8(0), code.int32(3)));
  return {
    graphs: root.tables(2).map((graph) => graphOf(graph, codes)),
    buffers: root.tables(4).map((buffer) => buffer.bytes(0)),
    metadata: root.tables(6).map((entry) => ({ name: entry.text(0), buffer: entry.uint32(1) })),
    size: bytes.length,
  };
}

function graphOf(table: Table, codes: number[]): Graph {
  return {
    tensors: table.tables(0).map(tensorOf),
    inputs: table.int32s(1),
    outputs: table.int32s(2),
    operators: table.tables(3).map((operator) => operatorOf(operator, codes)),
  };
}

function tensorOf(table: Table): Tensor {
  const quantization = table.table(4);
  return {
    shape: table.int32s(0),
    type: table.int8(1),
    buffer: table.uint32(2),
    name: table.text(3),
    scale: quantization?.float32s(2) ?? [],
    zeroPoint: quantization?.int64s(3) ?? [],
    axis: quantization?.int32(6) ?? 0,
  };
}

function operatorOf(table: Table, codes: number[]): Operator {
  const code = codes[table.uint32(0)];
  if (code === undefined) {
    throw new ModelError("an operation in it has no code (damaged)");
  }
  const type = table.uint8(3);
  const slot = ACTIVATIONS[type];
  return {
    code,
    inputs: table.int32s(1),
    outputs: table.int32s(2),
    activation: slot === undefined ? 0 : (table.table(4)?.int8(slot) ?? 0),
    body: type === WHILE_OPTIONS ? (table.table(4)?.int32(1) ?? 0) : 0,
  };
}

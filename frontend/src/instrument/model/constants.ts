// The constants of a `.tflite` file as float32 arrays, converted from the type they are stored in; and its metadata.
import { ModelError } from "./errors";
import type { Tensor, TfliteFile } from "./schema";

const FLOAT32 = 0;
const FLOAT16 = 1;
const INT8 = 9;
const SIZES: Record<number, number> = { [FLOAT32]: 4, [FLOAT16]: 2, [INT8]: 1 };

/** Bytes of what a file may say of itself; as `impsy.models.tflite.constants.LONGEST_NOTE`. */
export const LONGEST_NOTE = 1 << 20;
/** Bytes that may be made of a small file, and how many times its bytes of a larger one; as in `impsy.limits`. */
export const READER_BYTES = 256_000_000;
export const READER_RATIO = 100;

/** Numbers and their shape, row by row. */
export interface Numbers {
  shape: readonly number[];
  values: Float32Array;
}

/** Reads the constants of one file, within one budget of memory. */
export class Constants {
  private left: number;

  constructor(private readonly file: TfliteFile) {
    this.left = Math.max(READER_BYTES, READER_RATIO * file.size);
  }

  /** The value of a tensor of weights, dequantised; null if it is not constant, or of another type. */
  of(tensor: Tensor): Numbers | null {
    const data = this.file.buffers[tensor.buffer];
    if (data === undefined) {
      throw new ModelError(`tensor "${tensor.name}" in it has no buffer (damaged)`);
    }
    const size = SIZES[tensor.type];
    if (!data.length || size === undefined) return null;
    const count = tensor.shape.reduce((product, length) => product * length, 1);
    if (tensor.shape.some((length) => length < 0) || count * size !== data.length) {
      throw new ModelError(
        `tensor "${tensor.name}" in it has shape [${tensor.shape.join(", ")}] but ${data.length} bytes`,
      );
    }
    this.left -= 4 * count;
    if (this.left < 0) {
      throw new ModelError("what it stands for would fill the memory: it is damaged, or made to do harm");
    }
    const values =
      tensor.type === INT8 ? dequantised(data, tensor) : tensor.type === FLOAT16 ? halves(data) : floats(data);
    return { shape: tensor.shape, values };
  }
}

/** Little-endian float32 numbers, as every browser's machine has them. */
export function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice(0, bytes.length & ~3).buffer);
}

/** Little-endian IEEE 754 binary16 numbers. */
export function halves(bytes: Uint8Array): Float32Array {
  const values = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < values.length; i++) values[i] = half(bytes[2 * i]! | (bytes[2 * i + 1]! << 8));
  return values;
}

/** The number of 16 bits. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

/** `scale · (stored − zeroPoint)`, by tensor or by one axis. */
function dequantised(data: Uint8Array, tensor: Tensor): Float32Array {
  const { scale, zeroPoint: zero, axis, shape } = tensor;
  if (!scale.length || ![0, 1, scale.length].includes(zero.length)) {
    throw new ModelError(`tensor "${tensor.name}" in it is int8 without scales`);
  }
  if (scale.length > 1 && !(axis >= 0 && axis < shape.length && shape[axis] === scale.length)) {
    throw new ModelError(`tensor "${tensor.name}" in it has ${scale.length} scales for shape [${shape.join(", ")}]`);
  }
  const inner = scale.length > 1 ? shape.slice(axis + 1).reduce((product, length) => product * length, 1) : 1;
  const at = (values: number[], i: number): number =>
    values.length > 1 ? values[Math.floor(i / inner) % values.length]! : (values[0] ?? 0);
  return Float32Array.from(
    data,
    (stored, i) => Math.fround(((stored << 24) >> 24) - Math.fround(at(zero, i))) * at(scale, i),
  );
}

/** The JSON object that the file's metadata hold under `name`; empty if there is none that can be read. */
export function noteOf(file: TfliteFile, name: string): Record<string, unknown> {
  const entry = file.metadata.find((each) => each.name === name);
  const data = entry && file.buffers[entry.buffer];
  if (!data || data.length > LONGEST_NOTE) return {};
  try {
    return asObject(JSON.parse(new TextDecoder().decode(data)));
  } catch {
    return {};
  }
}

/** A JSON object as it is, anything else as an empty one. */
export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

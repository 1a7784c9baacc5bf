// The packed form of a model, as an exported page carries it; `impsy.exporting.packed` writes it and says how it lies.
import { asObject, floats, halves, type Numbers } from "./constants";
import { ModelError } from "./errors";
import { isArchitecture, networkOf } from "./named";
import type { Weights } from "./weights";

const MAGIC = "IMPSYNET";
const HEAD = MAGIC.length + 4;
const FORMAT = 1;
/** Bytes of a packed model, at most. */
const LARGEST = 200 << 20;

/** The bytes that `openModel` takes, of the text (base64 of deflated bytes) that a page carries. Rejects with ModelError. */
export async function inflated(text: string): Promise<Uint8Array> {
  let deflated: Uint8Array<ArrayBuffer>;
  try {
    deflated = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  } catch {
    throw new ModelError("The model in this page is damaged: its text is not base64. Get the page again.");
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length;
      if (length > LARGEST) throw new RangeError("too long");
      parts.push(part.value);
    }
  } catch {
    await reader.cancel().catch(() => undefined);
    throw new ModelError("The model in this page is damaged: it cannot be unpacked. Get the page again.");
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether bytes begin as those of a packed model. */
export function isPacked(bytes: Uint8Array): boolean {
  return bytes.length >= HEAD && String.fromCharCode(...bytes.subarray(0, MAGIC.length)) === MAGIC;
}

/** The network in the bytes of a packed model; throws ModelError if they are damaged. */
export function readPacked(bytes: Uint8Array): { weights: Weights; facts: Record<string, unknown> } {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAGIC.length, true);
  if (size > bytes.length - HEAD) throw new ModelError("it is cut off");
  const header = headerOf(bytes.subarray(HEAD, HEAD + size));
  const { architecture, dimension, spread, arrays, format } = header;
  if (format !== FORMAT) throw new ModelError("it was made by a newer IMPSY than this page");
  if (!isArchitecture(architecture) || !Array.isArray(arrays)) throw new ModelError("it does not say what it holds");
  if (typeof dimension !== "number" || typeof spread !== "number")
    throw new ModelError("it does not say its dimension");
  const found = new Map<string, Numbers>();
  let at = HEAD + size;
  for (const entry of arrays as unknown[]) {
    const [name, shape, kind] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (!Array.isArray(shape) || !shape.every((length) => Number.isInteger(length) && length >= 0)) {
      throw new ModelError("an array in it has no shape");
    }
    const lengths = shape as number[];
    const count = lengths.reduce((product, length) => product * length, 1);
    const width = kind === "f2" ? 2 : 4;
    if (count * width > bytes.length - at) throw new ModelError("it is cut off");
    const content = bytes.subarray(at, at + count * width);
    at += count * width;
    found.set(String(name), {
      shape: lengths,
      values: width === 2 ? halves(interleaved(content, 2)) : floats(interleaved(content, 4)),
    });
  }
  const weights = networkOf(architecture, (name) => found.get(name) ?? null, { dimension, spread });
  return { weights, facts: asObject(header.facts) };
}

function headerOf(bytes: Uint8Array): Record<string, unknown> {
  try {
    return asObject(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw new ModelError("its header cannot be read (damaged)");
  }
}

/** Numbers whose first bytes lie together, then their second …: they compress better so. */
function interleaved(bytes: Uint8Array, width: number): Uint8Array {
  const count = bytes.length / width;
  const numbers = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) numbers[width * i + plane] = bytes[plane * count + i]!;
  }
  return numbers;
}

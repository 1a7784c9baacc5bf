// Opening models of any form that the page can play.
import { asObject, Constants, noteOf } from "./constants";
import { ModelError } from "./errors";
import { findNetwork } from "./finding";
import { isArchitecture, networkOf } from "./named";
import { type Description, NetworkPredictor } from "./network-predictor";
import { isPacked, readPacked } from "./packed";
import { atScale10, scaleOf } from "./scale";
import { isTflite, readTflite } from "./schema";
import type { Weights } from "./weights";

export type { Description };

/** The name of our entry in a file's metadata, and the version of what it promises. */
const METADATA = "impsy";
const FORMAT = 1;

/** The first bytes of files that are mistaken for models. */
const MISTAKEN: readonly [number[], string][] = [
  [[0x50, 0x4b, 3, 4], "a Keras archive or another zip file; make a .tflite of it with `impsy convert-tflite`"],
  [[0x89, 0x48, 0x44, 0x46], "a Keras HDF5 file; make a .tflite of it with `impsy convert-tflite`"],
  [
    [...new TextEncoder().encode("version https://git-lfs")],
    "a Git LFS pointer; fetch the file itself with `git lfs pull`",
  ],
  [[0x3c], "a web page; download the file itself"],
];

/**
 * Opens a `.tflite` file of ours or of a released version, or the packed form after `inflated`. `name` is the file's
 * name, which says its scale where the file does not. Throws ModelError with a sentence.
 */
export function openModel(bytes: Uint8Array, name = ""): NetworkPredictor {
  const mistaken = MISTAKEN.find(([start]) => start.every((byte, i) => bytes[i] === byte));
  if (mistaken) throw new ModelError(`This is not a model that a page can play: it is ${mistaken[1]}.`);
  if (!isPacked(bytes) && !isTflite(bytes)) {
    const why = bytes.length ? "it does not begin as a .tflite file does" : "the file is empty";
    throw new ModelError(
      `This is not a model that a page can play: ${why}. Choose a .tflite file, such as \`impsy train\` makes.`,
    );
  }
  try {
    const { weights, facts } = isPacked(bytes) ? readPacked(bytes) : readFile(bytes, name);
    return NetworkPredictor.of(weights, facts);
  } catch (error) {
    if (!(error instanceof ModelError) && !(error instanceof RangeError)) throw error;
    const why = error instanceof ModelError ? error.message : "it needs more memory than there is";
    throw new ModelError(`This model cannot be played: ${why}. Get it again, or train a model with \`impsy train\`.`);
  }
}

function readFile(bytes: Uint8Array, name: string): { weights: Weights; facts: Record<string, unknown> } {
  const file = readTflite(bytes);
  const note = noteOf(file, METADATA);
  const facts = asObject(note.facts);
  const constants = new Constants(file);
  const { architecture, format } = note;
  const claimed = typeof architecture === "string" && typeof format === "number" ? architecture : "plain";
  if (!isArchitecture(claimed) || (format as number) > FORMAT) {
    throw new ModelError("it was made by a newer IMPSY than this page");
  }
  if (claimed === "plain") {
    return { weights: atScale10(findNetwork(file, constants), scaleOf(note.scale, name)), facts };
  }
  const tensors = new Map(file.graphs[0]?.tensors.map((tensor) => [tensor.name, tensor]));
  const weights = networkOf(claimed, (wanted) => {
    const tensor = ["/float16", "/int8", ""].map((suffix) => tensors.get(wanted + suffix)).find((found) => found);
    return tensor ? constants.of(tensor) : null;
  });
  return { weights, facts };
}

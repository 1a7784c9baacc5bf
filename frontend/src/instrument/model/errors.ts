/** A model that cannot be used: the message is a sentence that says why and what to do. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

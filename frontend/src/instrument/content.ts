/** What `impsy export-page` has put into the page: the configuration, the licences, and the models. */

import type { ExportedModel, Instrument } from "../protocol";
import { ModelError } from "./model/errors";
import { inflated } from "./model/packed";

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? "";

export const content = JSON.parse(textOf("instrument")) as Instrument;

/** The licences of what the page is made of, as text. */
export const licences = (): string => textOf("licences").replaceAll("&lt;", "<");

/** A model's bytes, as `openModel` takes them. Rejects with a ModelError. */
export async function bytesOf({ name, place }: ExportedModel): Promise<Uint8Array> {
  if (place.startsWith("#")) return inflated(textOf(place.slice(1)));
  let answer: Response | null = null;
  try {
    answer = await fetch(place);
  } catch {
    // No network, and it was never loaded before.
  }
  if (!answer?.ok) throw new ModelError(`${name} could not be loaded. Check the connection, and try again.`);
  return inflated(await answer.text());
}

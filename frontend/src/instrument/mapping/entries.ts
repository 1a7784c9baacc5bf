/** The entries of a mapping, as a configuration writes them: `["control_change", 11, 7]`; as `impsy.mapping.entries`. */

import { type Entry, rowOf } from "../../setup/entries";
import { type Place, place } from "../../sound/midi/messages";
import type { MappingKind } from "../../protocol";
import { MAPPING_KINDS } from "../tables";

const KINDS: readonly MappingKind[] = MAPPING_KINDS.map((kind) => ({ ...kind, arguments: [...kind.arguments] }));

/** An entry that says nothing: the message is a sentence. */
export class MappingError extends Error {
  override readonly name = "MappingError";
}

const usage = ({ kind, arguments: all }: MappingKind): string => {
  const forms = [all.filter(({ optional }) => !optional), all].slice(all.some(({ optional }) => optional) ? 0 : 1);
  return forms.map((form) => `[${[`"${kind}"`, ...form.map(({ name }) => name)].join(", ")}]`).join(" or ");
};

/** Where an entry listens or sends. Throws MappingError, which says what is wrong and what is wanted. */
export function parseEntry(entry: Entry): Place {
  const shown = JSON.stringify(entry);
  const { kind, numbers } = rowOf(entry, KINDS);
  if (kind === null) {
    const name = Array.isArray(entry) ? entry[0] : undefined;
    const known = KINDS.find((each) => each.kind === name);
    const wanted = known ? usage(known) : `one of ${KINDS.map((each) => each.kind).join(", ")}, with its numbers`;
    throw new MappingError(`found ${shown}; wanted ${wanted}`);
  }
  const given = Object.keys(numbers).length;
  const required = kind.arguments.filter(({ optional }) => !optional).length;
  if (given !== required && given !== kind.arguments.length) {
    throw new MappingError(`found ${shown}; wanted ${usage(kind)}`);
  }
  for (const { name, min, max } of kind.arguments.slice(0, given)) {
    const value = numbers[name]!;
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new MappingError(`found ${name} ${value} in ${shown}; wanted ${name} ${min}-${max}, a whole number`);
    }
  }
  return { ...place(kind.kind, numbers["channel"]!), ...numbers };
}

/** A whole mapping, one entry for each of x_1 … x_n. */
export const parseMapping = (entries: readonly Entry[]): Place[] => entries.map(parseEntry);

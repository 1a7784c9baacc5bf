/** Mapping entries, such as `["control_change", 1, 7]`, and the rows of the editor that shows them. */

import type { Json, MappingArgument, MappingKind } from "../protocol";

export type Entry = Json;

export interface EntryRow {
  kind: MappingKind | null;
  /** By the argument's name; optional ones that are left out are missing. */
  numbers: Record<string, number>;
  /** The value, if it is not a valid entry. */
  odd: string;
}

/** What an optional argument means when it is left out, where that is a number; else null. */
export function meant(argument: MappingArgument): number | null {
  return argument.name === "minimum" ? argument.min : argument.name === "maximum" ? argument.max : null;
}

export function rowOf(entry: Entry, kinds: readonly MappingKind[]): EntryRow {
  const [name, ...rest] = Array.isArray(entry) ? entry : [];
  const kind = kinds.find((each) => each.kind === name) ?? null;
  if (!kind || rest.length > kind.arguments.length || rest.some((each) => typeof each !== "number")) {
    return { kind: null, numbers: {}, odd: JSON.stringify(entry) };
  }
  const numbers = Object.fromEntries(rest.map((value, i) => [kind.arguments[i]!.name, value as number]));
  return { kind, numbers, odd: "" };
}

/** The entry that a row means; optional arguments only where they differ from their defaults. */
export function entryOf(kind: MappingKind, numbers: Record<string, number>): Entry {
  const all = kind.arguments.some(
    (each) => each.optional && numbers[each.name] !== undefined && numbers[each.name] !== meant(each),
  );
  const written = kind.arguments.filter((each) => all || !each.optional);
  return [
    kind.kind,
    ...written.map((each) => numbers[each.name] ?? meant(each) ?? (each.optional ? each.max : each.min)),
  ];
}

/** The same control as another kind of message: what still fits stays. */
export function asKind(row: EntryRow, kind: MappingKind): Entry {
  const numbers: Record<string, number> = {};
  for (const { name, min, max, optional } of kind.arguments) {
    const before = row.numbers[name];
    if (before !== undefined && !optional) numbers[name] = Math.min(max, Math.max(min, before));
  }
  return entryOf(kind, numbers);
}

/** With one number changed; null leaves an optional one out. */
export function withNumber(row: EntryRow, name: string, value: number | null): Entry {
  if (row.kind === null) return row.odd;
  const { [name]: _, ...others } = row.numbers;
  return entryOf(row.kind, value === null ? others : { ...others, [name]: value });
}

/** Whether two entries are moved by the same control: kind, channel and controller. */
export function sameControl(one: Entry, other: Entry): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return false;
  const parts = one[0] === "control_change" || one[0] === "control_change_14" ? 3 : 2;
  return Array.from({ length: parts }, (_, i) => one[i] === other[i]).every(Boolean);
}

/** An entry for one more control: the next controller that the others leave free, on the channel of the last. */
export function another(entries: readonly Entry[]): Entry {
  const last = entries.filter(Array.isArray).at(-1);
  const channel = typeof last?.[1] === "number" ? last[1] : 1;
  const taken = new Set(
    entries
      .filter(Array.isArray)
      .flatMap((each) => (each[0] === "control_change" && each[1] === channel ? [each[2]] : [])),
  );
  const start = last?.[0] === "control_change" && typeof last[2] === "number" ? last[2] + 1 : 1;
  for (let i = 0; i < 120; i += 1) {
    const controller = (start + i) % 120;
    if (!taken.has(controller)) return ["control_change", channel, controller];
  }
  return ["control_change", channel, 1];
}

/** As many entries as there are controls: the last ones go, or new ones come. */
export function fitted(entries: readonly Entry[], count: number): Entry[] {
  const result = entries.slice(0, count);
  while (result.length < count) result.push(another(result));
  return result;
}

/** With the item at `from` now at `to`. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const result = [...items];
  const [item] = result.splice(from, 1);
  if (item !== undefined) result.splice(to, 0, item);
  return result;
}

const SHORT: Record<string, string> = {
  channel: "Channel",
  controller: "Number",
  velocity: "Velocity",
  minimum: "From",
  maximum: "To",
};

export const argumentLabel = (argument: MappingArgument) =>
  SHORT[argument.name] ?? argument.name.charAt(0).toUpperCase() + argument.name.slice(1);

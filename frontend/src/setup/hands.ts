/** The tables `[[controls]]` of a configuration that is being written: one a control, in their order. */

import type { Json } from "../protocol";
import type { Table, Values } from "./types";
import { isTable, listAt } from "./values";

/** The tables as they stand; what is no table counts as an empty one. */
export function tablesOf(values: Values | null): Table[] {
  return listAt(values, ["controls"]).map((each) => (isTable(each) ? each : {}));
}

/** What a sentence of this page calls a control, counted from 0: `Control 3 (cutoff)`, or `Control 3` without a name. */
export function controlWords(values: Values | null, index: number): string {
  const name = tablesOf(values)[index]?.["name"];
  return typeof name === "string" && name.trim() !== ""
    ? `Control ${index + 1} (${name.trim()})`
    : `Control ${index + 1}`;
}

/** The tables after one key of one control was given a value; undefined: the key is taken out. Empty ones at the end go. */
export function withKey(tables: readonly Table[], index: number, key: string, value: Json | undefined): Table[] {
  const next = Array.from({ length: Math.max(tables.length, index + 1) }, (_, at) => ({ ...tables[at] }));
  const table = next[index]!;
  if (value === undefined) delete table[key];
  else table[key] = value;
  if (value === undefined) while (next.length > 0 && Object.keys(next.at(-1)!).length === 0) next.pop();
  return next;
}

/** Both limits after one of them was typed; null: it was emptied. Undefined: there are none. */
export function withLimit(
  limits: readonly (number | null)[],
  at: 0 | 1,
  value: number | null,
  most: number,
): [number, number] | undefined {
  const next = at === 0 ? [value, limits[1] ?? null] : [limits[0] ?? null, value];
  const [low, high] = [next[0] ?? 0, next[1] ?? most];
  return low === 0 && high === most ? undefined : [low, high];
}

/** The two limits as they stand; null: not there. */
export function limitsOf(table: Table): [number | null, number | null] {
  const found = table["limits"];
  const of = (at: number) => (Array.isArray(found) && typeof found[at] === "number" ? found[at] : null);
  return [of(0), of(1)];
}

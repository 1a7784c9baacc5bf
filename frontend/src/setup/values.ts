/** Reads and changes the plain values of a configuration, by key. */

import type { ConfigProblem, Json } from "../protocol";
import type { Change, Key, Table, Values } from "./types";

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What `key` leads to; undefined: nothing is there. */
export function valueAt(values: Values | null, key: Key): Json | undefined {
  let node: Json | undefined = values ?? undefined;
  for (const step of key) node = isTable(node) ? node[step] : undefined;
  return node;
}

export function tableAt(values: Values | null, key: Key): Table {
  const found = valueAt(values, key);
  return isTable(found) ? found : {};
}

export function listAt(values: Values | null, key: Key): Json[] {
  const found = valueAt(values, key);
  return Array.isArray(found) ? found : [];
}

export function namesAt(values: Values | null, key: Key): string[] {
  return listAt(values, key).filter((each): each is string => typeof each === "string");
}

/** The values after these changes, as the web process makes them: a table sets its keys and leaves others. */
export function changed(values: Values, changes: readonly Change[]): Values {
  return changes.reduce((before, change) => {
    const value = "remove" in change ? undefined : change.value;
    return put(before, change.key, value);
  }, values);
}

function put(table: Table, key: Key, value: Json | undefined): Table {
  const [step, ...rest] = key;
  if (step === undefined) return table;
  const inner = table[step];
  if (rest.length > 0) {
    if (value === undefined && !isTable(inner)) return table;
    return { ...table, [step]: put(isTable(inner) ? inner : {}, rest, value) };
  }
  if (value === undefined) {
    const { [step]: _, ...others } = table;
    return others;
  }
  return { ...table, [step]: isTable(value) && isTable(inner) ? merged(inner, value) : value };
}

function merged(old: Table, added: Table): Table {
  const result = { ...old };
  for (const [name, value] of Object.entries(added)) {
    const before = result[name];
    result[name] = isTable(value) && isTable(before) ? merged(before, value) : value;
  }
  return result;
}

// --- problems -----------------------------------------------------------------------------------------

/** The problems on what `key` leads to; with `inside`, on what is in there too. */
export function problemsOn(
  problems: readonly ConfigProblem[],
  key: readonly (string | number)[],
  inside = false,
): ConfigProblem[] {
  return problems.filter((problem) => {
    const { path } = problem;
    return (
      (inside ? path.length >= key.length : path.length === key.length) && key.every((step, i) => path[i] === step)
    );
  });
}

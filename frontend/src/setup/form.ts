/** From the schema of a configuration to the rows of a form. */

import type { FormSchema, Json } from "../protocol";
import type { Key } from "./types";

export interface Row {
  key: Key;
  label: string;
  hint: string;
  /** What fits, as the end of the sentence "wanted …". */
  wanted: string;
  unit: string;
  kind: "text" | "number" | "integer" | "flag" | "choice" | "list" | "other";
  /** More than a line of text. */
  long: boolean;
  fallback: Json | undefined;
  choices: { value: string; label: string }[];
  /** It may be left out, and that means something of its own. */
  optional: boolean;
}

/** The schema of a section, by its key; the names in a table of tables (scenes) and places in a list are any. */
export function sectionSchema(root: FormSchema, key: Key): FormSchema {
  return key.reduce((schema: FormSchema, step) => {
    const inner = schema.properties?.[step] ?? schema.items ?? schema.additionalProperties;
    return typeof inner === "object" ? inner : {};
  }, root);
}

/** A row for each key of a section, in its order. */
export function rowsOf(root: FormSchema, section: Key): Row[] {
  return Object.entries(sectionSchema(root, section).properties ?? {}).map(([name, schema]) => {
    const values = (schema.enum ?? []).filter((each): each is string => typeof each === "string");
    return {
      key: [...section, name],
      label: schema.title ?? sentence(name),
      hint: schema.description ?? "",
      wanted: schema.wanted ?? "",
      unit: schema.unit ?? "",
      kind: kindOf(schema),
      long: schema.format === "multiline",
      fallback: schema.default,
      choices: values.map((value, i) => ({ value, label: schema.choices?.[i] ?? value })),
      optional: schema.default === null,
    };
  });
}

const KINDS: Record<string, Row["kind"]> = { string: "text", number: "number", integer: "integer", boolean: "flag" };

function kindOf(schema: FormSchema): Row["kind"] {
  if (schema.enum) return "choice";
  if (schema.type === "array" && schema.items?.type === "string") return "list";
  return KINDS[schema.type ?? ""] ?? "other";
}

function sentence(title: string): string {
  const words = title.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What was typed, as a number; null: it is none (yet). */
export function asNumber(text: string, whole: boolean): number | null {
  const plain = text.trim().replace(",", ".");
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) && (!whole || Number.isSafeInteger(value)) ? value : null;
}

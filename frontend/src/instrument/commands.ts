/** What the pages' commands mean to the engine. */

import { valuesOf } from "../perform/presets";
import { type Command, PRESETS, SETTINGS } from "../protocol";
import type { EngineEvent } from "./engine/events";
import { faultOf, isSetting, withinUseful } from "./engine/settings";

/** Commands without a value. */
const PRESSED = { panic: "panicButton", another: "another", tap: "tap", reset: "reset" } as const;

/** Settings that a page without a web process does not change. */
const NOT_HERE = new Set<string>(["while_playing"]);

const byCommand = new Map(SETTINGS.map((row) => [row.command as string, row]));

/**
 * The event that a command is; null: it is none of the engine's, but one that needs more than it. Throws an Error with
 * a sentence where the value does not fit.
 */
export function eventOf({ name, value }: Pick<Command, "name" | "value">): EngineEvent | null {
  if (name in PRESSED) return { kind: PRESSED[name as keyof typeof PRESSED] };
  const row = byCommand.get(name);
  if (row === undefined || NOT_HERE.has(row.name) || !isSetting(row.name)) return null;
  const wanted = row.kind === "flag" && typeof value === "number" ? value !== 0 : value;
  const useful = row.kind === "number" && typeof wanted === "number" ? withinUseful(row.name, wanted) : wanted;
  const fault = faultOf(row.name, useful);
  if (fault) throw new Error(fault);
  return { kind: "set", name: row.name, value: useful };
}

/** The events that set what a preset does. Throws an Error with a sentence if there is no such preset. */
export function eventsOfPreset(name: string): EngineEvent[] {
  const values = valuesOf(name);
  if (values !== null) return Object.entries(values).map(([setting, value]) => ({ kind: "set", name: setting, value }));
  throw new Error(`There is no preset “${name}”; there are ${PRESETS.map((preset) => preset.name).join(", ")}.`);
}

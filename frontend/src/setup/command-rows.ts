/** The commands that a controller may give, and what gives them: entries such as `["control_change", 16, 64, "DESK"]`. */

import { COMMANDS, ENTRY_WORDS, type Json, type LearnMessage } from "../protocol";
import { noteName } from "../sound/scales";
import type { Table } from "./types";

export interface CommandRow {
  name: string;
  act: "press" | "turn" | "unknown";
  title: string;
  help: string;
}

/** A row for each command, scenes among them, and for what the configuration assigns that is none. */
export function commandRows(scenes: readonly string[], assigned: readonly string[]): CommandRow[] {
  const recalls = scenes.map((scene): CommandRow => ({
    name: `scene.${scene}`,
    act: "press",
    title: `Scene: ${scene}`,
    help: "Recalls the scene.",
  }));
  const known: CommandRow[] = [
    ...COMMANDS.filter(({ act }) => act === "press"),
    ...recalls,
    ...COMMANDS.filter(({ act }) => act === "turn"),
  ];
  const unknown = assigned.filter((name) => !known.some((row) => row.name === name));
  return [...known, ...unknown.map((name): CommandRow => ({ name, act: "unknown", title: name, help: "" }))];
}

export type MovedForCommand = Pick<LearnMessage, "entry" | "number" | "name" | "words" | "chosen">;

/** The entry of a control that was moved: with its note or program, and the name of its port. */
export function entryOfMoved({ entry, number, name }: MovedForCommand): Json[] {
  return [...entry, ...(number === null ? [] : [number]), name];
}

interface Parts {
  kind: string;
  numbers: number[];
  port: string;
}

function partsOf(entry: Json | undefined): Parts | null {
  if (!Array.isArray(entry)) return null;
  const [kind, ...rest] = entry;
  const port = typeof rest.at(-1) === "string" ? String(rest.pop()) : "";
  if (typeof kind !== "string" || rest.some((each) => typeof each !== "number")) return null;
  return { kind, numbers: rest as number[], port };
}

/** What gives a command, in words; what is no entry as it is written. */
export function givenBy(entry: Json | undefined): string {
  const parts = partsOf(entry);
  const words = parts && (ENTRY_WORDS as Record<string, string>)[parts.kind];
  if (!parts || !words) return JSON.stringify(entry) ?? "";
  const [channel, number] = parts.numbers;
  let what = words.replace("{controller}", String(number));
  if (parts.kind === "note_on" && number !== undefined) what = `note ${noteName(number)} (${number})`;
  else if (parts.kind === "note_on") what = "any note";
  else if (parts.kind === "program_change" && number !== undefined) what = `program ${number}`;
  return [what, `channel ${channel}`, parts.port].filter(Boolean).join(", ");
}

const BY_NUMBER = ["note_on", "program_change", "control_change", "control_change_14"];

/** Whether one message may mean both. */
export function sameGiver(one: Json | undefined, other: Json | undefined): boolean {
  const [a, b] = [partsOf(one), partsOf(other)];
  if (!a || !b || a.kind !== b.kind || a.numbers[0] !== b.numbers[0]) return false;
  if (a.port !== b.port && a.port !== "" && b.port !== "") return false;
  const [first, second] = [a.numbers[1], b.numbers[1]];
  return !BY_NUMBER.includes(a.kind) || first === undefined || second === undefined || first === second;
}

export const PRESS = "Press a button or a pad …";
export const TURN = "Turn a knob, or move a fader …";

/** What becomes of a control that was moved for a command: its entry, or why it is not taken. */
export function assigned(
  row: CommandRow,
  table: Table,
  rows: readonly CommandRow[],
  moved: MovedForCommand,
): { entry: Json[] } | { note: string } {
  const entry = entryOfMoved(moved);
  const words = givenBy(entry);
  if (!moved.chosen) return { note: `Receiving ${words} …` };
  if (row.act === "turn" && moved.number !== null) return { note: `${words} cannot be turned. ${TURN}` };
  const other = rows.find(({ name }) => name !== row.name && sameGiver(table[name], entry));
  return other ? { note: `${words} is for “${other.title}” already. Use another one …` } : { entry };
}

/** Cases of mappings, hands and rows of logs: what this instrument makes of them, where that is something else. */

import type { Key } from "../../src/instrument/engine/events";
import { encodeRow, logName } from "../../src/instrument/log";
import { parseMapping } from "../../src/instrument/mapping/entries";
import { notesWithin } from "../../src/instrument/mapping/hands";
import { InputMapping } from "../../src/instrument/mapping/input";
import { OutputMapping } from "../../src/instrument/mapping/output";
import { clockEvent, ClockSending } from "../../src/instrument/midiclock";
import { parseRoot } from "../../src/instrument/mapping/scales";
import type { Json } from "../../src/protocol";
import { difference } from "./difference";

export interface InputCase {
  readonly entries: Json[];
  readonly messages: number[][];
  readonly events: unknown;
}

export function checkInput({ entries, messages, events }: InputCase, tolerance: number): string | null {
  const mapping = new InputMapping(parseMapping(entries).entries());
  const found = messages.map((message) => mapping.event(message, "pads"));
  return difference(found, events, tolerance);
}

export interface OutputCase {
  readonly entries: Json[];
  readonly calls: readonly { act: string; arguments: unknown[]; messages: unknown }[];
}

export function checkOutput({ entries, calls }: OutputCase): string | null {
  const mapping = new OutputMapping(parseMapping(entries));
  const acts: Record<string, (...all: never[]) => unknown> = {
    encode: (values: number[]) => mapping.encode(values),
    passOn: (values: number[], moved: number[], origin: string) => mapping.passOn(values, moved, origin),
    endNotes: (keys: Key[], origin: string) => mapping.endNotes(keys, origin),
    allNotesOff: () => mapping.allNotesOff(),
    panic: () => mapping.panic(),
  };
  const made = calls.map((call) => acts[call.act]!(...(call.arguments as never[])));
  const expected = calls.map(({ messages }) => messages);
  return difference(made, expected, 0);
}

export interface ClockCase {
  readonly messages: number[][];
  readonly events: unknown;
  readonly calls: readonly { act: "tick" | "stop"; arguments: unknown[]; messages: unknown }[];
}

export function checkClock({ messages, events, calls }: ClockCase): string | null {
  const sending = new ClockSending();
  const heard = messages.map((message) => clockEvent(message, "drums"));
  const sent = calls.map(({ act, arguments: all }) =>
    act === "tick" ? sending.tick(all[0] as number, all[1] as boolean) : sending.stop(all[0] as boolean),
  );
  const expected = calls.map((call) => call.messages);
  return difference(heard, events, 0) ?? difference(sent, expected, 0);
}

export interface HandsCase {
  readonly low: number;
  readonly high: number;
  readonly scale: string;
  readonly root: unknown;
  readonly known: number | null;
  readonly notes: number[];
}

export function checkHands({ low, high, scale, root, known, notes }: HandsCase): string | null {
  const found = { known: parseRoot(root), notes: notesWithin(low, high, scale, parseRoot(root) ?? 0) };
  return difference(found, { known, notes }, 0);
}

export interface RowCase {
  readonly time: number;
  readonly source: "interface" | "rnn";
  readonly values: number[];
  readonly expected: string[];
}

export function checkRow({ time, source, values, expected }: RowCase): string | null {
  return difference([logName(new Date(time), 5), encodeRow(time, source, values)], expected, 0);
}

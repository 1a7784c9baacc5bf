/** What the web process says about a configuration that is being written. */

import type { Problem } from "../types";

/** The parts of a key: `["midi", "input", "X-TOUCH"]`. */
export type Key = readonly string[];

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Table = { [key: string]: Json };

/** What the configuration's text says, as it stands there: no defaults are put in. */
export type Values = Table;

export type Change = { key: Key; value: Json } | { key: Key; remove: true };

/** `path` is the problem's key in its parts, where positions in lists count from 0. */
export type Remark = Omit<Problem, "level"> & { level: "error" | "warning" | "info"; path?: (string | number)[] };

export interface Reading {
  /** In the present form, whatever form the text is in. */
  values: Values | null;
  problems: Remark[];
  /** What was understood of an earlier form; empty: the text is in the present one. */
  understood?: string;
}

export interface Edited extends Reading {
  text: string;
}

/** The part of JSON Schema that describes a configuration, with words for forms beside it. */
export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  /** The end of the sentence "wanted …". */
  wanted?: string;
  unit?: string;
  format?: string;
  default?: Json;
  enum?: Json[];
  /** Words for each value of `enum`. */
  choices?: string[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
}

export interface Argument {
  name: string;
  min: number;
  max: number;
  optional: boolean;
}

/** One kind of mapping entry, such as `["control_change", channel, controller]`; optional arguments come last. */
export interface EntryKind {
  kind: string;
  words: string;
  arguments: Argument[];
}

export interface ConfigAnswer extends Edited {
  exists: boolean;
  path: string;
  stamp: string;
  schema: Schema;
  mapping_kinds: EntryKind[];
}

export interface Version {
  name: string;
  time: string;
  size: number;
}

export interface Template {
  id: "browser" | "midi" | "osc" | "serial";
  title: string;
  description: string;
}

/** A MIDI port; `short` is what a configuration should call it. */
export interface MidiPort {
  name: string;
  short: string;
}

/** A serial port; `stable` stays the same wherever the device is plugged in. */
export interface SerialPort {
  name: string;
  stable: string;
  description: string;
}

export interface Devices {
  midi: { inputs: MidiPort[]; outputs: MidiPort[]; error: string };
  serial: SerialPort[];
  serial_error: string;
}

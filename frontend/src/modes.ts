/** Who plays when, in words that are the same on every page. */

import { MODES as ROWS, type Mode } from "./protocol";

export interface ModeWords {
  value: Mode;
  label: string;
  words: string;
}

export const MODES: readonly ModeWords[] = ROWS.map(({ name, title, help }) => ({
  value: name,
  label: title,
  words: help,
}));

/** What the configuration and OSC call it stands behind. */
export const modeTitle = (mode: ModeWords) => `${mode.words} (${mode.value})`;

export const wordsOf = (value: Mode) => MODES.find((mode) => mode.value === value) ?? MODES[0]!;

/** What makes the model play. */
export type Way = (typeof ROWS)[number]["plays"];

const rowOf = (value: Mode) => ROWS.find(({ name }) => name === value);

export const wayOf = (value: Mode): Way => rowOf(value)?.plays ?? "after silence";

/** Whether each control is whose who moves it. */
export const isShared = (value: Mode | undefined): boolean => value !== undefined && (rowOf(value)?.shares ?? false);

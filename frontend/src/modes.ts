/** Who plays when, in words that are the same on every page. */

import type { Mode } from "./protocol";

export interface ModeWords {
  value: Mode;
  label: string;
  words: string;
}

export const MODES: readonly ModeWords[] = [
  { value: "callresponse", label: "Call and response", words: "You play a phrase; when you pause, it answers." },
  { value: "polyphony", label: "Together", words: "To everything you play, it adds something of its own." },
  { value: "battle", label: "By itself", words: "It plays on its own, whatever you do." },
  { value: "useronly", label: "Listen only", words: "You play and it records: good for collecting takes." },
];

/** What the configuration and OSC call it stands behind. */
export const modeTitle = (mode: ModeWords) => `${mode.words} (${mode.value})`;

export const wordsOf = (value: Mode) => MODES.find((mode) => mode.value === value) ?? MODES[0]!;

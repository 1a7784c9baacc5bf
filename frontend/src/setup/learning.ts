/** Which row of a mapping the control that was just moved goes into. */

import { type Entry, sameControl } from "./entries";

export interface Learning {
  /** The row that waits for a control, from 0. */
  target: number;
  /** The next row follows by itself. */
  all: boolean;
  /** What to do, or what was odd about what was heard. */
  note: string;
}

export interface Heard {
  port: string;
  /** What a configuration calls this port. */
  name?: string;
  entry: Entry;
  words: string;
  /** It has been moved on purpose, and come to rest; false: it moves, or trembles. */
  chosen?: boolean;
}

export interface Outcome {
  /** null: nothing is left to learn. */
  learning: Learning | null;
  /** The mapping, if it is another now. */
  entries: Entry[] | null;
}

export const MOVE = "Move the knob, fader or key …";

/** Whether a configured (partial) name means this port. */
export function means(name: string, port: string): boolean {
  return port.toLowerCase().includes(name.toLowerCase());
}

/** Put what was heard where it belongs. `device` null: whatever port it came from. */
export function assign(learning: Learning, entries: readonly Entry[], heard: Heard, device: string | null): Outcome {
  const { target, all } = learning;
  const stay = (note: string): Outcome => ({ learning: { ...learning, note }, entries: null });
  if (heard.chosen === false) return stay(`Hearing ${heard.words} …`);
  if (device !== null && device !== heard.name && !means(device, heard.port)) {
    return stay(`${heard.words} came from “${heard.port}”, and this is “${device}”.`);
  }
  // When all are learnt, the rows below hold what is about to be replaced.
  const others = all ? entries.slice(0, target) : entries;
  const taken = others.findIndex((entry, i) => i !== target && sameControl(entry, heard.entry));
  if (taken >= 0) return stay(`${heard.words} is control ${taken + 1} already. Move another one …`);
  const changed = entries.map((entry, i) => {
    if (i === target) return heard.entry;
    // A row below that has it gets what was here: should learning end now, no control stands twice.
    return i > target && sameControl(entry, heard.entry) ? entries[target]! : entry;
  });
  const next = target + 1;
  const more = all && next < entries.length;
  const note = `Control ${target + 1} is ${heard.words}. ${MOVE}`;
  return { learning: more ? { target: next, all, note } : null, entries: changed };
}

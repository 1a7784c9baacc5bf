/** Which row of a mapping the control that was just moved goes into. */

import type { LearnMessage } from "../protocol";
import { type Entry, sameControl } from "./entries";

export interface Waiting {
  /** The row that waits for a control, from 0. */
  target: number;
  /** The next row follows by itself. */
  all: boolean;
  /** What to do, or why the last movement changed nothing. */
  note: string;
}

export type MovedControl = Omit<LearnMessage, "type" | "value" | "entry" | "number"> & { entry: Entry };

export interface Outcome {
  /** null: no row is left to map. */
  waiting: Waiting | null;
  /** The mapping, if it is another now. */
  entries: Entry[] | null;
}

export const MOVE = "Move the knob, fader or key …";

/** Whether a configured (partial) name means this port. */
export function means(name: string, port: string): boolean {
  return port.toLowerCase().includes(name.toLowerCase());
}

/** Put the control that was moved where it belongs. `device` null: from any port. `called`: what a row's control is. */
export function assign(
  waiting: Waiting,
  entries: readonly Entry[],
  moved: MovedControl,
  device: string | null,
  called: (index: number) => string = (index) => `Control ${index + 1}`,
): Outcome {
  const { target, all } = waiting;
  const stay = (note: string): Outcome => ({ waiting: { ...waiting, note }, entries: null });
  if (moved.chosen === false) return stay(`Receiving ${moved.words} …`);
  if (device !== null && device !== moved.name && !means(device, moved.port)) {
    return stay(`${moved.words} came from “${moved.port}”, and this is “${device}”.`);
  }
  // When all are mapped, the rows below are about to be replaced.
  const others = all ? entries.slice(0, target) : entries;
  const taken = others.findIndex((entry, i) => i !== target && sameControl(entry, moved.entry));
  if (taken >= 0)
    return stay(`${moved.words} is ${called(taken).replace("Control", "control")} already. Move another one …`);
  const changed = entries.map((entry, i) => {
    if (i === target) return moved.entry;
    // A row below that has it gets the entry of this row: no control is mapped twice.
    return i > target && sameControl(entry, moved.entry) ? entries[target]! : entry;
  });
  const next = target + 1;
  const more = all && next < entries.length;
  const note = `${called(target)} is ${moved.words}. ${MOVE}`;
  return { waiting: more ? { target: next, all, note } : null, entries: changed };
}

/** Looking back at what was played, and hearing it again: by finger, by key, by button. */

import { signal } from "@preact/signals";
import { playAgain, soundEngine } from "../../sound/state";
import { notify } from "../../store";
import { wake } from "../../live";
import { memory } from "./keep";
import { looked as within, PAST } from "./view";

/** The moment that is looked at; null: now. */
export const looked = signal<number | null>(null);
export const hearing = signal(false);

/** Where what is heard again began to be heard, until the sound says where it is. */
let waiting: number | null = null;

export function lookAt(at: number): void {
  looked.value = within(at, memory.peek()?.oldest ?? null, performance.now());
  wake();
}

/** Look so many milliseconds further back, or forward. */
export const lookBy = (milliseconds: number): void => lookAt((looked.peek() ?? performance.now()) + milliseconds);

/** Back to now; what is heard again ends. */
export function toNow(): void {
  stopAgain();
  looked.value = null;
  wake();
}

/** Play what was played from `at` to now. */
export async function hearFrom(at: number): Promise<void> {
  const known = memory.peek();
  const now = performance.now();
  const oldest = known?.oldest ?? null;
  if (known === null || oldest === null || oldest >= now || at >= now) return;
  const from = Math.max(at, oldest - 50);
  // What is looked at stands still while it is heard.
  looked.value ??= now;
  hearing.value = true;
  waiting = from;
  const passage = { from, until: now, start: known.stateAt(from), moments: known.moments(from, now) };
  const can = await playAgain(passage);
  if (can) waiting = null;
  else {
    toNow();
    notify("warning", "This browser makes no sound, so nothing can be heard again.");
  }
  wake();
}

/** From the moment that is looked at, or, looking at now, all that is shown. */
export const hearAgain = (): Promise<void> => hearFrom(looked.peek() ?? performance.now() - PAST);

export function stopAgain(): void {
  soundEngine()?.endAgain();
  hearing.value = false;
  waiting = null;
}

/** The moment that is heard again; null: none is. At its end, what is looked at is now. */
export function heardAt(): number | null {
  if (!hearing.peek()) return null;
  if (waiting !== null) return waiting;
  const at = soundEngine()?.againAt ?? null;
  if (at === null) toNow();
  else if (looked.peek() !== null && at > looked.peek()!) looked.value = at;
  return at;
}

/** Errors that last: each part of the page sets its own, one banner shows all of them. */

import { computed, signal } from "@preact/signals";

const known = signal<ReadonlyMap<object, string>>(new Map());

/** Set the error of one part of the page; "": there is none any more. */
export function setTrouble(about: object, text: string): void {
  if ((known.peek().get(about) ?? "") === text) return;
  const others = [...known.peek()].filter(([each]) => each !== about);
  known.value = new Map(text === "" ? others : [...others, [about, text]]);
}

/** Each sentence once, the earliest first. */
export const troubles = computed(() => [...new Set(known.value.values())]);

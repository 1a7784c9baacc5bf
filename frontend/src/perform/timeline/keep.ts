/** What this page has heard of its session, kept from the moment that Perform was opened first. */

import { effect, signal } from "@preact/signals";
import { onStart, onValues } from "../../live";
import { running, session } from "../../store";
import { onTaken, withoutEcho } from "../../sound/taken";
import { Memory } from "./memory";

export const memory = signal<Memory | null>(null);
/** Rises with each mark. */
export const marked = signal(0);

let known = { key: "", marks: 0 };

effect(() => {
  const state = running.value ? session.value.state : null;
  if (state === null) return;
  const key = `${state.pid} ${state.dimension}`;
  const { marks } = state.counters;
  if (key !== known.key) {
    memory.value = new Memory(state.dimension - 1, { performer: state.input, model: state.output });
  } else if (marks > known.marks) {
    memory.peek()?.mark(performance.now());
    marked.value = marked.peek() + 1;
  }
  known = { key, marks };
});

onValues((values, who) => {
  memory.peek()?.record(performance.now(), who, who === "model" ? withoutEcho(values) : values);
});
onStart((values) => memory.peek()?.place(values));
onTaken((values) => memory.peek()?.place(values));

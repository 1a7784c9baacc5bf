/** What the performer takes over where both share the controls: it has sounded already when the model sends it. */

import { live, onValues } from "../live";
import { isShared } from "../modes";
import { session } from "../store";

/** The values that differ; NaN elsewhere. */
export const takenOf = (before: readonly number[], values: readonly number[]): number[] =>
  values.map((value, index) => (value === before[index] ? NaN : value));

/** Call with what the performer has moved, in the modes in which the model's vectors contain it. */
export function onTaken(listener: (values: readonly number[]) => void): () => void {
  let before: readonly number[] = [];
  return onValues((values, who) => {
    if (who !== "performer") return;
    if (isShared(session.value.state?.mode)) listener(takenOf(before, values));
    before = values;
  });
}

/** A vector of the model: where both share the controls, what this page played last instead of an echo behind it. */
export const withoutEcho = (values: readonly number[]): readonly number[] =>
  isShared(session.value.state?.mode) ? live.own.newest(values, performance.now()) : values;

/** Which takes to learn from. */

import type { Take } from "../protocol";
import { learnedSeconds } from "../record/pauses";

/** Takes that something can be learned from at all. */
export const usable = (take: Take) => !take.problem && take.events > 0;

/** The dimensions that there are takes of, the one with most events first; `own` (the config's) before all others. */
export function dimensions(takes: readonly Take[], own: number | null): number[] {
  const events = new Map<number, number>();
  for (const take of takes.filter(usable)) events.set(take.dimension, (events.get(take.dimension) ?? 0) + take.events);
  return [...events.keys()].sort((a, b) => Number(b === own) - Number(a === own) || events.get(b)! - events.get(a)!);
}

/** What is chosen at first: all but those that are excluded. */
export const chosenAtFirst = (takes: readonly Take[]) =>
  new Set(takes.filter((take) => usable(take) && !take.excluded).map(({ name }) => name));

export function sums(takes: readonly Take[]): { takes: number; events: number; seconds: number } {
  return {
    takes: takes.length,
    events: takes.reduce((sum, take) => sum + take.events, 0),
    seconds: takes.reduce((sum, take) => sum + learnedSeconds(take), 0),
  };
}

/** A dataset's statistics in words. */

import type { DatasetStatistics } from "../protocol";
import { about, counted } from "../record/words";

/** A share in words: 86 %, under 1 %. */
export function share(value: number): string {
  if (value > 0 && value < 0.01) return "under 1 %";
  if (value < 1 && value > 0.99) return "over 99 %";
  return `${Math.round(value * 100)} %`;
}

/** Seconds between two events, fine enough for fast playing: 8 ms, 0.12 s, 3 s. */
export function gap(seconds: number): string {
  if (seconds < 0.1) return `${seconds > 0 && seconds < 0.001 ? "under 1" : Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  return about(seconds);
}

/** Whether it is enough to learn from: below the first a model learns little, from the second on it gets good. */
export function enough(events: number): { level: "bad" | "warn" | "good"; words: string } {
  if (events < 1_000) return { level: "bad", words: "too little to learn from" };
  if (events < 10_000) return { level: "warn", words: "enough to begin with" };
  return { level: "good", words: "plenty to learn from" };
}

/** Sentences about a dataset. */
export function sentences(of: DatasetStatistics): string[] {
  if (of.events === 0) return ["There is nothing in it."];
  const [none, one, more] = of.moving;
  const kinds: [number, string][] = [
    [one, "One control moves"],
    [more, "Several controls move at once"],
    [none, "Nothing moves"],
  ];
  const [often, most] = kinds.reduce((a, b) => (b[0] > a[0] ? b : a));
  return [
    `${counted(of.performances, "performance")} with ${counted(of.events, "event")} in ${about(of.seconds)}.`,
    `Usually ${gap(of.time_median)} between two events; the longest pause is ${gap(of.time_longest)}.`,
    `${most} in ${share(often)} of events.`,
  ];
}

/** Bars of a histogram, as shares of the highest one; bins at the ends that hold nothing are left out. */
export function bars(
  edges: readonly number[],
  counts: readonly number[],
): { label: string; share: number; count: number }[] {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return [];
  const last = counts.length - 1 - [...counts].reverse().findIndex((count) => count > 0);
  const top = Math.max(...counts);
  return counts.slice(first, last + 1).map((count, offset) => {
    const at = first + offset;
    const from = edges[at] ?? 0;
    const to = edges[at + 1];
    const label = to === undefined ? `${gap(from)} and longer` : `${gap(from)} to ${gap(to)}`;
    return { label, share: count / top, count };
  });
}

/** Finding a take among many. */

import type { Take } from "../protocol";

export type Order = "newest" | "oldest" | "longest" | "events" | "title";

export const ORDERS: readonly { value: Order; label: string }[] = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
  { value: "longest", label: "Longest first" },
  { value: "events", label: "Most events first" },
  { value: "title", label: "By title" },
];

/** What a take is called: its title, or when it was played. */
export function called(take: Pick<Take, "title" | "name" | "started">): string {
  return take.title || spoken(take.started) || take.name;
}

/** "Tue 26 Sep, 10:00"; "" if that is not known. */
function spoken(iso: string | null): string {
  const date = new Date(iso ?? "");
  if (!iso || Number.isNaN(date.getTime())) return "";
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleString(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year,
    hour: "2-digit",
    minute: "2-digit",
  });
}

const BEFORE: Record<Order, (a: Take, b: Take) => number> = {
  newest: (a, b) => (b.started ?? "").localeCompare(a.started ?? "") || b.name.localeCompare(a.name),
  oldest: (a, b) => (a.started ?? "").localeCompare(b.started ?? "") || a.name.localeCompare(b.name),
  longest: (a, b) => b.seconds - a.seconds,
  events: (a, b) => b.events + b.answers - (a.events + a.answers),
  title: (a, b) => called(a).localeCompare(called(b), undefined, { numeric: true }),
};

/** Those with every word of `text` in title, name or tags, and all of `tags`. What is recorded now comes first. */
export function found(takes: readonly Take[], text: string, tags: readonly string[], order: Order): Take[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const before = BEFORE[order];
  return takes
    .filter((take) => {
      const held = [called(take), take.name, ...take.tags].join(" ").toLowerCase();
      return words.every((word) => held.includes(word)) && tags.every((tag) => take.tags.includes(tag));
    })
    .sort((a, b) => Number(b.live) - Number(a.live) || before(a, b) || BEFORE.newest(a, b));
}

/** The last part of a path, whichever system wrote it. */
export const fileName = (path: string) => path.split(/[/\\]/).pop() ?? path;

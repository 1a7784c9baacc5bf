/** Which time is where. Times are the page's milliseconds, places pixels of the page. */

import { AHEAD as PLANNED } from "../../plan";

/** So much is shown before the moment that is looked at, and after it. */
export const PAST = 20_000;
export const AHEAD = 1000 * PLANNED;
/** With reduced motion the picture moves on in steps. */
const STILL_STEP = 2000;
/** Nearer to now is now. */
const SNAP = 150;

/** The moment at the line: now, or the one that is looked at. */
export function headOf(looked: number | null, now: number, still: boolean): number {
  if (looked !== null) return looked;
  return still ? Math.ceil(now / STILL_STEP) * STILL_STEP : now;
}

export const millisecondsPerPixel = (width: number): number => (PAST + AHEAD) / Math.max(1, width);

/** Where a time is, while `head` is at the line. */
export const placeOf = (time: number, head: number, width: number): number =>
  (time - head + PAST) / millisecondsPerPixel(width);

export const timeAt = (place: number, head: number, width: number): number =>
  head - PAST + place * millisecondsPerPixel(width);

/** The moment to look at within what is known; null: now. */
export function looked(at: number, oldest: number | null, now: number): number | null {
  if (oldest === null) return null;
  const within = Math.max(oldest, at);
  return within >= now - SNAP ? null : within;
}

export const secondsAgo = (at: number, now: number): number => Math.max(0, Math.round((now - at) / 1000));

/** 5 seconds ago, 2:05 minutes ago. */
export function agoText(seconds: number): string {
  if (seconds < 60) return `${seconds} second${seconds === 1 ? "" : "s"} ago`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} minutes ago`;
}

/** What a screen reader says. */
export function spoken(where: string, counts: { performer: number; model: number; marks: number }): string {
  const times = (count: number) => `${count} movement${count === 1 ? "" : "s"}`;
  const marks = counts.marks > 0 ? `, ${counts.marks} mark${counts.marks === 1 ? "" : "s"}` : "";
  return `${where}; in the 20 seconds before: you ${times(counts.performer)}, the model ${times(counts.model)}${marks}`;
}

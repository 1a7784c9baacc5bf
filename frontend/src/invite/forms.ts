/** What an invitation is made of, as somebody types it. */

import type { Invitation } from "../protocol";

export type Seats = "all" | "some" | "turns";

/** The controls (from 0) that a text such as "3, 4, 6-8" names; null: it is no such text, or names others. */
export function controlsIn(text: string, count: number): number[] | null {
  const found = new Set<number>();
  for (const part of text.split(",").map((each) => each.trim())) {
    const range = /^(\d{1,4})(?:\s*[-–]\s*(\d{1,4}))?$/.exec(part);
    if (range === null) return null;
    const first = Number(range[1]);
    const last = Number(range[2] ?? range[1]);
    if (first < 1 || last < first || last > count) return null;
    for (let control = first; control <= last; control += 1) found.add(control - 1);
  }
  return [...found];
}

/** A code as it is read aloud and written on a wall. */
export const spaced = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;

const one = (count: number) => (count === 1 ? "" : "s");

/** What an invitation is for, in a few words. */
export function wordsOf({ role, controls, each, workshop }: Invitation): string {
  if (workshop) return "An instrument each";
  if (role === "watch") return "Watch";
  if (role === "all") return "All";
  if (controls === null) return "Play, all faders";
  if (each !== null) return `Play, ${each} fader${one(each)} each of ${controls.length}`;
  return `Play, fader${one(controls.length)} ${controls.map((index) => index + 1).join(", ")}`;
}

/** For how long it lets somebody in, and who came. */
export function standingOf({ seconds, guests, here }: Invitation): string {
  const hours = Math.round(seconds / 3600);
  const left = seconds <= 0 ? "over" : hours >= 1 ? `for ${hours} h` : `for ${Math.ceil(seconds / 60)} min`;
  const came = guests === 0 ? "nobody came yet" : `${guests} came, ${here} here now`;
  return `${left}; ${came}`;
}

/** The addresses to choose from: that of this very page first, if others can reach it. */
export function addressesOf(known: readonly string[], origin: string): string[] {
  const { hostname } = new URL(origin);
  const here = /^(localhost|127\..*|\[::1\])$/.test(hostname) ? [] : [`${origin}/`];
  return [...new Set([...here, ...known])].filter((each) => !/^https?:\/\/(127\.|\[::1\])/.test(each));
}

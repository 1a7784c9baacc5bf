/** Where the beat is, and in words whose it is. */

import type { State } from "../protocol";

export type Clock = State["clock"];

/** The beat, `elapsed` ms after this was so; a beat of exactly 0 stands still. */
export const beatAt = (clock: Clock, elapsed: number): number | null =>
  clock.beat === 0 ? null : clock.beat + (elapsed / 60_000) * clock.tempo;

const FADES = 3; // times as fast as a beat passes

/** How bright a light is that flashes on each beat: 0.15 to 1, and 1 only on the first of four. */
export function brightness(beat: number | null): number {
  if (beat === null) return 0.15;
  const phase = beat - Math.floor(beat);
  const most = ((Math.floor(beat) % 4) + 4) % 4 === 0 ? 1 : 0.7;
  return 0.15 + (most - 0.15) * Math.max(0, 1 - FADES * phase);
}

const WORDS: Record<string, { locked: string; free: string }> = {
  internal: { locked: "its own tempo", free: "its own tempo" },
  midi: { locked: "follows MIDI clock", free: "no MIDI clock comes" },
  link: { locked: "shared by Link", free: "Link: nobody else yet" },
};

export const clockWords = (clock: Clock): string => WORDS[clock.source]?.[clock.locked ? "locked" : "free"] ?? "";

/**
 * Which control does what in the sound, for any number of controls.
 *
 * Controls are taken in groups of eight: five that play pitches, then one each for timbre, space and motion of their
 * group. Few controls share one group, and pitch comes first. Controls that are notes already play notes.
 */

export type Role = "pitch" | "timbre" | "space" | "motion" | "note" | "velocity";

export interface Part {
  index: number;
  role: Role;
  /** Which group it belongs to; what it shapes is that group. */
  group: number;
  /** Where it is among all pitches, from 0 (lowest) to 1 (highest). */
  height: number;
  /** Where it is among all controls, from -1 (left) to 1 (right). */
  side: number;
}

export const ROLE_WORDS: Record<Role, string> = {
  pitch: "pitch",
  timbre: "brightness",
  space: "space",
  motion: "motion",
  note: "notes",
  velocity: "how hard",
};

const GROUPS: Record<number, readonly Role[]> = {
  1: ["pitch"],
  2: ["pitch", "timbre"],
  3: ["pitch", "timbre", "space"],
  4: ["pitch", "pitch", "timbre", "space"],
  5: ["pitch", "pitch", "timbre", "space", "motion"],
  6: ["pitch", "pitch", "pitch", "timbre", "space", "motion"],
  7: ["pitch", "pitch", "pitch", "pitch", "timbre", "space", "motion"],
  8: ["pitch", "pitch", "pitch", "pitch", "pitch", "timbre", "space", "motion"],
};
const FULL = 8;
const SHAPING: readonly Role[] = ["timbre", "space", "motion"];

/** The parts of controls of these kinds (see `Control.kind`), in their order. */
export function partsOf(kinds: readonly string[]): Part[] {
  const plain = kinds.flatMap((kind, index) => (kind === "note" || kind === "velocity" ? [] : [index]));
  const roles = new Map<number, { role: Role; group: number }>();
  kinds.forEach((kind, index) => {
    if (kind === "note" || kind === "velocity") roles.set(index, { role: kind, group: 0 });
  });
  // Where notes are played, the first others shape them.
  const shaping = kinds.includes("note") ? plain.splice(0, SHAPING.length) : [];
  shaping.forEach((index, place) => roles.set(index, { role: SHAPING[place]!, group: 0 }));
  const first = roles.size > 0 ? 1 : 0;
  for (let start = 0; start < plain.length; start += FULL) {
    const members = plain.slice(start, start + FULL);
    members.forEach((index, place) =>
      roles.set(index, { role: GROUPS[members.length]![place]!, group: first + start / FULL }),
    );
  }
  const pitches = kinds.flatMap((_, index) => (roles.get(index)!.role === "pitch" ? [index] : []));
  return kinds.map((_, index) => ({
    index,
    ...roles.get(index)!,
    height: pitches.length > 1 ? Math.max(0, pitches.indexOf(index)) / (pitches.length - 1) : 0.4,
    side: kinds.length > 1 ? (2 * index) / (kinds.length - 1) - 1 : 0,
  }));
}

/** How many groups there are. */
export const groupsOf = (parts: readonly Part[]): number => Math.max(0, ...parts.map((part) => part.group)) + 1;

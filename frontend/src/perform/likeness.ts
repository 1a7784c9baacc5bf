/** What was learned from one's playing, in words. */

import { duration } from "../format";
import { timeLeft } from "../learn/words";
import type { LearningState, OwnModel, State } from "../protocol";
import { counted } from "../record/words";

/** Nats an event from which a difference counts, and from which it is large. */
const SLIGHT = 0.05;
const LARGE = 0.5;

/** How much better it foresees the last phrases than before, as the end of a sentence that begins with "it". */
export function gainWords(gain: number): string {
  if (Math.abs(gain) < SLIGHT) return "foresees your last phrases about as well as before";
  if (gain >= LARGE) return "foresees your last phrases much better than before";
  if (gain > 0) return "foresees your last phrases better than before";
  return "does not foresee your last phrases as well as before";
}

/** What the performer decides about, and by what. */
export function readyWords({ before, gain }: Pick<OwnModel, "before" | "gain">): string {
  if (before === "") return "It plays like you now. Keep it, so that it does after the next start, too.";
  if (gain === null) return "The new model is there. Listen to both, and decide.";
  const words = `The new model ${gainWords(gain)}.`;
  return gain > 0 ? `${words} Listen to both, and decide.` : `${words} More playing helps. Listen to both, and decide.`;
}

/** Events from which a model learns something; `impsy.web.jobs.own_record` says the same. */
const ENOUGH = 1000;

/** What the button does, and how much playing that takes. `heard`: events of this session; null: it is not known. */
export function idleWords(heard: number | null): string {
  const does = "It learns from what you played today, which takes a minute or so, and plays on meanwhile.";
  if (heard === null || heard >= ENOUGH) return does;
  return `${does} It takes ${counted(ENOUGH, "event")}; this session has ${heard.toLocaleString("en")} so far.`;
}

/** What it does now. */
export function workWords(own: Pick<OwnModel, "stopping" | "sentence" | "stage" | "progress" | "waiting">): string {
  if (own.stopping) return "Stopping …";
  if (own.waiting) return `${own.sentence}. It waits for the processor: other programs keep this machine busy …`;
  const slow = own.stage === "training" && own.progress === null ? ". The first step takes a while" : "";
  return `${own.sentence}${slow} …`;
}

/** The remaining time of the training, or how long it has gone on; empty: neither is known. */
export const leftWords = ({ left, seconds }: Pick<OwnModel, "left" | "seconds">): string =>
  timeLeft(left) || (seconds === null ? "" : `for ${duration(seconds)}`);

export const works = ({ stage }: Pick<OwnModel, "stage">): boolean => stage !== "idle" && stage !== "ready";

/** What learning while playing has come to. */
export function learningWords({ on, base, events, gain, words }: LearningState): string {
  if (!on || gain === null || base === "") return words;
  return `It has learned from ${counted(events, "event")} of yours, and ${gainWords(gain)}.`;
}

/** Two models to hear one after the other, by the names of their files. */
export interface Pair {
  before: string;
  now: string;
}

/**
 * The model that was saved while it learned, and the one before it, if both are among `files`. Loading one of them makes the
 * session forget that they belong together, so the pair is kept until another model plays.
 */
export function pairOf(state: Pick<State, "model" | "learning">, files: readonly string[], kept: Pair | null) {
  const { base = "", kept: saved = "" } = state.learning ?? {};
  if (files.includes(base) && files.includes(saved)) return { before: base, now: saved };
  return kept !== null && whichPlays(state, kept) !== null ? kept : null;
}

/** Which of the two plays; what was learned from one of them and not saved counts as that one. */
export function whichPlays({ model, learning }: Pick<State, "model" | "learning">, pair: Pair): keyof Pair | null {
  const plays = [model, learning?.kept, learning?.base].find((name) => name && [pair.now, pair.before].includes(name));
  return plays === undefined ? null : plays === pair.now ? "now" : "before";
}

/** What was learned from one's playing, in words. */

import { timeLeft } from "../learn/words";
import type { Learning, OwnModel } from "../protocol";
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

/** What it does now. */
export function workWords(own: Pick<OwnModel, "stopping" | "sentence" | "stage" | "progress">): string {
  if (own.stopping) return "Stopping …";
  const slow = own.stage === "training" && own.progress === null ? ". The first step takes a while" : "";
  return `${own.sentence}${slow} …`;
}

/** The remaining time of the training; empty: not known. */
export const leftWords = ({ left }: Pick<OwnModel, "left">): string => timeLeft(left);

export const works = ({ stage }: Pick<OwnModel, "stage">): boolean => stage !== "idle" && stage !== "ready";

/** What learning while playing has come to. */
export function learningWords({ on, events, updates, gain }: Learning): string {
  if (!on && updates === 0) return "Off: its model stays as it is.";
  if (events === 0) return "It learns from what you play from now on.";
  const from = `It has learned from ${counted(events, "event")} of yours`;
  if (updates === 0) return `${from}, and does not foresee you better yet.`;
  return gain === null ? `${from}.` : `${from}, and ${gainWords(gain)}.`;
}

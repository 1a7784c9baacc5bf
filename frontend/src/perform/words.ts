/** What goes on, in words. */

import { isShared, type Way, wayOf } from "../modes";
import { shown } from "./values";
import type { Next, PortHealth, State, VoiceState } from "../protocol";

export interface Banner {
  /** Whose colour it has. */
  who: "performer" | "model" | "both" | "nobody";
  words: string;
}

/** Where it does not depend on whose turn it is. */
const BY_WAY: Partial<Record<Way, Banner>> = {
  never: { who: "performer", words: "You play, it records" },
  always: { who: "model", words: "The model plays by itself" },
  "each event": { who: "both", words: "You play together" },
};

/** Who plays, as a sentence. */
export function bannerOf(state: Pick<State, "mode" | "paused" | "turn" | "voices">): Banner {
  if (state.paused) return { who: "nobody", words: "Paused: the model neither listens nor plays" };
  const whole = !state.voices?.length;
  if (whole && isShared(state.mode))
    return state.turn === "performer"
      ? { who: "performer", words: "All of it is yours: the model waits" }
      : { who: "both", words: "You play together: what you move is yours" };
  const always = whole ? BY_WAY[wayOf(state.mode)] : undefined;
  if (always) return always;
  if (state.turn === "model") return { who: "model", words: "The model plays" };
  if (state.turn === "both") return { who: "both", words: "You play together" };
  if (state.turn === "performer") return { who: "performer", words: "You play, the model listens" };
  return { who: "nobody", words: "Your turn: move a fader" };
}

/** Seconds from which a wait is called thinking. */
const THINKING = 1;

/** Numbers with those that follow each other as a range: 1-4, 7. */
export function rangesText(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

const VOICE_WORDS: Record<VoiceState["turn"], string> = {
  model: "plays",
  both: "adds to what it hears",
  performer: "listens",
  nobody: "rests",
};

/** What a voice does now. */
export const voiceWords = ({ mode, turn }: Pick<VoiceState, "mode" | "turn">): string =>
  wayOf(mode) === "never" && turn !== "nobody" ? "is yours" : VOICE_WORDS[turn];

/**
 * What comes next, `left` seconds from now; empty: not known. The ring shows the time. `longest`: the longest wait that
 * the settings allow, 0 without a limit.
 */
export function nextWords(what: Next["what"], left: number | null, longest = 0): string {
  if (what === null || left === null || left < -0.5) return "";
  if (what === "answer") return "The model answers";
  if (left <= THINKING) return "The model's next event";
  return longest > 0 ? `The model thinks, at most ${shown(longest)} s` : "The model thinks";
}

/** The longest wait that the settings allow; empty: there is no limit. */
export const limitWords = (longest: number): string =>
  longest > 0 ? `No wait is longer than ${secondsText(longest)} (Longest wait)` : "";

/** 0.3 s, 12 s, 2 min. */
export function secondsText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  return seconds < 100 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** How full the ring is, 1 at the beginning of the wait and 0 at its end. Very short waits would only flicker. */
export function ringOf(total: number | null, left: number | null): number {
  if (total === null || left === null || left <= 0) return 0;
  return Math.min(1, left / Math.max(total, 0.4));
}

export const PORT_WORDS: Record<PortHealth["state"], { word: string; tone: "good" | "warn" | "bad" | "idle" }> = {
  receiving: { word: "receiving", tone: "good" },
  open: { word: "ready", tone: "good" },
  waiting: { word: "waiting", tone: "warn" },
  closed: { word: "closed", tone: "idle" },
};

/** A port's health: an error comes before all else. */
export const healthOf = (port: Pick<PortHealth, "state" | "error">) =>
  port.error ? { word: "trouble", tone: "bad" as const } : (PORT_WORDS[port.state] ?? PORT_WORDS.closed);

/** Milliseconds: two digits that count. */
export const millisecondsText = (value: number): string =>
  value < 0.005 ? "0 ms" : `${value < 10 ? value.toFixed(2).replace(/\.?0+$/, "") : Math.round(value)} ms`;

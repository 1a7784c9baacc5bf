/**
 * What changes at the rate of the screen: values in and out, and the model's plan.
 *
 * Kept outside of signals: a fader's place is set straight on its element, sixty times a second at most, and nothing
 * is drawn when nothing moved.
 */

import { OwnPlaying } from "./own";
import { Plan } from "./plan";
import { connection, on, send } from "./socket";
import type { Next } from "./protocol";

export const live = {
  input: [] as number[],
  output: [] as number[],
  next: null as Next | null,
  /** When `next` came, in the page's milliseconds. */
  nextAt: 0,
  plan: new Plan(),
  own: new OwnPlaying(),
};

type Frame = (now: number) => boolean | void;

const frames = new Set<Frame>();
let asked = 0;

/** Draw at the next frame. */
export function wake(): void {
  if (asked === 0 && frames.size > 0) asked = requestAnimationFrame(draw);
}

function draw(now: number): void {
  asked = 0;
  let again = false;
  for (const frame of frames) again = frame(now) === true || again;
  if (again) wake();
}

/** Call `frame` whenever something moved; if it returns true, at the frame after too. Returns how to end that. */
export function onFrame(frame: Frame): () => void {
  frames.add(frame);
  wake();
  return () => void frames.delete(frame);
}

/**
 * Called at once for each vector, in or out: for sound, which cannot wait for a frame. What this page plays comes here
 * before it is sent, and not again with the session's echo.
 */
type Sounding = (values: readonly number[], who: "performer" | "model") => void;
const sounding = new Set<Sounding>();

export function onValues(listener: Sounding): () => void {
  sounding.add(listener);
  return () => void sounding.delete(listener);
}

/** Called with where a player's controls are when the page learns it: nobody has moved them there just now. */
type Known = (values: readonly number[], who: "performer" | "model") => void;
const knowing = new Set<Known>();

export function onKnown(listener: Known): () => void {
  knowing.add(listener);
  return () => void knowing.delete(listener);
}

/** A session begins, or is found: its controls are there. */
export function know(input: number[], output: number[]): void {
  Object.assign(live, { input, output, own: new OwnPlaying() });
  for (const listener of knowing) {
    listener(input, "performer");
    listener(output, "model");
  }
}

/** Called with the values from which an answer of the model goes on, before its first event. They are not played. */
const starting = new Set<(values: readonly number[]) => void>();

export function onStart(listener: (values: readonly number[]) => void): () => void {
  starting.add(listener);
  return () => void starting.delete(listener);
}

on("start", ({ values }) => {
  for (const listener of starting) listener(values);
});
on("in", ({ values }) => {
  live.input = values;
  const now = live.own.hear(values, performance.now());
  for (const listener of sounding) listener(now, "performer");
  wake();
});
on("out", ({ values }) => {
  live.output = values;
  for (const listener of sounding) listener(values, "model");
  wake();
});
on("next", (next) => {
  live.next = next;
  live.nextAt = performance.now();
  live.plan.take(next, live.nextAt);
  wake();
});

/** There is still a finger on these controls (from 0). */
export const touch = (controls: number[]): unknown => send({ type: "touch", controls });

/** Play: set controls (index from 0) to values in [0, 1]. Many in one frame make one event. */
const waiting = new Map<number, number>();
let flushing = false;

export function play(index: number, value: number): void {
  waiting.set(index, Math.min(1, Math.max(0, value)));
  if (flushing) return;
  flushing = true;
  // Fingers that move together arrive in one task: they are one gesture. A frame would be 16 ms late.
  queueMicrotask(() => {
    flushing = false;
    const changes = [...waiting];
    waiting.clear();
    if (connection.peek() === "open") {
      const now = live.own.play(changes, performance.now());
      for (const listener of sounding) listener(now, "performer");
    }
    send({ type: "play", changes });
  });
}

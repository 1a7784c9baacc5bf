/** Whether the stage view is shown: asked for, or by itself where the screen is too short for the page. */

import { computed, signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { isTyping } from "../keys";
import { stayAwake } from "./awake";

/** A phone on its side, or one with very large text. */
const SHORT = matchMedia("(max-height: 480px) and (pointer: coarse)");

const asked = signal(false);
const short = signal(false);
/** Left by hand: it does not come back by itself until the screen has been turned. */
const left = signal(false);

export const staged = computed(() => asked.value || (short.value && !left.value));

const isFull = (): boolean => document.fullscreenElement !== null;

/** Whether the browser can show the page alone, and does not yet. */
export const full = signal(isFull());
export const canFill = (): boolean => document.fullscreenEnabled === true;

/** Leaving the full screen was requested here. The browser reports it later, perhaps after the stage was entered again. */
let ending = false;

/** By a click or a key: browsers allow it only then, and some never. */
export function fillScreen(): void {
  if (canFill() && !isFull())
    document.documentElement.requestFullscreen({ navigationUI: "hide" }).catch(() => undefined);
}

export function enterStage(): void {
  asked.value = true;
  left.value = false;
  fillScreen();
}

export function leaveStage(): void {
  asked.value = false;
  left.value = short.value;
  if (!isFull()) return;
  ending = true;
  void document.exitFullscreen().catch(() => (ending = false));
}

export const toggleStage = (): void => (staged.peek() ? leaveStage() : enterStage());

/** Something is typed, or a dialog is open: a keyboard on the screen makes it short, and that is no stage. */
function isBusy(): boolean {
  const active = document.activeElement;
  return (
    document.querySelector("dialog[open]") !== null ||
    (active instanceof HTMLElement && isTyping(active.tagName, (active as HTMLInputElement).type))
  );
}

/** Follow the screen for as long as Perform is shown; leave the stage with it. `ready`: there are faders to show. */
export function useStage(ready: boolean): void {
  useLayoutEffect(() => {
    const measure = () => {
      if (SHORT.matches && isBusy()) return;
      if (!SHORT.matches) left.value = false;
      short.value = SHORT.matches;
    };
    const filled = () => {
      // Browsers leave the full screen by Escape and tell nobody about the key.
      if (full.peek() && !isFull() && asked.peek() && !ending) leaveStage();
      full.value = isFull();
      if (!isFull()) ending = false;
    };
    measure();
    SHORT.addEventListener("change", measure);
    document.addEventListener("fullscreenchange", filled);
    return () => {
      SHORT.removeEventListener("change", measure);
      document.removeEventListener("fullscreenchange", filled);
      if (asked.peek()) leaveStage();
      left.value = short.value = false;
    };
  }, []);
  const on = staged.value && ready;
  useLayoutEffect(() => {
    if (!on) return;
    document.documentElement.dataset["stage"] = "";
    const endAwake = stayAwake();
    return () => {
      delete document.documentElement.dataset["stage"];
      endAwake();
    };
  }, [on]);
}

/** Whether the page sounds, and how; small, for every page. What makes the sound is loaded when it is wanted. */

import { computed, effect, signal } from "@preact/signals";
import { live, onKnown, onStart, onValues } from "../live";
import { overview, panics, running, session } from "../store";
import type { ControlKind } from "../protocol";
import type { Passage } from "./again";
import type { LiveSound } from "./live";
import { parseSettings, type SoundSettings, withTempo } from "./settings";
import { onTaken, withoutEcho } from "./taken";

const KEPT_AS = "impsy.sound";

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null; // storage is off
  }
}

export const sound = signal<SoundSettings>(parseSettings(kept()));

/** `off`: muted, or never started; `missing`: this browser cannot. */
export const sounding = signal<"off" | "starting" | "on" | "missing">("off");

/** The tempo that the session shares with others; null: beat and echo have one of their own. */
export const sharedTempo = computed(() => {
  const clock = running.value ? session.value.state?.clock : undefined;
  return clock === undefined || clock.source === "off" ? null : clock.tempo;
});

const settingsNow = (): SoundSettings => withTempo(sound.value, sharedTempo.value);

let engine: LiveSound | null = null;

/** What makes the sound, once it was started. */
export const soundEngine = (): LiveSound | null => engine;

/** Change how it sounds; kept for next time. */
export function setSound(change: Partial<SoundSettings>): void {
  sound.value = { ...sound.value, ...change };
  engine?.set(settingsNow());
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(sound.value));
  } catch {
    // The choice holds until the page is closed.
  }
}

/** The kinds of all controls; "value" where the configuration has none. */
export function kindsNow(): ControlKind[] {
  const controls = overview.value?.controls ?? [];
  if (controls.length > 0) return controls.map((control) => control.kind);
  const count = (session.value.state?.dimension ?? 0) - 1;
  return Array<ControlKind>(Math.max(1, count, live.input.length, live.output.length)).fill("value");
}

async function begin(on = true): Promise<void> {
  if (typeof AudioContext === "undefined") {
    sounding.value = "missing";
    return;
  }
  sounding.value = "starting";
  // Made before anything is waited for: some browsers want that in the click itself.
  const context = new AudioContext({ latencyHint: "interactive" });
  void context.resume();
  try {
    const { LiveSound } = await import("./live");
    engine = new LiveSound(context, settingsNow(), kindsNow(), { performer: live.input, model: live.output });
  } catch {
    sounding.value = "off";
    void context.close();
    return;
  }
  onValues((values, who) => engine?.play(who === "model" ? withoutEcho(values) : values, who));
  onKnown((values, who) => engine?.place(values, who));
  onStart((values) => engine?.place(values, "model"));
  onTaken((values) => engine?.place(values, "model"));
  engine.mute(!on);
  sounding.value = on ? "on" : "off";
}

/** Play a passage again, whether the sound is on or off; returns whether this browser can. To be called by a click. */
export async function playAgain(passage: Passage): Promise<boolean> {
  if (engine === null && sounding.value === "off") await begin(false);
  engine?.playAgain(passage);
  return engine !== null;
}

/** To be called by a click or a key: browsers start no sound without. */
export async function turnSound(on: boolean): Promise<void> {
  setSound({ on });
  if (engine === null) {
    if (on && sounding.value === "off") await begin();
    return;
  }
  engine.mute(!on);
  sounding.value = on ? "on" : "off";
}

export const toggleSound = (): Promise<void> => turnSound(sounding.value !== "on");

effect(() => {
  const kinds = kindsNow();
  engine?.setKinds(kinds);
});

effect(() => {
  const settings = settingsNow();
  engine?.set(settings);
});

effect(() => {
  if (panics.value > 0) engine?.silence();
});

/** Whether the first touch or key anywhere turns the sound on. */
export const waitsForTouch = signal(false);

/** Have the first touch or key turn the sound on, unless it was turned off by hand before. */
export function startWithFirstTouch(): void {
  const wanted = (): boolean => sound.value.on || kept() === null;
  if (!wanted() || waitsForTouch.value) return;
  waitsForTouch.value = true;
  const first = (event: Event) => {
    if (event.target instanceof Element && event.target.closest("[data-sound-button]")) return;
    for (const name of TOUCHES) removeEventListener(name, first, true);
    if (wanted() && engine === null) void turnSound(true);
    waitsForTouch.value = false;
  };
  // A finger counts for browsers when it is lifted, a mouse when it is pressed.
  const TOUCHES = ["mousedown", "pointerup", "keydown"] as const;
  for (const name of TOUCHES) addEventListener(name, first, true);
}

// If the sound was on when the page was left, the first touch turns it on again.
if (sound.value.on) startWithFirstTouch();

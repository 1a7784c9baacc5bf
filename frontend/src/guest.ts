/** What this page may do: everything, unless somebody came by an invitation. */

import { computed, signal } from "@preact/signals";
import type { GuestFacts } from "./protocol";
import { on } from "./socket";

const OWNER: GuestFacts = { role: "all", controls: null, instrument: null };

export const guest = signal<GuestFacts>(OWNER);

/** Whether the first message has come, which says who this is. */
export const isKnown = signal(false);

on("hello", (hello) => {
  guest.value = hello.guest ?? OWNER;
  isKnown.value = true;
});

/** Whoever started IMPSY, or was invited to do all. */
export const isOwner = computed(() => guest.value.role === "all");
/** Whether this page commands the session: modes, settings, pauses. */
export const commands = computed(() => isOwner.value || guest.value.role === "own");
/** Whether this page plays. */
export const plays = computed(() => guest.value.role !== "watch");

/** Whether a control (from 0) may be moved here. */
export const isMine = (index: number): boolean =>
  plays.value && (guest.value.controls === null || guest.value.controls.includes(index));

/** What keys do that those who play may do, and those who watch. */
const PLAYING: readonly string[] = ["glide", "focus", "bank", "panic"];
const WATCHING: readonly string[] = ["help", "stage"];

export const mayDo = (action: string): boolean =>
  commands.value || (plays.value && PLAYING.includes(action)) || WATCHING.includes(action);

const AND = new Intl.ListFormat("en", { type: "conjunction" });

/** Who somebody is here, in a sentence; empty for the owner. `names`: of the controls. */
export function whoYouAre({ role, controls, instrument }: GuestFacts, names: readonly string[]): string {
  if (role === "all") return "";
  if (role === "watch") return "You watch: others play.";
  if (instrument !== null) return `Instrument ${instrument} is yours alone.`;
  if (controls === null) return "You play: all faders are yours and the others'.";
  const mine = controls.map((index) => {
    const name = names[index];
    return name === undefined || name === `x ${index + 1}` ? String(index + 1) : `${index + 1} (${name})`;
  });
  return `You are ${AND.format(mine)}.`;
}

/** The ports of the machine, read every two seconds while the page is visible. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get } from "../api";
import { session, version } from "../store";
import { means } from "./assign";
import type { Devices } from "../protocol";

export const devices = signal<Devices | null>(null);
export const devicesTrouble = signal("");

const EVERY = 2000;
let asking = false;

async function look(): Promise<void> {
  if (asking || document.hidden) return;
  asking = true;
  try {
    const answer = await get<Devices>("/api/devices");
    // An equal answer renders nothing.
    if (JSON.stringify(answer) !== JSON.stringify(devices.value)) devices.value = answer;
    devicesTrouble.value = "";
  } catch (error) {
    devicesTrouble.value = (error as Error).message;
  } finally {
    asking = false;
  }
}

/** The parts of the page that show ports now. */
let watching = 0;
let timer: ReturnType<typeof setInterval> | undefined;

function watch(): () => void {
  watching += 1;
  if (watching === 1) {
    timer = setInterval(() => void look(), EVERY);
    document.addEventListener("visibilitychange", look);
  }
  return () => {
    watching -= 1;
    if (watching > 0) return;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}

export function useDevices(): void {
  const rises = version("devices").value;
  useEffect(() => void look(), [rises]);
  useEffect(watch, []);
}

/** The MIDI ports that are there, by the names that a configuration should have. */
export const midiNames = (way: "input" | "output"): { name: string }[] =>
  (devices.value?.midi[way === "input" ? "inputs" : "outputs"] ?? []).map((each) => ({
    name: each.short || each.name,
  }));

export const serialNames = (): { name: string; more: string }[] =>
  (devices.value?.serial ?? []).map((each) => ({ name: each.stable || each.name, more: each.description }));

export interface Health {
  level: "good" | "waiting" | "bad" | "off";
  words: string;
}

/** How the MIDI port with a configured name is doing: by the session that plays it, or else whether it is there. */
export function midiHealth(name: string, way: "input" | "output"): Health {
  if (name === "") return { level: "off", words: "no name yet" };
  if (name.startsWith("virtual:")) return { level: "good", words: "a port that IMPSY makes" };
  const { status, state } = session.value;
  const label = `midi ${way === "input" ? "in" : "out"} ${name}`;
  const port = status === "running" ? state?.ports.find((each) => each.name === label) : undefined;
  if (port) return portHealth(port.state, port.error || port.detail);
  const { midi } = devices.value ?? {};
  if (!midi) return { level: "off", words: "" };
  if (midi.error) return { level: "bad", words: midi.error };
  const present = (way === "input" ? midi.inputs : midi.outputs).some((each) => means(name, each.name));
  return present ? { level: "good", words: "plugged in" } : { level: "waiting", words: "not plugged in" };
}

/** How the port of a serial section is doing. */
export function serialHealth(name: string, section: "serial" | "serialmidi"): Health {
  if (name === "") return { level: "off", words: "no port yet" };
  const running = sectionHealth(section);
  if (running) return running;
  if (!devices.value) return { level: "off", words: "" };
  const present = devices.value.serial.some((each) => each.name === name || each.stable === name);
  return present ? { level: "good", words: "plugged in" } : { level: "waiting", words: "not plugged in" };
}

/** How a section's port is doing in the session that runs; null: none runs, or it has no such port. */
export function sectionHealth(section: string): Health | null {
  const { status, state } = session.value;
  const port = status === "running" ? state?.ports.find((each) => each.name === section) : undefined;
  return port ? portHealth(port.state, port.error || port.detail) : null;
}

const STATES: Record<string, Health> = {
  receiving: { level: "good", words: "receiving" },
  open: { level: "good", words: "open" },
  waiting: { level: "waiting", words: "waiting for it to be plugged in" },
  closed: { level: "bad", words: "closed" },
};

function portHealth(state: string, more: string): Health {
  const { level, words } = STATES[state] ?? STATES["closed"]!;
  return { level, words: level === "good" || !more ? words : more };
}

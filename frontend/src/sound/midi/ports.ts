/** The browser's own MIDI ports: one that plays, one that is played. Works on whatever page is shown. */

import { effect, signal } from "@preact/signals";
import { live, onStart, onValues, play } from "../../live";
import { overview, panics } from "../../store";
import { playedNote } from "../player";
import { scaleOf } from "../scales";
import { kindsNow, sound, sounding } from "../state";
import { onTaken, withoutEcho } from "../taken";
import { MidiInput, MidiOutput, type SendAs, targetsOf } from "./messages";

/** `refused`: by the player or the browser; `broken`: it may be used, but this machine has no MIDI that works. */
export type MidiState = "unasked" | "asking" | "ready" | "refused" | "broken" | "missing";

export interface PortInfo {
  id: string;
  name: string;
}

export interface MidiChoice {
  /** Names of the ports; "": none. */
  input: string;
  output: string;
  as: SendAs;
  channel: number;
  assigned: [string, number][];
}

const KEPT_AS = "impsy.midi";
const EXPIRE_EVERY = 500; // ms
const NOTHING: MidiChoice = { input: "", output: "", as: "config", channel: 1, assigned: [] };

/** A choice from the stored text. */
export function parseChoice(text: string | null): MidiChoice {
  try {
    const kept = (JSON.parse(text ?? "null") ?? {}) as Record<string, unknown>;
    const channel = Number(kept["channel"]);
    const assigned = Array.isArray(kept["assigned"]) ? (kept["assigned"] as unknown[]) : [];
    return {
      input: typeof kept["input"] === "string" ? kept["input"] : "",
      output: typeof kept["output"] === "string" ? kept["output"] : "",
      as: (["config", "controls", "notes"] as const).find((each) => each === kept["as"]) ?? "config",
      channel: Number.isInteger(channel) && channel >= 1 && channel <= 16 ? channel : 1,
      assigned: assigned.filter(
        (pair): pair is [string, number] =>
          Array.isArray(pair) && typeof pair[0] === "string" && Number.isInteger(pair[1]),
      ),
    };
  } catch {
    return NOTHING;
  }
}

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT_AS);
  } catch {
    return null;
  }
}

export const midiState = signal<MidiState>("requestMIDIAccess" in navigator ? "unasked" : "missing");
export const inputs = signal<PortInfo[]>([]);
export const outputs = signal<PortInfo[]>([]);
export const choice = signal<MidiChoice>(parseChoice(kept()));
/** The controls that were moved last: words, and the control that it plays (from 0). */
export const heard = signal<{ words: string; index: number | null }[]>([]);

let access: MIDIAccess | null = null;
let listening: MIDIInput | null = null;
let sending: MIDIOutput | null = null;
let output: MidiOutput | null = null;
const input = new MidiInput(0, choice.value.assigned);

export function choose(change: Partial<MidiChoice>): void {
  choice.value = { ...choice.value, ...change };
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(choice.value));
  } catch {
    // It holds until the page is closed.
  }
  attach();
}

/** Ask for MIDI; to be called by a click, as the browser asks the player. */
export async function askForMidi(): Promise<void> {
  if (midiState.value === "missing" || access) return;
  midiState.value = "asking";
  try {
    access = await navigator.requestMIDIAccess();
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    midiState.value = name === "NotAllowedError" || name === "SecurityError" ? "refused" : "broken";
    return;
  }
  access.onstatechange = list;
  midiState.value = "ready";
  list();
}

const infosOf = (ports: Iterable<MIDIPort>): PortInfo[] =>
  [...ports].filter((port) => port.state === "connected").map((port) => ({ id: port.id, name: port.name ?? port.id }));

function list(): void {
  if (!access) return;
  inputs.value = infosOf(access.inputs.values());
  outputs.value = infosOf(access.outputs.values());
  attach();
}

const named = <T extends MIDIPort>(ports: Iterable<T>, name: string): T | null =>
  name === ""
    ? null
    : ([...ports].find((port) => port.state === "connected" && (port.name ?? port.id) === name) ?? null);

/** Listen and send as was chosen, to whatever is plugged in. */
function attach(): void {
  if (!access) return;
  const wanted = named(access.inputs.values(), choice.value.input);
  if (listening !== wanted) {
    if (listening) listening.onmidimessage = null;
    listening = wanted;
    if (wanted) wanted.onmidimessage = ({ data }) => data && receive(data);
  }
  aim(named(access.outputs.values(), choice.value.output));
}

/** A part that does with messages what the configuration says. */
export interface MidiRoute {
  /** What came in at a port; whether it was taken, and so is not to play as the page has learned. */
  takes: (message: Uint8Array, port: string) => boolean;
  /** Whether it sends what the model plays. */
  plays: () => boolean;
}

let route: MidiRoute | null = null;

export function routeMidi(wanted: MidiRoute): void {
  route = wanted;
}

/** Called with each message of the devices; null: nobody looks at them. */
type Overhear = (way: "in" | "out", port: string, data: ArrayLike<number>) => void;
let overheard: Overhear | null = null;

export const overhear = (listener: Overhear | null): void => void (overheard = listener);

function receive(data: Uint8Array): void {
  overheard?.("in", choice.value.input, data);
  const { changes, heard: moved } = input.changes(data);
  const byHand = new Map(input.assigned);
  const taken = !moved.some((words) => byHand.has(words)) && route?.takes(data, choice.value.input);
  if (!taken) for (const [index, value] of changes) play(index, value);
  for (const words of moved) {
    const index = input.playedBy(words);
    if (heard.value.some((each) => each.words === words && each.index === index)) continue;
    heard.value = [...heard.value.filter((each) => each.words !== words), { words, index }].slice(-64);
  }
}

export function assign(words: string, index: number | null): void {
  input.assign(words, index);
  heard.value = heard.value.map((each) => (each.words === words ? { words, index: input.playedBy(words) } : each));
  choose({ assigned: input.assigned });
}

export function forgetAssigned(): void {
  input.forget();
  heard.value = [];
  choose({ assigned: [] });
}

/** Send messages to the device that is played, if it is plugged in. */
export function transmit(messages: readonly (readonly number[])[]): void {
  if (!sending || sending.state !== "connected") return;
  for (const message of messages) {
    sending.send([...message]);
    overheard?.("out", choice.value.output, message);
  }
}

/** Send to this port, by the targets of now. What sounded at the one before ends. */
function aim(port: MIDIOutput | null): void {
  transmit(output?.allNotesOff() ?? []);
  sending = port;
  const configured = overview.peek()?.controls ?? [];
  const controls = configured.length > 0 ? configured : kindsNow().map((kind) => ({ kind, sent: [] }));
  const { as, channel } = choice.peek();
  const { scale, root } = sound.peek();
  const asNotes = as === "notes" ? (value: number) => playedNote(value, scaleOf(scale), root) : undefined;
  const gates = configured.map((control) => control.gate);
  output = port ? new MidiOutput(targetsOf(controls, as, channel), live.output, asNotes, undefined, gates) : null;
}

onValues((values, who) => {
  if (who !== "model" || !output || route?.plays()) return;
  transmit(output.encode(withoutEcho(values), performance.now()));
  expire();
});
onStart((values) => output?.start(values));
onTaken((values) => output?.place(values));
let timer: ReturnType<typeof setTimeout> | undefined;
function expire(): void {
  if (!output) return;
  const now = performance.now();
  transmit(output.expire(now));
  const wait = output.due - now;
  clearTimeout(timer);
  if (wait < EXPIRE_EVERY) timer = setTimeout(expire, Math.max(1, wait));
}
setInterval(expire, EXPIRE_EVERY);
addEventListener("pagehide", () => transmit(output?.panic() ?? []));
effect(() => {
  if (panics.value > 0) transmit(output?.panic() ?? []);
});
let sounded = false;
effect(() => {
  const on = sounding.value === "on";
  if (sounded && !on) transmit(output?.allNotesOff() ?? []);
  sounded = on;
});
let shape = "";
effect(() => {
  const controls = overview.value?.controls ?? [];
  const now = JSON.stringify([controls, sound.value.scale, sound.value.root]);
  if (now === shape) return;
  shape = now;
  input.configure(controls.length > 0 ? controls.map((control) => control.received) : kindsNow().map(() => []));
  if (access) aim(sending);
});

/** How the page sounds; kept in the browser. What was stored is checked before it is used. */

import { SCALES } from "./scales";

export const PATCHES = [
  { id: "glass", name: "Glass", words: "Bells and plucks of glass. Move a fader, and it runs up and down the scale." },
  { id: "drift", name: "Drift", words: "A warm pad that swells while you move, and slowly sinks when you rest." },
  { id: "pulse", name: "Pulse", words: "Plucked strings and a bass on a steady beat. What moved lately joins in." },
] as const;

export type PatchName = (typeof PATCHES)[number]["id"];

export interface Voice {
  on: boolean;
  volume: number;
}

export interface SoundSettings {
  on: boolean;
  patch: PatchName;
  /** 0 to 1, as all that follow without a unit. */
  volume: number;
  scale: string;
  /** Semitones above C. */
  root: number;
  /** BPM. */
  tempo: number;
  room: number;
  echo: number;
  performer: Voice;
  model: Voice;
}

export const TEMPO = { least: 50, most: 180 };

export const DEFAULTS: SoundSettings = {
  on: false,
  patch: "glass",
  volume: 0.8,
  scale: "minor-pentatonic",
  root: 9,
  tempo: 104,
  room: 0.5,
  echo: 0.4,
  performer: { on: true, volume: 0.8 },
  model: { on: true, volume: 0.8 },
};

/** The same at a tempo that is shared with others, doubled or halved until the echo fits. */
export function withTempo(settings: SoundSettings, shared: number | null): SoundSettings {
  if (shared === null || !(shared > 0)) return settings;
  let tempo = shared;
  while (tempo < TEMPO.least) tempo *= 2;
  while (tempo > 2 * TEMPO.most) tempo /= 2;
  return { ...settings, tempo };
}

type Loose = Record<string, unknown>;

const object = (value: unknown): Loose => (typeof value === "object" && value !== null ? (value as Loose) : {});
const flag = (value: unknown, other: boolean): boolean => (typeof value === "boolean" ? value : other);
const number = (value: unknown, least: number, most: number, other: number): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : other;
const oneOf = <T extends string>(value: unknown, known: readonly T[], other: T): T =>
  known.includes(value as T) ? (value as T) : other;

function voice(value: unknown, other: Voice): Voice {
  const kept = object(value);
  return { on: flag(kept["on"], other.on), volume: number(kept["volume"], 0, 1, other.volume) };
}

/** Settings from the stored text; what is missing or invalid has its default. */
export function parseSettings(text: string | null): SoundSettings {
  let kept: Loose = {};
  try {
    kept = object(JSON.parse(text ?? "{}"));
  } catch {
    // Not JSON: the defaults.
  }
  return {
    on: flag(kept["on"], DEFAULTS.on),
    patch: oneOf(
      kept["patch"],
      PATCHES.map((patch) => patch.id),
      DEFAULTS.patch,
    ),
    volume: number(kept["volume"], 0, 1, DEFAULTS.volume),
    scale: oneOf(
      kept["scale"],
      SCALES.map((scale) => scale.id),
      DEFAULTS.scale,
    ),
    root: Math.round(number(kept["root"], 0, 11, DEFAULTS.root)),
    tempo: Math.round(number(kept["tempo"], TEMPO.least, TEMPO.most, DEFAULTS.tempo)),
    room: number(kept["room"], 0, 1, DEFAULTS.room),
    echo: number(kept["echo"], 0, 1, DEFAULTS.echo),
    performer: voice(kept["performer"], DEFAULTS.performer),
    model: voice(kept["model"], DEFAULTS.model),
  };
}

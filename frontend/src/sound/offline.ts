/** The same sound, rendered offline and measured, for tests. */

import { Ensemble } from "./ensemble";
import type { Who } from "./mix";
import { noise } from "./noise";
import { DEFAULTS, type PatchName, type SoundSettings } from "./settings";

export interface Gesture {
  /** Seconds. */
  at: number;
  who: Who;
  /** Where all controls are then. */
  values: readonly number[];
}

export interface Rendering {
  /** Of both channels. */
  peak: number;
  rms: number;
  /** The rms of each second. */
  seconds: number[];
  /** How many samples are not finite; 0 is right. */
  bad: number;
  sampleRate: number;
  channels: Float32Array[];
}

const STEP = 0.05;
const SAMPLE_RATE = 44100;

/** Play gestures (in their order) with a patch for some seconds. `kinds` defaults to plain controls. */
export async function renderOffline(
  patch: PatchName,
  gestures: readonly Gesture[],
  seconds: number,
  options: { settings?: Partial<SoundSettings>; kinds?: readonly string[] } = {},
): Promise<Rendering> {
  const context = new OfflineAudioContext(2, Math.round(seconds * SAMPLE_RATE), SAMPLE_RATE);
  const count = gestures[0]?.values.length ?? 1;
  const kinds = options.kinds ?? Array<string>(count).fill("cc");
  const start = gestures[0]?.values ?? [];
  const settings = { ...DEFAULTS, ...options.settings, patch };
  const ensemble = new Ensemble(context, settings, kinds, { performer: start, model: start });
  ensemble.mix.out.connect(context.destination);
  let next = 0;
  for (let now = 0; now < seconds; now += STEP) {
    for (; next < gestures.length && gestures[next]!.at < now + STEP; next += 1) {
      const gesture = gestures[next]!;
      ensemble.play(gesture.values, gesture.who, gesture.at);
    }
    ensemble.advance(now + STEP);
  }
  const buffer = await context.startRendering();
  return measured([buffer.getChannelData(0), buffer.getChannelData(1)], buffer.sampleRate);
}

function measured(channels: Float32Array[], sampleRate: number): Rendering {
  let [peak, energy, bad] = [0, 0, 0];
  const length = channels[0]!.length;
  const seconds = Array<number>(Math.ceil(length / sampleRate)).fill(0);
  for (const channel of channels) {
    for (let at = 0; at < length; at += 1) {
      const sample = channel[at]!;
      if (!Number.isFinite(sample)) {
        bad += 1;
        continue;
      }
      peak = Math.max(peak, Math.abs(sample));
      energy += sample * sample;
      seconds[Math.floor(at / sampleRate)]! += sample * sample;
    }
  }
  const rms = (sum: number, count: number) => Math.sqrt(sum / (count * channels.length));
  const perSecond = seconds.map((sum, second) => rms(sum, Math.min(sampleRate, length - second * sampleRate)));
  return { peak, rms: rms(energy, length), seconds: perSecond, bad, sampleRate, channels };
}

/** A calm performance: slow waves on a control at a time, the model answering. `perSecond` events until `until` seconds. */
export function calm(controls: number, until: number, perSecond = 20): Gesture[] {
  const values = { performer: Array<number>(controls).fill(0.5), model: Array<number>(controls).fill(0.5) };
  return Array.from({ length: Math.floor(until * perSecond) }, (_, turn) => {
    const at = turn / perSecond;
    const who: Who = at % 4 < 2 ? "performer" : "model";
    const index = Math.floor(at / 0.8) % controls;
    values[who] = [...values[who]];
    values[who][index] = 0.5 + 0.45 * Math.sin(at * (2 + (index % 5)));
    return { at, who, values: values[who] };
  });
}

/** Everything at once: `perSecond` events, each of which throws all controls anywhere, by both. */
export function mad(controls: number, until: number, perSecond = 200): Gesture[] {
  const next = noise(controls);
  return Array.from({ length: Math.floor(until * perSecond) }, (_, turn) => ({
    at: turn / perSecond,
    who: turn % 2 ? "model" : "performer",
    values: Array.from({ length: controls }, () => (next() + 1) / 2),
  }));
}

/** A rendering in figures, for tests. */
export async function measure(asked: {
  patch: PatchName;
  controls: number;
  playing?: "calm" | "mad" | "none";
  seconds?: number;
  /** When the playing ends; the rest is what fades. */
  until?: number;
  kinds?: string[];
  settings?: Partial<SoundSettings>;
}): Promise<Omit<Rendering, "channels">> {
  const seconds = asked.seconds ?? 4;
  const until = asked.until ?? seconds;
  const gestures = { calm, mad, none: () => [] }[asked.playing ?? "calm"](asked.controls, until);
  const { channels: _, ...figures } = await renderOffline(asked.patch, gestures, seconds, asked);
  return figures;
}

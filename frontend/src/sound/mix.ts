/**
 * Where all voices come together: two sections (performer and model), a room, an echo, a volume and a limiter.
 *
 * Everything here and in the patches is scheduled by times and never reads what a parameter is now, so it is the same
 * in an AudioContext and in an OfflineAudioContext.
 */

import { room } from "./noise";
import type { SoundSettings, Voice } from "./settings";

export type Who = "performer" | "model";

/** Nothing that leaves the limiter is louder than this, whatever comes in. */
export const CEILING = 0.97;
const LINEAR_TO = 0.7;
const ROOM_SECONDS = 3.2;
const SMOOTH = 0.03;

/** Straight up to 0.7, then ever flatter towards the ceiling. `x` is half the signal. */
export function softClip(x: number): number {
  const size = Math.abs(2 * x);
  const bent = LINEAR_TO + (CEILING - LINEAR_TO) * Math.tanh((size - LINEAR_TO) / (CEILING - LINEAR_TO));
  return Math.sign(x) * (size <= LINEAR_TO ? size : bent);
}

/** Set a parameter without a click. */
export const glide = (parameter: AudioParam, value: number, when: number, smooth = SMOOTH): void => {
  parameter.cancelScheduledValues(when);
  parameter.setTargetAtTime(value, when, smooth);
};

const gain = (context: BaseAudioContext, value: number): GainNode => new GainNode(context, { gain: value });

/** Loudness: half way up a slider is about half as loud. */
const loudness = (slider: number): number => slider * slider;

/** One player's side of the mix. Voices connect to a group's input; each group has its own share of space. */
export class Section {
  private readonly dry: GainNode;
  private readonly send: GainNode;
  private readonly groups: { input: GainNode; space: GainNode }[] = [];
  /** Which way it leans, -1 (left) to 1 (right). */
  readonly lean: number;

  constructor(
    readonly context: BaseAudioContext,
    readonly who: Who,
    out: { dry: AudioNode; sends: readonly AudioNode[] },
    voice: Voice,
  ) {
    this.lean = who === "performer" ? -0.3 : 0.3;
    const level = voice.on ? loudness(voice.volume) : 0;
    this.dry = gain(context, level);
    this.send = gain(context, level);
    this.dry.connect(out.dry);
    for (const send of out.sends) this.send.connect(send);
  }

  private group(index: number): { input: GainNode; space: GainNode } {
    const known = this.groups[index];
    if (known) return known;
    const made = { input: gain(this.context, 1), space: gain(this.context, 0.4) };
    made.input.connect(this.dry);
    made.input.connect(made.space).connect(this.send);
    return (this.groups[index] = made);
  }

  /** Where the voices of a group go. */
  input(group: number): AudioNode {
    return this.group(group).input;
  }

  /** Past room and echo: for a bass. */
  get floor(): AudioNode {
    return this.dry;
  }

  /** How much of a group goes into room and echo, 0 to 1. */
  setSpace(group: number, value: number, when: number): void {
    glide(this.group(group).space.gain, 0.08 + 0.92 * value, when);
  }

  setVoice(voice: Voice, when: number): void {
    const level = voice.on ? loudness(voice.volume) : 0;
    glide(this.dry.gain, level, when);
    glide(this.send.gain, level, when);
  }

  /** Where something stands that is at `side` among its own, -1 to 1. */
  pan(side: number): StereoPannerNode {
    return new StereoPannerNode(this.context, { pan: Math.max(-1, Math.min(1, this.lean + 0.6 * side)) });
  }
}

/** An echo that goes from ear to ear, in dotted eighths of the tempo. */
class Echo {
  readonly input: GainNode;
  private readonly delays: DelayNode[];
  private readonly out: GainNode;

  constructor(context: BaseAudioContext, to: AudioNode, settings: SoundSettings) {
    this.input = new GainNode(context, { channelCount: 1, channelCountMode: "explicit" });
    this.out = gain(context, settings.echo);
    this.delays = [-0.7, 0.7].map((side) => {
      const delay = new DelayNode(context, { maxDelayTime: 2, delayTime: Echo.time(settings.tempo) });
      delay.connect(new StereoPannerNode(context, { pan: side })).connect(this.out);
      return delay;
    });
    const dark = new BiquadFilterNode(context, { type: "lowpass", frequency: 2800, Q: 0.3 });
    const [left, right] = [this.delays[0]!, this.delays[1]!];
    this.input.connect(left).connect(right).connect(dark).connect(gain(context, 0.4)).connect(left);
    this.out.connect(to);
  }

  private static time = (tempo: number): number => (60 / tempo) * 0.75;

  set(settings: SoundSettings, when: number): void {
    glide(this.out.gain, settings.echo, when);
    for (const delay of this.delays) glide(delay.delayTime, Echo.time(settings.tempo), when, 0.2);
  }
}

export class Mix {
  readonly sections: Record<Who, Section>;
  /** The end of the chain. */
  readonly out: AudioNode;
  private readonly level: GainNode;
  private readonly roomLevel: GainNode;
  private readonly echo: Echo;

  constructor(
    private readonly context: BaseAudioContext,
    settings: SoundSettings,
  ) {
    const { sampleRate } = context;
    this.level = gain(context, loudness(settings.volume));
    const ears = [room(sampleRate, ROOM_SECONDS, 7), room(sampleRate, ROOM_SECONDS, 77)];
    const response = new AudioBuffer({ sampleRate, numberOfChannels: 2, length: ears[0]!.length });
    ears.forEach((ear, channel) => response.copyToChannel(ear, channel));
    const reverb = new ConvolverNode(context, { buffer: response, disableNormalization: true });
    this.roomLevel = gain(context, settings.room);
    reverb.connect(this.roomLevel).connect(this.level);
    this.echo = new Echo(context, this.level, settings);
    // A little of the echo is in the room as well, or it would stand before it.
    this.echo.input.connect(gain(context, 0.15)).connect(reverb);
    const out = { dry: this.level, sends: [reverb, this.echo.input] };
    this.sections = {
      performer: new Section(context, "performer", out, settings.performer),
      model: new Section(context, "model", out, settings.model),
    };
    this.out = this.limited();
  }

  private limited(): AudioNode {
    const { context } = this;
    const rumble = new BiquadFilterNode(context, { type: "highpass", frequency: 28, Q: 0.5 });
    const limiter = new DynamicsCompressorNode(context, {
      threshold: -10,
      knee: 8,
      ratio: 14,
      attack: 0.003,
      release: 0.18,
    });
    const curve = Float32Array.from({ length: 4097 }, (_, at) => softClip(at / 2048 - 1));
    const clip = new WaveShaperNode(context, { curve });
    this.level.connect(rumble).connect(limiter).connect(gain(context, 0.5)).connect(clip);
    return clip;
  }

  set(settings: SoundSettings, when: number): void {
    glide(this.roomLevel.gain, settings.room, when);
    this.echo.set(settings, when);
    this.sections.performer.setVoice(settings.performer, when);
    this.sections.model.setVoice(settings.model, when);
  }

  /** How loud everything is, 0 to 1. */
  setVolume(volume: number, when: number): void {
    glide(this.level.gain, loudness(volume), when, 0.015);
  }
}

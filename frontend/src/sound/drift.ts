/**
 * Drift: a pad of detuned oscillators behind a filter that wanders.
 *
 * Each pitch has a voice that swells while its control moves, glides to the control's note and sinks slowly afterwards. Notes
 * of seven-note scales are stacked thirds, so that whatever sounds together is a chord.
 */

import { evened, exponential, Shape, type Patch, type Tuning } from "./patch";
import type { Section } from "./mix";
import type { Part } from "./roles";
import { frequency, noteOf, stepOf } from "./scales";
import { Gate } from "./gate";
import { soundingOf, Voices, type Sounding } from "./voices";

const VOICES = 8;
const SWELL = 0.22;
const HOLD = 1.6;
const SINK = 1.9;
/** Time constants until a voice cannot be heard any more. */
const GONE = 6;
const GLIDE = 0.06;
/** Seconds between two swells on one note: a slow hand sends hundreds of values. */
const OFTEN = 0.05;
const DETUNED = 7; // cents

interface Pad {
  sounding: Sounding;
  oscillators: OscillatorNode[];
  sub: OscillatorNode;
  level: GainNode;
  filter: BiquadFilterNode;
  group: number;
  swelled: number;
}

interface Wander {
  source: OscillatorNode;
  depth: GainNode;
}

export class Drift implements Patch {
  private readonly timbre = new Shape(0.4);
  private readonly pads = new Map<number, Pad>();
  private readonly voices = new Voices(VOICES);
  private readonly plucked = new Voices(10);
  private readonly gate = new Gate(0.1, 10, 5);
  private readonly steps = new Map<number, number>();
  private readonly wave: PeriodicWave;
  private readonly wander: Wander[];

  constructor(
    private readonly section: Section,
    private readonly tuning: Tuning,
  ) {
    const { context } = section;
    // Between a triangle and a sawtooth: full, without an edge.
    const imag = Float32Array.from({ length: 24 }, (_, partial) => (partial === 0 ? 0 : 1 / partial ** 1.45));
    this.wave = new PeriodicWave(context, { real: new Float32Array(imag.length), imag });
    this.wander = [0.067, 0.113].map((rate) => {
      const source = new OscillatorNode(context, { frequency: rate });
      const depth = new GainNode(context, { gain: 350 });
      source.connect(depth);
      source.start();
      return { source, depth };
    });
  }

  get end(): number {
    return Math.max(this.plucked.end, this.voices.end);
  }

  move(part: Part, value: number, force: number, when: number): void {
    const before = this.steps.get(part.index) ?? null;
    const { scale, root } = this.tuning;
    const third = scale.steps.length === 7 ? 2 : 1;
    const count = Math.floor((2 * scale.steps.length) / third) + 1;
    const step = stepOf(value, count, before);
    const hertz = frequency(noteOf(scale, root, 2 + Math.round(1.6 * part.height), step * third));
    let pad = this.pads.get(part.index);
    if (pad && pad.sounding.end > when && this.voices.has(pad.sounding)) {
      if (step === before && when - pad.swelled < OFTEN) return;
      this.voices.touch(pad.sounding);
    } else {
      if (!this.gate.pass(part.index, when)) return;
      pad = this.pad(part, hertz, when, this.voices);
      this.pads.set(part.index, pad);
    }
    this.steps.set(part.index, step);
    for (const oscillator of pad.oscillators) oscillator.frequency.setTargetAtTime(hertz, when, GLIDE);
    pad.sub.frequency.setTargetAtTime(hertz / 2, when, GLIDE);
    const level = 0.15 * (0.45 + 0.55 * force) * evened(hertz);
    this.swell(pad, level, when);
  }

  note(part: Part, note: number, force: number, when: number): void {
    if (!this.gate.pass(part.index, when)) return;
    const pad = this.pad(part, frequency(note), when, this.plucked);
    const { gain } = pad.level;
    gain.setTargetAtTime(0.17 * (0.3 + 0.7 * force) * evened(frequency(note)), when, 0.04);
    gain.setTargetAtTime(0, when + 0.35, 0.7);
    pad.sounding.end = when + 0.35 + GONE * 0.7;
    for (const source of [...pad.oscillators, pad.sub]) source.stop(pad.sounding.end);
  }

  shape(role: "timbre" | "motion", group: number, value: number, when: number): void {
    if (role === "motion") {
      this.wander.forEach(({ source, depth }, place) => {
        source.frequency.setTargetAtTime(exponential(value, 0.05, 4.5) * (1 + 0.7 * place), when, 0.2);
        depth.gain.setTargetAtTime(200 + 900 * value, when, 0.2);
      });
      return;
    }
    this.timbre.set(group, value);
    for (const pad of this.pads.values()) {
      if (pad.group === group) pad.filter.frequency.setTargetAtTime(this.cutoff(group), when, 0.08);
    }
  }

  advance(): void {
    // All of it is scheduled when it begins.
  }

  stop(when: number): void {
    this.voices.stop(when);
    this.plucked.stop(when);
    this.pads.clear();
    for (const { source } of this.wander) source.stop(when + 0.5);
  }

  private cutoff(group: number): number {
    return exponential(this.timbre.of(group), 260, 5200);
  }

  private swell(pad: Pad, level: number, when: number): void {
    const { gain } = pad.level;
    pad.swelled = when;
    gain.cancelScheduledValues(when);
    gain.setTargetAtTime(level, when, SWELL);
    gain.setTargetAtTime(0, when + HOLD, SINK);
    pad.sounding.end = when + HOLD + GONE * SINK;
    for (const source of [...pad.oscillators, pad.sub]) source.stop(pad.sounding.end);
  }

  private pad(part: Part, hertz: number, when: number, among: Voices): Pad {
    const { context } = this.section;
    const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: this.cutoff(part.group), Q: 1.1 });
    for (const { depth } of this.wander) depth.connect(filter.detune);
    const level = new GainNode(context, { gain: 0 });
    const place = this.section.pan(part.side);
    filter.connect(level).connect(place).connect(this.section.input(part.group));
    const oscillators = [-DETUNED, DETUNED * 0.8].map((detune, turn) => {
      const oscillator = new OscillatorNode(context, { frequency: hertz, detune: detune + 1.5 * turn });
      oscillator.setPeriodicWave(this.wave);
      oscillator.connect(filter);
      return oscillator;
    });
    const sub = new OscillatorNode(context, { frequency: hertz / 2 });
    const deep = new GainNode(context, { gain: 0.5 });
    sub.connect(deep).connect(filter);
    const sources = [...oscillators, sub];
    for (const source of sources) source.start(when);
    const sounding = soundingOf(sources, level.gain, place, when + HOLD + GONE * SINK);
    const ended = sources[0]!.onended;
    sources[0]!.onended = (event) => {
      ended?.call(sources[0]!, event);
      for (const { depth } of this.wander) depth.disconnect(filter.detune);
    };
    among.add(sounding, when);
    return { sounding, oscillators, sub, level, filter, group: part.group, swelled: when };
  }
}

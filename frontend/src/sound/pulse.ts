/**
 * Pulse: plucked strings and a bass, on a beat that performer and model share.
 *
 * A control that moved lately is warm: the strings go round the warm ones in sixteenths, lowest first, and one that
 * has just moved is next. Warmth fades in seconds, and then the beat ends. Motion is how dense it is.
 */

import { evenly } from "./beat";
import { string } from "./noise";
import { evened, exponential, Shape, type Patch, type Tuning } from "./patch";
import type { Section } from "./mix";
import type { Part } from "./roles";
import { frequency, noteOf, stepOf } from "./scales";
import { Gate } from "./gate";
import { soundingOf, Voices } from "./voices";

const VOICES = 16;
const OCTAVES = 2;
const COOLS = 2.8; // seconds: time constant of warmth
const COLD = 0.12;
const LATEST = 0.4; // seconds
const ACCENTS = [1, 0.6, 0.78, 0.66] as const;
/** The steps of sixteen with a bass: the performer's and the model's fit into each other. */
const BASS = { performer: [0, 3, 6], model: [8, 11, 14] } as const;

interface Warm {
  part: Part;
  degree: number;
  force: number;
  moved: number;
  /** It has moved since it was plucked last. */
  fresh: boolean;
}

interface StringBuffer {
  buffer: AudioBuffer;
  rate: number;
}

/** Strings that were made already; both players and all contexts of a sample rate share them. */
const strings = new Map<string, StringBuffer>();

function stringOf(sampleRate: number, note: number): StringBuffer {
  const key = `${sampleRate}:${note}`;
  const known = strings.get(key);
  if (known) return known;
  const { samples, rate } = string(sampleRate, frequency(note), 1.5);
  const buffer = new AudioBuffer({ sampleRate, numberOfChannels: 1, length: samples.length });
  buffer.copyToChannel(samples, 0);
  const made = { buffer, rate };
  strings.set(key, made);
  return made;
}

export class Pulse implements Patch {
  private readonly timbre = new Shape(0.5);
  private readonly motion = new Shape(0.5);
  private readonly voices = new Voices(VOICES);
  private readonly gate = new Gate();
  private readonly warm = new Map<number, Warm>();
  private next: number | null = null;
  private turn = 0;

  constructor(
    private readonly section: Section,
    private readonly tuning: Tuning,
    private readonly others: () => boolean = () => false,
  ) {}

  get end(): number {
    return this.next === null ? this.voices.end : Infinity;
  }

  /** Whether the beat goes on. */
  get running(): boolean {
    return this.next !== null;
  }

  move(part: Part, value: number, force: number, when: number): void {
    const count = OCTAVES * this.tuning.scale.steps.length + 1;
    const before = this.warm.get(part.index);
    const degree = stepOf(value, count, before?.degree ?? null);
    const fresh = before === undefined || before.degree !== degree || before.fresh;
    this.warm.set(part.index, { part, degree, force, moved: when, fresh });
    if (this.next !== null) return;
    const { beat } = this.tuning;
    if (!this.others()) beat.begin(when);
    this.next = beat.stepAt(when);
  }

  note(part: Part, note: number, force: number, when: number): void {
    if (this.gate.pass(part.index, when)) this.pluck(note, force, part, when);
  }

  shape(role: "timbre" | "motion", group: number, value: number): void {
    this[role].set(group, value);
  }

  advance(until: number): void {
    const { beat } = this.tuning;
    while (this.next !== null && beat.time(this.next) < until) {
      const step = this.next;
      // A page that slept does not make up for the steps it missed.
      this.next = Math.max(step + 1, beat.stepAt(until - LATEST));
      this.sound(step, beat.time(step));
    }
  }

  stop(when: number): void {
    this.voices.stop(when);
    this.warm.clear();
    this.next = null;
  }

  private heat(each: Warm, when: number): number {
    return Math.exp(-Math.max(0, when - each.moved) / COOLS);
  }

  private sound(step: number, when: number): void {
    const active = [...this.warm.values()]
      .filter((each) => this.heat(each, when) > COLD)
      .sort((a, b) => a.part.height - b.part.height);
    const lowest = active[0];
    if (!lowest) {
      this.next = null;
      this.warm.clear();
      return;
    }
    const { scale, root } = this.tuning;
    const place = ((step % 16) + 16) % 16;
    if ((BASS[this.section.who] as readonly number[]).includes(place)) {
      this.bass(noteOf(scale, root, 1, lowest.degree % scale.steps.length), this.heat(lowest, when), when);
    }
    const fresh = active.find((each) => each.fresh);
    const motion = this.motion.of((fresh ?? lowest).part.group);
    const hits = Math.min(16, Math.round(5 + 8 * motion) + Math.min(3, active.length - 1));
    if (!fresh && !evenly(step, hits)) return;
    const chosen = fresh ?? active[this.turn++ % active.length]!;
    chosen.fresh = false;
    const above = !fresh && motion > 0.6 && place % 8 === 7 ? scale.steps.length : 0;
    const note = noteOf(scale, root, 3 + Math.round(1.4 * chosen.part.height), chosen.degree + above);
    const force = ACCENTS[place % 4]! * (0.45 + 0.55 * this.heat(chosen, when)) * (0.55 + 0.45 * chosen.force);
    this.pluck(note, force, chosen.part, when);
  }

  private pluck(note: number, force: number, part: Part, when: number): void {
    const { context } = this.section;
    const hertz = frequency(note);
    const made = stringOf(context.sampleRate, note);
    const source = new AudioBufferSourceNode(context, { buffer: made.buffer, playbackRate: made.rate });
    const open = exponential(this.timbre.of(part.group), 700, 9000) * (0.5 + 0.5 * force);
    const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: open, Q: 0.6 });
    const level = new GainNode(context, { gain: 1.05 * force * evened(hertz) });
    const place = this.section.pan(part.side);
    source.connect(filter).connect(level).connect(place).connect(this.section.input(part.group));
    source.start(when);
    this.voices.add(soundingOf([source], level.gain, place, when + made.buffer.duration / made.rate), when);
  }

  private bass(note: number, force: number, when: number): void {
    const { context } = this.section;
    const hertz = frequency(note < 31 ? note + 12 : note);
    const saw = new OscillatorNode(context, { type: "sawtooth", frequency: hertz });
    const deep = new OscillatorNode(context, { frequency: hertz });
    const filter = new BiquadFilterNode(context, { type: "lowpass", Q: 3, frequency: 120 });
    filter.frequency.setValueAtTime(exponential(this.timbre.of(0), 350, 1500) * (0.6 + 0.4 * force), when);
    filter.frequency.setTargetAtTime(130, when, 0.09);
    const level = new GainNode(context, { gain: 0 });
    level.gain.setValueAtTime(0, when);
    level.gain.linearRampToValueAtTime(0.4 * (0.4 + 0.6 * force), when + 0.005);
    level.gain.setTargetAtTime(0, when + 0.02, 0.17);
    // A bass is in the middle, with little reverberation.
    const place = new StereoPannerNode(context, { pan: this.section.lean * 0.4 });
    saw.connect(new GainNode(context, { gain: 0.45 })).connect(filter);
    deep.connect(level);
    filter.connect(level);
    level.connect(place).connect(this.section.floor);
    saw.start(when);
    deep.start(when);
    this.voices.add(soundingOf([saw, deep], level.gain, place, when + 1.3), when);
  }
}

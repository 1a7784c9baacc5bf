/**
 * Glass: bells, by frequency modulation.
 *
 * A control strikes when it enters another note of the scale, so a movement is a run. Brightness is how much is modulated;
 * motion adds a figure that climbs from each note; a low bell opens each phrase.
 */

import { Gate } from "./gate";
import { evened, Shape, type Patch, type Tuning } from "./patch";
import type { Section } from "./mix";
import type { Part } from "./roles";
import { frequency, noteOf, stepOf } from "./scales";
import { soundingOf, Voices } from "./voices";

const VOICES = 20;
const OCTAVES = 2;
/** Seconds of rest after which a phrase begins. */
const REST = 4;
/** Degrees above a note that its figure climbs to. */
const FIGURE = [2, 4, 7] as const;
const MODULATOR = 3.5;
const SPARK = 5.4;

export class Glass implements Patch {
  private readonly timbre = new Shape();
  private readonly motion = new Shape(0);
  private readonly voices = new Voices(VOICES);
  private readonly gate = new Gate();
  private readonly steps = new Map<number, number>();
  private lastStrike = -REST;

  constructor(
    private readonly section: Section,
    private readonly tuning: Tuning,
  ) {}

  get end(): number {
    return this.voices.end;
  }

  move(part: Part, value: number, force: number, when: number): void {
    const { scale, root, beat } = this.tuning;
    const before = this.steps.get(part.index) ?? null;
    const degree = stepOf(value, OCTAVES * scale.steps.length + 1, before);
    if (degree === before || !this.gate.pass(part.index, when)) return;
    this.steps.set(part.index, degree);
    const octave = 3 + Math.round(2 * part.height);
    this.open(part, when);
    this.strike(noteOf(scale, root, octave, degree), force, part, when);
    const figure = Math.round(FIGURE.length * this.motion.of(part.group));
    FIGURE.slice(0, figure).forEach((above, place) => {
      const later = when + (place + 1) * beat.step;
      this.strike(noteOf(scale, root, octave, degree + above), force * 0.55 * 0.8 ** place, part, later);
    });
  }

  note(part: Part, note: number, force: number, when: number): void {
    if (!this.gate.pass(part.index, when)) return;
    this.open(part, when);
    this.strike(note, force, part, when);
  }

  shape(role: "timbre" | "motion", group: number, value: number): void {
    this[role].set(group, value);
  }

  advance(): void {
    // Nothing sounds by itself.
  }

  stop(when: number): void {
    this.voices.stop(when);
  }

  /** The low bell at the beginning of a phrase: the root for the performer, the fifth of the scale for the model. */
  private open(part: Part, when: number): void {
    const { scale, root } = this.tuning;
    const begins = when - this.lastStrike > REST;
    this.lastStrike = when;
    if (!begins) return;
    const degree = this.section.who === "performer" ? 0 : Math.floor(scale.steps.length / 2) + 1 - scale.steps.length;
    this.strike(noteOf(scale, root, 2, degree), 0.6, { ...part, side: 0 }, when);
  }

  private strike(note: number, force: number, part: Part, when: number): void {
    const { context } = this.section;
    const hertz = frequency(note);
    if (hertz > 6000) return;
    const bright = this.timbre.of(part.group);
    const decay = Math.min(1.5, Math.max(0.22, 0.75 * Math.sqrt(440 / hertz)));
    const end = when + 6.5 * decay;

    const level = new GainNode(context, { gain: 0 });
    const peak = 0.27 * (0.35 + 0.65 * force) * evened(hertz);
    level.gain.setValueAtTime(0, when);
    level.gain.linearRampToValueAtTime(peak, when + 0.003);
    level.gain.setTargetAtTime(0, when + 0.003, decay);
    const place = this.section.pan(part.side);
    level.connect(place).connect(this.section.input(part.group));

    const carrier = new OscillatorNode(context, { frequency: hertz });
    const modulator = new OscillatorNode(context, { frequency: hertz * MODULATOR });
    // Dull enough that sidebands stay below where they would fold back.
    const index = (0.15 + 2.2 * bright * (0.4 + 0.6 * force)) * Math.min(1, 900 / hertz);
    const depth = new GainNode(context, { gain: 0 });
    depth.gain.setValueAtTime(index * hertz * MODULATOR * 0.5, when);
    depth.gain.setTargetAtTime(index * hertz * 0.15, when, decay * 0.22);
    modulator.connect(depth).connect(carrier.frequency);
    carrier.connect(level);

    const sources = [carrier, modulator];
    if (hertz * SPARK < 9000) {
      const spark = new OscillatorNode(context, { frequency: hertz * SPARK });
      const short = new GainNode(context, { gain: 0 });
      short.gain.setValueAtTime(0.05 + 0.18 * bright * force, when);
      short.gain.setTargetAtTime(0, when, 0.05);
      spark.connect(short).connect(level);
      sources.push(spark);
    }
    for (const source of sources) source.start(when);
    this.voices.add(soundingOf(sources, level.gain, place, end), when);
  }
}

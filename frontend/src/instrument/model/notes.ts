// One note control of a network for notes: what is heard of it, and how much its values were used.
import { rint } from "./heads";
import { OCTAVE, REACH } from "./sizes";
import type { LandingConstants } from "./weights";

/** What is left, after each note, of what the leaky sums of a note control hold. */
const DECAYS = [0.8, 0.98] as const;
/** What is added to the use of a value, whose logarithm counts. */
const LEAST_USE = 0.01;

/** As `impsy.models.batch.landings` has it, for one sequence. */
export class NoteVoice {
  readonly control: number;
  /** The other notes, which the owner of all puts here. */
  readonly others: NoteVoice[] = [];
  /** V, how many values it has. */
  readonly count: number;
  /** How many slots land it. */
  readonly slots: number;
  /** Its values (V,), scaled space. */
  readonly landing: Float32Array;
  /** How much each value was used, for each decay, (V,). */
  readonly use: Float64Array[];
  /** Which value sounds, (1,). */
  readonly at = new Float32Array(1);
  /** What `valueLogits` found, (V,). */
  readonly logits: Float64Array;
  private readonly lowest: number;
  private readonly perStep: number;
  private readonly around = new Float64Array(OCTAVE);

  constructor(fixed: LandingConstants, voice: number) {
    this.control = fixed.notes[voice]!;
    this.count = fixed.counts[voice]!;
    this.lowest = fixed.lowest[voice]!;
    this.slots = fixed.voice.filter((each) => each === voice).length;
    const step = fixed.grid[this.control]!;
    this.perStep = Math.fround(1 / step);
    this.landing = Float32Array.from({ length: this.count }, (_, j) => Math.fround(this.lowest + j) * step);
    this.use = DECAYS.map(() => new Float64Array(this.count));
    this.logits = new Float64Array(this.count);
  }

  /** Take in where the control stands, and whether that is a note that was played. */
  hear(base: number, played: boolean): void {
    const steps = rint(Math.fround(base * this.perStep)) - this.lowest;
    const at = (this.at[0] = Math.min(Math.max(steps, 0), this.count - 1));
    if (!played) return;
    this.use.forEach((use, decay) => {
      const taken = 1 - DECAYS[decay]!;
      for (let j = 0; j < this.count; j++) use[j]! += taken * ((j === at ? 1 : 0) - use[j]!);
    });
  }

  /** The class of the value `j`. */
  classOf(j: number): number {
    return modulo(this.lowest + j);
  }

  /** The class of the value that sounds. */
  get sounding(): number {
    return this.classOf(this.at[0]!);
  }

  /** Leave what the layers hear of the note in `out` from `at` on; returns where that ends. */
  features(move: number, first: boolean, voices: readonly NoteVoice[], out: Float32Array, at: number): number {
    const interval = clipped(rint(Math.fround(move * this.perStep)));
    at = oneOf(2 * REACH + 1, first ? -1 : REACH + interval, out, at);
    at = oneOf(this.count, this.at[0]!, out, at);
    for (const use of this.use) {
      out.set(use, at);
      at += this.count;
    }
    for (let decay = 0; decay < DECAYS.length; decay++) {
      usedClasses(voices, decay, this.around);
      for (let k = 0; k < OCTAVE; k++) out[at++] = this.around[modulo(k + this.sounding)]!;
    }
    for (const other of this.others) {
      at = oneOf(OCTAVE, modulo(other.sounding - this.sounding), out, at);
    }
    return at;
  }

  /**
   * The logits of its values, left in `logits`. The other arguments are where in `dense` its numbers begin: those of
   * its values, of intervals, of chords with each other note, and of the two weights of use.
   */
  valueLogits(
    dense: Float32Array,
    ofValue: number,
    intervals: number,
    chords: number,
    weights: number,
    voices: readonly NoteVoice[],
  ): void {
    usedClasses(voices, 1, this.around);
    const [wide, own] = [dense[weights]!, dense[weights + 1]!];
    const { others } = this;
    for (let j = 0; j < this.count; j++) {
      let logit = dense[ofValue + j]! + dense[intervals + REACH + clipped(j - this.at[0]!)]!;
      logit +=
        wide * Math.log(this.around[this.classOf(j)]! + LEAST_USE) + own * Math.log(this.use[1]![j]! + LEAST_USE);
      for (let other = 0; other < others.length; other++) {
        logit += dense[chords + OCTAVE * other + modulo(this.classOf(j) - others[other]!.sounding)]!;
      }
      this.logits[j] = logit;
    }
  }

  reset(): void {
    for (const use of this.use) use.fill(0);
  }
}

/** How much each class was used by any note, left in `sums` (12,). */
function usedClasses(voices: readonly NoteVoice[], decay: number, sums: Float64Array): void {
  sums.fill(0);
  for (const voice of voices) {
    const use = voice.use[decay]!;
    for (let j = 0; j < voice.count; j++) sums[voice.classOf(j)]! += use[j]!;
  }
}

/** A vector of `length` numbers, 1 at `which` and else 0, from `at` on; returns where it ends. */
function oneOf(length: number, which: number, out: Float32Array, at: number): number {
  out.fill(0, at, at + length);
  if (which >= 0 && which < length) out[at + which] = 1;
  return at + length;
}

function clipped(interval: number): number {
  return Math.min(Math.max(interval, -REACH), REACH);
}

function modulo(value: number): number {
  return ((value % OCTAVE) + OCTAVE) % OCTAVE;
}

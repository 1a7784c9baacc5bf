// The head of a network for notes: see `impsy.models.landings.Landings`.
import { eluPlusOne, type Head, rint, Standing } from "./heads";
import { NoteVoice } from "./notes";
import { OCTAVE, REACH, SIGMA_FLOOR } from "./sizes";
import type { LandingConstants, Weights } from "./weights";

/** Times are not distinguished below this (scaled space: 2 ms). */
const SOONEST = 0.02;
/** Half the width of the features that distinguish times, in natural logarithms. */
const HAT = 0.2;
const INTERVALS = 2 * REACH + 1;

/** Components are a note's values times its slots, and the slots that land none. */
export class LandingHead implements Head {
  readonly carried;
  private readonly standing: Standing;
  private readonly heard = new Float32Array(1);
  private readonly perThreshold: Float32Array;
  private readonly anchors: Float64Array;
  private readonly turned: Uint8Array;
  private readonly voices: NoteVoice[];
  private readonly knobs: number[];
  /** The control that each computed number of a slot is about, after those of time. */
  private readonly moved: { slot: number; control: number }[] = [];
  private readonly means: Float64Array;
  private readonly deviations: Float64Array;
  private readonly dimension: number;
  private readonly mixtures: number;

  constructor(
    weights: Weights,
    private readonly fixed: LandingConstants,
  ) {
    this.dimension = weights.dimension;
    this.mixtures = weights.mixtures;
    this.voices = [...fixed.notes].map((_, voice) => new NoteVoice(fixed, voice));
    for (const voice of this.voices) voice.others.push(...this.voices.filter((other) => other !== voice));
    const n = fixed.grid.length;
    this.standing = new Standing(fixed);
    this.perThreshold = fixed.threshold.map((threshold) => 1 / threshold);
    this.anchors = Float64Array.from(fixed.anchors, (anchor) => Math.log(anchor));
    this.turned = new Uint8Array(n);
    this.knobs = [...fixed.grid.keys()].filter((control) => !fixed.notes.includes(control));
    fixed.moves.values.forEach((moves, at) => {
      if (moves) this.moved.push({ slot: Math.floor(at / n), control: at % n });
    });
    const slots = fixed.voice.length;
    this.means = new Float64Array(slots * this.dimension);
    this.deviations = new Float64Array(slots * this.dimension);
    for (let slot = 0; slot < slots; slot++) this.deviations.set(fixed.rest, slot * this.dimension + 1);
    this.carried = [this.standing.base, this.heard, ...this.voices.flatMap((voice) => [...voice.use, voice.at])];
  }

  features(scaled: Float32Array, out: Float32Array): void {
    const { standing, fixed, anchors } = this;
    const { move } = standing;
    standing.hear(scaled);
    const time = Math.log(Math.max(scaled[0]!, SOONEST));
    const first = !this.heard[0];
    out[0] = time;
    for (let i = 0; i < anchors.length; i++) out[1 + i] = Math.max(0, 1 - Math.abs(time - anchors[i]!) / HAT);
    out[1 + anchors.length] = this.heard[0]!;
    if (first) move.fill(0);
    this.heard[0] = 1;
    let still = true;
    for (let i = 0; i < move.length; i++) {
      this.turned[i] = rint(Math.fround(move[i]! * this.perThreshold[i]!)) !== 0 ? 1 : 0;
      if (this.turned[i] && fixed.apart[i]) still = false;
    }
    for (const voice of this.voices) {
      voice.hear(standing.base[voice.control]!, still || this.turned[voice.control] === 1);
    }
    let at = 2 + anchors.length;
    for (const voice of this.voices) at = voice.features(move[voice.control]!, first, this.voices, out, at);
    this.knobFeatures(out, at);
  }

  mixture(dense: Float32Array, parameters: Float32Array): void {
    const { fixed, dimension, mixtures } = this;
    const slots = fixed.voice.length;
    this.fillSlots(dense);
    const ofSlot = 2 * (slots + this.moved.length);
    let ofValue = ofSlot + slots;
    const values = this.voices.reduce((sum, voice) => sum + voice.count, 0);
    let intervals = ofValue + values;
    let chords = intervals + INTERVALS * this.voices.length;
    let weights = chords + OCTAVE * this.voices.length * (this.voices.length - 1);
    const logits = 2 * mixtures * dimension;
    let component = 0;
    let slot = 0;
    for (const voice of this.voices) {
      voice.valueLogits(dense, ofValue, intervals, chords, weights, this.voices);
      for (let value = 0; value < voice.count; value++) {
        for (let s = slot; s < slot + voice.slots; s++, component++) {
          this.place(s, component, parameters);
          parameters[component * dimension + 1 + voice.control] = voice.landing[value]!;
          parameters[logits + component] = voice.logits[value]! + dense[ofSlot + s]!;
        }
      }
      slot += voice.slots;
      ofValue += voice.count;
      intervals += INTERVALS;
      chords += OCTAVE * (this.voices.length - 1);
      weights += 2;
    }
    for (; slot < slots; slot++, component++) {
      this.place(slot, component, parameters);
      parameters[logits + component] = dense[ofSlot + slot]!;
    }
  }

  reset(): void {
    this.standing.reset();
    this.heard[0] = 0;
    for (const voice of this.voices) voice.reset();
  }

  /** base, d, d², low and high of the controls that are no notes. */
  private knobFeatures(out: Float32Array, at: number): void {
    const { standing, knobs } = this;
    const count = knobs.length;
    for (let k = 0; k < count; k++) {
      const i = knobs[k]!;
      const change = Math.tanh(this.fixed.changeScale[i]! * standing.move[i]!);
      out[at + k] = standing.base[i]!;
      out[at + count + k] = change;
      out[at + 2 * count + k] = change * change;
      out[at + 3 * count + k] = standing.low[i]!;
      out[at + 4 * count + k] = standing.high[i]!;
    }
  }

  /** Means and deviations of every slot, whatever note it lands. */
  private fillSlots(dense: Float32Array): void {
    const { fixed, standing, dimension, means, deviations, moved } = this;
    const slots = fixed.voice.length;
    const live = slots + moved.length;
    const sigma = (q: number): number =>
      fixed.sigmaScale[q]! * (eluPlusOne(dense[live + q]!) + SIGMA_FLOOR) + fixed.sigmaFloor[q]!;
    for (let slot = 0; slot < slots; slot++) {
      const row = slot * dimension;
      means.set(standing.base, row + 1);
      means[row] = fixed.time[slot]! + dense[slot]!;
      deviations[row] = sigma(slot);
    }
    for (let pair = 0; pair < moved.length; pair++) {
      const { slot, control } = moved[pair]!;
      const place = slot * dimension + 1 + control;
      means[place] = standing.after(control, dense[slots + pair]!);
      deviations[place] = sigma(slots + pair);
    }
  }

  /** The numbers of a slot as those of a component. */
  private place(slot: number, component: number, parameters: Float32Array): void {
    const { dimension, means, deviations } = this;
    const [from, to, width] = [slot * dimension, component * dimension, this.mixtures * dimension];
    for (let i = 0; i < dimension; i++) {
      parameters[to + i] = means[from + i]!;
      parameters[width + to + i] = deviations[from + i]!;
    }
  }
}

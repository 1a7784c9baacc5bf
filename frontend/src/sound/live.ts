/** The ensemble at an AudioContext: asleep while nothing sounds. */

import { Again, type Passage } from "./again";
import { Ensemble } from "./ensemble";
import type { Who } from "./mix";
import type { SoundSettings } from "./settings";

const TICK = 25; // ms
/** Seconds that are scheduled ahead: as long as a page may be busy. */
const AHEAD = 0.1;
/** Seconds of the room after the last note. */
const TAIL = 5;
/** Seconds without a note until the context sleeps. */
const SLEEPY = 12;

/** A phrase to hear the sound by: for controls of any number, values over time. */
export function phraseOf(count: number): { at: number; index: number; value: number }[] {
  const notes = [0.2, 0.35, 0.5, 0.65, 0.5, 0.8, 0.95, 0.7, 0.45, 0.3, 0.55, 0.1];
  return notes.map((value, turn) => ({ at: 0.26 * turn, index: (turn * 2) % Math.min(count, 5), value }));
}

export class LiveSound {
  private readonly ensemble: Ensemble;
  private readonly analyser: AnalyserNode;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly waveform: Float32Array<ArrayBuffer>;
  private awakeUntil = 0;
  private muted = false;
  private again: Again | null = null;
  private held = false;
  private trial: ReturnType<typeof setTimeout>[] = [];

  constructor(
    private readonly context: AudioContext,
    private settings: SoundSettings,
    private kinds: readonly string[],
    now: Record<Who, readonly number[]>,
  ) {
    this.ensemble = new Ensemble(context, settings, kinds, now);
    this.analyser = new AnalyserNode(context, { fftSize: 2048 });
    this.waveform = new Float32Array(this.analyser.fftSize);
    this.ensemble.mix.out.connect(this.analyser).connect(context.destination);
    this.timer = setInterval(() => this.tick(), TICK);
    this.stayAwake();
  }

  private stayAwake(): void {
    this.awakeUntil = this.context.currentTime + SLEEPY;
    if (this.context.state !== "running" && (!this.muted || this.again)) void this.context.resume();
  }

  private tick(): void {
    const now = this.context.currentTime;
    if (this.context.state !== "running") return;
    this.ensemble.advance(now + AHEAD);
    if (this.again?.tick(AHEAD)) this.awakeUntil = now + TAIL;
    else this.again = null;
    const end = this.ensemble.end;
    if (end !== Infinity) this.awakeUntil = Math.max(this.awakeUntil, end + TAIL);
    else this.awakeUntil = now + SLEEPY;
    if (now > this.awakeUntil && !this.held) void this.context.suspend();
  }

  /** A player's controls are at these values now. */
  play(values: readonly number[], who: Who): void {
    if (this.muted) {
      this.ensemble.remember(values, who);
      return;
    }
    this.stayAwake();
    const now = this.context.currentTime;
    this.ensemble.play(values, who, now);
    this.ensemble.advance(now + AHEAD);
  }

  /** A player goes on from these values, which do not sound; NaN: from its own. */
  place(values: readonly number[], who: Who): void {
    this.ensemble.place(values, who, this.context.currentTime);
  }

  /** Play a passage again, also where the rest is muted; one that is played already ends. */
  playAgain(passage: Passage): void {
    this.endAgain();
    this.again = new Again(this.context, this.analyser, this.settings, this.kinds, passage);
    this.stayAwake();
  }

  endAgain(): void {
    this.again?.stop();
    this.again = null;
  }

  /** The time within the passage that is played again; null: none is. */
  get againAt(): number | null {
    return this.again?.at ?? null;
  }

  /** Play a phrase as an example; it is not sent to the session. */
  tryOut(): void {
    for (const timer of this.trial) clearTimeout(timer);
    const values: number[] = this.kinds.map(() => 0.5);
    this.play([...values], "performer");
    this.trial = phraseOf(this.kinds.length).map(({ at, index, value }) =>
      setTimeout(() => {
        values[index] = value;
        this.play([...values], "performer");
      }, 1000 * at),
    );
  }

  set(settings: SoundSettings): void {
    const now = this.context.currentTime;
    this.settings = settings;
    this.ensemble.set(settings, now);
    if (!this.muted) this.ensemble.mix.setVolume(settings.volume, now);
  }

  setKinds(kinds: readonly string[]): void {
    this.kinds = kinds;
    this.ensemble.setKinds(kinds, this.context.currentTime);
  }

  /** End all notes; what is played next sounds. */
  silence(): void {
    for (const timer of this.trial) clearTimeout(timer);
    this.endAgain();
    this.ensemble.stop(this.context.currentTime);
  }

  mute(muted: boolean): void {
    if (muted === this.muted) return;
    this.muted = muted;
    const now = this.context.currentTime;
    this.ensemble.mix.setVolume(muted ? 0 : this.settings.volume, now);
    if (muted) {
      this.silence();
      setTimeout(() => this.muted && !this.again && !this.held && void this.context.suspend(), 200);
    } else {
      this.ensemble.reseat(now);
      this.stayAwake();
    }
  }

  /** The last 2048 samples that were heard. */
  samples(): Float32Array {
    if (this.context.state === "running") this.analyser.getFloatTimeDomainData(this.waveform);
    else this.waveform.fill(0);
    return this.waveform;
  }

  /** Where all that sounds comes out. */
  get output(): { context: AudioContext; node: AudioNode } {
    return { context: this.context, node: this.analyser };
  }

  /** Whether time goes on in silence too, as while it is recorded. */
  keepAwake(held: boolean): void {
    this.held = held;
    if (held) void this.context.resume();
    else this.stayAwake();
  }

  close(): void {
    clearInterval(this.timer);
    void this.context.close();
  }
}

/** What was played once, played again by the same sound: beside what is played now, and without touching it. */

import { Ensemble } from "./ensemble";
import type { Who } from "./mix";
import type { SoundSettings } from "./settings";

/** A part of what was played. Times are in milliseconds, on any clock. */
export interface Passage {
  from: number;
  until: number;
  /** Where both were. */
  start: Record<Who, readonly number[]>;
  /** In their order; taken when they are due. */
  moments: Iterator<{ at: number; who: Who; values: readonly number[] }>;
}

/** Seconds of the room after the last note. */
const TAIL = 4;

export class Again {
  private readonly ensemble: Ensemble;
  private next: IteratorResult<{ at: number; who: Who; values: readonly number[] }>;
  private began: number | null = null;
  private over = false;

  constructor(
    private readonly context: BaseAudioContext,
    to: AudioNode,
    settings: SoundSettings,
    kinds: readonly string[],
    private readonly passage: Passage,
  ) {
    this.ensemble = new Ensemble(context, settings, kinds, passage.start);
    this.ensemble.mix.out.connect(to);
    this.next = passage.moments.next();
  }

  /** Schedule what is due until `ahead` seconds from now. Returns whether it goes on. */
  tick(ahead: number): boolean {
    if (this.over) return false;
    const now = this.context.currentTime;
    this.began ??= now + 0.03;
    while (!this.next.done) {
      const { at, who, values } = this.next.value;
      const when = this.began + (at - this.passage.from) / 1000;
      if (at >= this.passage.until || when >= now + ahead) break;
      this.ensemble.play(values, who, Math.max(now, when));
      this.next = this.passage.moments.next();
    }
    this.ensemble.advance(now + ahead);
    if (now - this.began >= (this.passage.until - this.passage.from) / 1000) this.stop();
    return !this.over;
  }

  /** The time of what is heard now; null: it is over. */
  get at(): number | null {
    if (this.over) return null;
    if (this.began === null) return this.passage.from;
    return this.passage.from + 1000 * Math.max(0, this.context.currentTime - this.began);
  }

  stop(): void {
    if (this.over) return;
    this.over = true;
    this.ensemble.stop(this.context.currentTime);
    setTimeout(() => this.ensemble.mix.out.disconnect(), 1000 * TAIL);
  }
}

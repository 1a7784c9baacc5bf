/** Tempo by tapping; as `impsy.timing.tapping`. */

import { copied } from "../copying";
import { TAPPING } from "../tables";

const { ANOTHER_TEMPO, LONGEST_GAP, SHORTEST_GAP, TAPS_KEPT } = TAPPING;

/** The latest taps, as long as they go on evenly. */
export class Tapping {
  private taps: number[] = [];

  fork(): Tapping {
    return copied<Tapping>(this, { taps: [...this.taps] });
  }

  /** Count a tap. Returns the tempo in beats a minute from the second tap on: the mean of the last eight. */
  tap(now: number): number | null {
    const last = this.taps.at(-1);
    if (last !== undefined) {
      const gap = now - last;
      if (gap < SHORTEST_GAP) return null;
      if (gap > LONGEST_GAP) this.taps = [];
      else if (this.taps.length > 1 && !this.isSameTempo(gap)) this.taps = [last];
    }
    this.taps = [...this.taps, now].slice(-TAPS_KEPT);
    return this.taps.length > 1 ? 60 / this.interval : null;
  }

  private isSameTempo(gap: number): boolean {
    const ratio = gap / this.interval;
    return 1 / ANOTHER_TEMPO < ratio && ratio < ANOTHER_TEMPO;
  }

  private get interval(): number {
    return (this.taps.at(-1)! - this.taps[0]!) / (this.taps.length - 1);
  }
}

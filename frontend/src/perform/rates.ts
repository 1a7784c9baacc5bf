/** How often things happen, from counters that only ever grow. */

interface Reading {
  at: number;
  counts: readonly number[];
}

/** Keeps readings of a few seconds. A counter that fell, or a clock that went back, is another session: it begins again. */
export class Rates {
  private readings: Reading[] = [];

  constructor(private readonly seconds = 3) {}

  /** Take a reading at a time in seconds; returns the rates a second of each counter (zeros at first). */
  read(at: number, counts: readonly number[]): number[] {
    const last = this.readings.at(-1);
    if (last && (at < last.at || counts.some((count, index) => count < (last.counts[index] ?? 0)))) this.readings = [];
    if (last?.at === at) this.readings.pop();
    this.readings.push({ at, counts });
    // One reading older than the window is kept: rates are over the whole of it.
    while (this.readings.length > 2 && this.readings[1]!.at <= at - this.seconds) this.readings.shift();
    const first = this.readings[0]!;
    const past = at - first.at;
    return counts.map((count, index) => (past > 0 ? (count - (first.counts[index] ?? 0)) / past : 0));
  }
}

/** 0, 0.4, 12: as few digits as are worth reading. */
export const rateText = (rate: number): string =>
  rate > 0 && rate < 9.95 ? rate.toFixed(1) : String(Math.round(rate));

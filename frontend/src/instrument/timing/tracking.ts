/**
 * When the ticks of a clock really are, from arrivals that come unevenly; as `impsy.timing.tracking`, where the method
 * is described.
 */

import { copied } from "../copying";
import { rising, roundHalfEven } from "../numbers";
import { TRACKING as K } from "../tables";

/** A polynomial of degree one or two (`ramps`) through the ticks: time, period, and the change of the period. */
class Filter {
  time = 0;
  period = 0;
  change = 0;
  lag = 0;
  private ticks: number = K.SEED_TICKS;

  constructor(
    private readonly memory: number,
    private readonly ramps: boolean,
  ) {}

  begin(time: number, period: number, change: number, ticks: number = K.SEED_TICKS): void {
    this.time = time;
    this.period = period;
    this.change = this.ramps ? change : 0;
    this.lag = 0;
    this.ticks = ticks;
  }

  /** So many ticks passed as expected, as far as is known. */
  goOn(ticks: number): void {
    this.time += ticks * this.period;
  }

  /** By how much the next tick comes later than expected. */
  off(arrival: number): number {
    return arrival - (this.time + this.period + this.change / 2);
  }

  /** The next tick came `off` seconds later than expected. */
  take(off: number): void {
    const n = (this.ticks = Math.min(this.ticks + 1, this.memory));
    this.lag += (off - this.lag) / K.LAG_TICKS;
    const [at, rate, change] = this.ramps ? parabola(n) : [(2 * (2 * n - 1)) / (n * (n + 1)), 6 / (n * (n + 1)), 0];
    this.time += this.period + this.change / 2 + at * off;
    this.period += this.change + rate * off;
    this.change += change * off;
  }
}

function parabola(n: number): [number, number, number] {
  const scale = n * (n + 1) * (n + 2);
  return [(3 * (3 * n * n - 3 * n + 2)) / scale, (18 * (2 * n - 1)) / scale, 60 / scale];
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((after, i) => after - times[i]!);

const asPeriod = (period: number): number => Math.max(K.SHORTEST_TICK, Math.min(K.LONGEST_TICK, period));

/** The `time` of the latest tick and the `period`, the seconds from one tick to the next. */
export class Tracking {
  time = 0;
  private filters: readonly Filter[] = K.MEMORIES.map(([memory, ramps]) => new Filter(memory, ramps));
  private recent: number[] = [];
  private count = 0;
  private spread = 0.001;
  private astray: number[] = [];

  /** `period`: what it is taken to be before there are two ticks. */
  constructor(public period: number) {}

  fork(): Tracking {
    return copied<Tracking>(this, {
      filters: this.filters.map((each) => copied(each)),
      recent: [...this.recent],
      astray: [...this.astray],
    });
  }

  /** A tick arrived. Returns how many were lost before it; below 0: so many came twice. */
  tick(arrival: number): number {
    this.recent = [...this.recent, arrival].slice(-K.SEED_TICKS);
    this.count += 1;
    if (this.count <= K.SEED_TICKS) {
      this.throughRecent();
      return 0;
    }
    const off = this.filters[0]!.off(arrival);
    if (Math.abs(off) <= Math.max(K.ASTRAY_OF_PERIOD * this.period, K.ASTRAY_OF_SPREAD * this.spread)) {
      this.astray = [];
      this.follow(arrival);
      return 0;
    }
    this.astray.push(off / this.period);
    const lost = this.slipped();
    for (const each of this.filters) each.goOn(1 + lost);
    this.time += (1 + lost) * this.period;
    if (lost !== 0 || (this.astray.length >= K.STRAYED_TICKS && this.isEven())) this.astray = [];
    if (lost === 0 && this.astray.length === 0) this.beginAnew();
    return lost;
  }

  /** How many ticks are missing, if the latest are off by a whole number of periods and come evenly again. */
  private slipped(): number {
    const latest = this.astray.slice(-K.SLIPPED_TICKS);
    const whole = roundHalfEven(latest.at(-1)!);
    const [shortest, longest] = [K.ASTRAY_OF_PERIOD * this.period, (2 - K.ASTRAY_OF_PERIOD) * this.period];
    const even = gaps(this.recent.slice(-K.SLIPPED_TICKS)).every((gap) => shortest < gap && gap < longest);
    const same = latest.length === K.SLIPPED_TICKS && latest.every((off) => Math.abs(off - whole) < K.WHOLE);
    return same && even ? whole : 0;
  }

  private beginAnew(): void {
    this.count = K.SEED_TICKS;
    this.throughRecent();
  }

  private follow(arrival: number): void {
    const fastest = this.filters.at(-1)!;
    const limit = Math.max(K.LEAST_SURPRISE, K.SURPRISE_OF_SPREAD * this.spread);
    this.spread += (Math.min(Math.abs(fastest.off(arrival)), limit) - this.spread) / K.SPREAD_TICKS;
    for (const each of this.filters) each.take(Math.max(-limit, Math.min(limit, each.off(arrival))));
    const lag = Math.max(K.LEAST_LAG, K.LAG_OF_SPREAD * this.spread);
    if (Math.abs(fastest.lag) > K.JUMP_LAGS * lag && this.isEven()) {
      this.beginAnew();
      return;
    }
    const believed = this.filters.find((each) => Math.abs(each.lag) < lag) ?? fastest;
    for (const each of this.filters) {
      if (each === believed) break;
      each.begin(believed.time, believed.period, believed.change, K.RESEEDED_MEMORY);
    }
    this.time = believed.time;
    this.period = asPeriod(believed.period);
  }

  /** Whether the latest arrivals are a tempo, and no burst after the program stood still. */
  private isEven(): boolean {
    const sorted = rising(gaps(this.recent));
    const middle = sorted[Math.floor(sorted.length / 2)]!;
    return K.SHORTEST_TICK < middle && middle < K.LONGEST_TICK;
  }

  /** A straight line through the latest arrivals, by least squares. */
  private throughRecent(): void {
    const times = this.recent;
    const n = times.length;
    this.time = times.at(-1)!;
    if (n < 2) return;
    const middle = (n - 1) / 2;
    const sum = (of: (time: number, i: number) => number) => times.reduce((all, time, i) => all + of(time, i), 0);
    this.period = asPeriod(sum((time, i) => (i - middle) * time) / sum((_, i) => (i - middle) ** 2));
    this.time = sum((time) => time) / n + middle * this.period;
    if (this.count === K.SEED_TICKS) {
      for (const each of this.filters) each.begin(this.time, this.period, 0);
    }
  }
}

/** Following MIDI clock: 24 ticks a beat, start, continue, stop and song position; as `impsy.timing.following`. */

import { copied } from "../copying";
import { roundHalfEven } from "../numbers";
import { FOLLOWING } from "../tables";
import { Line } from "./line";
import { Tracking } from "./tracking";

const { GAP_PERIODS, LOST_SECONDS, SIXTEENTHS_A_BEAT, TICKS_A_BEAT } = FOLLOWING;

/**
 * Follows the clock of one port: the first that sends one, until it falls silent.
 *
 * Ticks without a start are counted from the first that arrives. After a stop nothing is followed until a start or
 * continue. A clock that is lost goes on at its last tempo; when it comes back, it is taken to have gone on as well.
 */
export class MidiFollower {
  /** What is followed; empty while nothing is. */
  port = "";
  /** Where the beat is; null before the first tick and while stopped. */
  line: Line | null = null;
  /** Ticks arrive. */
  locked = false;
  private tracking: Tracking;
  private last = Number.NEGATIVE_INFINITY;
  private stopped = false;
  /** That of the latest tick. */
  private beat = 0;
  /** The beat of the next tick, where that is known; null: one tick after the latest. */
  private ahead: number | null = 0;

  /** `tempo`: beats a minute, what it is taken to be before there are two ticks. */
  constructor(tempo: number) {
    this.tracking = new Tracking(60 / (TICKS_A_BEAT * tempo));
  }

  fork(): MidiFollower {
    return copied<MidiFollower>(this, { tracking: this.tracking.fork() });
  }

  /** When the clock counts as lost, if no tick comes before. */
  get lostAt(): number | null {
    return this.locked ? this.last + LOST_SECONDS : null;
  }

  /** Whether this port's clock is the one to follow; another's is, once that has been silent. */
  hears(port: string, now: number): boolean {
    if (port !== this.port) {
      if (this.port !== "" && now - this.last < LOST_SECONDS) return false;
      this.port = port;
    }
    return true;
  }

  /** A tick arrived. */
  tick(now: number): void {
    if (now - this.last > this.longestGap) this.resume(now);
    this.last = now;
    this.locked = true;
    const lost = this.tracking.tick(now);
    if (this.stopped) return;
    this.beat = this.ahead ?? this.beat + (1 + lost) / TICKS_A_BEAT;
    this.ahead = null;
    this.draw(this.tracking.time, this.beat);
  }

  /** Seconds between two ticks that belong together; the first after a start may come at any time. */
  private get longestGap(): number {
    return this.ahead === null ? LOST_SECONDS : GAP_PERIODS * this.tracking.period;
  }

  /** Ticks come after a pause: their times say nothing about those before. */
  private resume(now: number): void {
    this.tracking = new Tracking(this.tracking.period);
    if (this.ahead === null && this.line !== null) {
      this.ahead = roundHalfEven(this.line.beatAt(now) * TICKS_A_BEAT) / TICKS_A_BEAT;
    }
  }

  private draw(time: number, beat: number): void {
    this.line = new Line(time, beat, 60 / (TICKS_A_BEAT * this.tracking.period));
  }

  /** The next tick is the first of the song. */
  start(now: number): void {
    this.position(0);
    this.proceed(now);
  }

  /** Continue: the next tick is that of the song position, where it was stopped or was sent to. */
  proceed(now: number): void {
    this.stopped = false;
    // If ticks went on meanwhile, the next one is known.
    if (this.ahead !== null && now - this.last < this.longestGap) {
      this.draw(this.tracking.time + this.tracking.period, this.ahead);
    }
  }

  /** The song stands still; ticks may go on. */
  stop(): void {
    this.stopped = true;
    this.ahead ??= this.beat + 1 / TICKS_A_BEAT;
    this.line = null;
  }

  /** The song position, for the next tick after a start or continue. */
  position(sixteenths: number): void {
    this.ahead = sixteenths / SIXTEENTHS_A_BEAT;
  }

  /** No tick came in time, if that is so; returns whether the song was going on, and now does so by itself. */
  lose(now: number): boolean {
    if (!this.locked || now < this.last + LOST_SECONDS) return false;
    this.locked = false;
    return this.line !== null;
  }
}

/** The beat of a performance: its own, or that of MIDI clock; as `impsy.timing.clock`, without Ableton Link. */

import { copied } from "../copying";
import type { MidiClock } from "../engine/events";
import { roundHalfEven } from "../numbers";
import { CLOCK } from "../tables";
import { MidiFollower } from "./following";
import { nearest, pulled } from "./grid";
import { Line } from "./line";
import { Tapping } from "./tapping";

/** Knows the beat. `line` is null while there is none: with no source, and until a source is heard. */
export class BeatClock {
  source = "off";
  line: Line | null = null;
  private tapping = new Tapping();
  private follower: MidiFollower;
  private ownTempo: number;

  /** `tempo`: beats a minute, of the performance's own beat. `now`: when that begins, with beat 0. */
  constructor(source: string, tempo: number, now: number) {
    this.ownTempo = tempo;
    this.follower = new MidiFollower(tempo);
    this.use(source, now);
  }

  /** Take the beat from another source. The performance's own goes on from that of the one before. */
  use(source: string, now: number): void {
    const before = this.line;
    this.source = source;
    this.follower = new MidiFollower(this.ownTempo);
    this.line = null;
    if (source === "internal") this.line = before?.atTempo(this.ownTempo, now) ?? new Line(now, 0, this.ownTempo);
  }

  fork(): BeatClock {
    return copied<BeatClock>(this, { tapping: this.tapping.fork(), follower: this.follower.fork() });
  }

  /** The performance starts: beat 0 of its own beat is here. */
  begin(now: number): void {
    if (this.source === "internal") this.line = new Line(now, 0, this.ownTempo);
  }

  /** Beats a minute: of the beat, or of the performance's own where there is none. */
  get tempo(): number {
    return this.line?.tempo ?? this.ownTempo;
  }

  /** Whether the source is there: ticks arrive. */
  get locked(): boolean {
    return this.source === "midi" ? this.follower.locked : this.source === "internal";
  }

  /** When the source counts as lost, if nothing comes before. */
  get lostAt(): number | null {
    return this.source === "midi" ? this.follower.lostAt : null;
  }

  /** The port whose MIDI clock is followed; empty while there is none. */
  get port(): string {
    return this.follower.port;
  }

  /** Another tempo of the performance's own beat. */
  setTempo(tempo: number, now: number): void {
    this.ownTempo = tempo;
    if (this.source === "internal" && this.line) this.line = this.line.atTempo(tempo, now);
  }

  /** Count a tap; from the second on, returns the tempo in beats a minute. */
  tap(now: number): number | null {
    return this.tapping.tap(now);
  }

  /** The nearest beat of the performance's own is here. */
  putBeat(now: number): void {
    if (this.source === "internal" && this.line) {
      this.line = new Line(now, roundHalfEven(this.line.beatAt(now)), this.line.tempo);
    }
  }

  /** A message of MIDI clock came; returns whether beats are counted anew. */
  midi({ message, port, position }: MidiClock, now: number): boolean {
    const follower = this.follower;
    if (this.source !== "midi" || !follower.hears(port, now)) return false;
    if (message === "tick") follower.tick(now);
    else if (message === "start") follower.start(now);
    else if (message === "continue") follower.proceed(now);
    else if (message === "stop") follower.stop();
    else follower.position(position);
    return this.take(follower.line, now) || message !== "tick";
  }

  /** Whether MIDI clock was lost just now, and the beat goes on at its last tempo. */
  lose(now: number): boolean {
    return this.source === "midi" && this.follower.lose(now);
  }

  /** Take this beat; returns whether it is not where it was, so that beats are counted anew. */
  private take(line: Line | null, now: number): boolean {
    const before = this.line;
    this.line = line;
    if (line === null || before === null) return line !== before;
    return Math.abs(line.beatAt(now) - before.beatAt(now)) > CLOCK.JUMP_BEATS;
  }

  /**
   * Pull a time to the grid: the time that it moves to, and the beat that it was pulled to (null: to none). `step`: of
   * the grid, beats. `share`: of the way that it moves, 0 to 1. Points before `earliest` are past.
   */
  place(due: number, step: number, share: number, earliest: number): [number, number | null] {
    if (this.line === null || share === 0) return [due, null];
    const beat = nearest(this.line, step, due, earliest);
    return [pulled(this.line, due, beat, share), beat];
  }

  /** Where the same time is now, if the beat has changed its tempo since it was pulled to `beat`. */
  again(due: number, beat: number | null, share: number): number {
    return this.line === null || beat === null ? due : pulled(this.line, due, beat, share);
  }
}

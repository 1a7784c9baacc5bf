/** What settings and events mean for the beat, and the clock that others are sent; as `impsy.engine.timekeeping`. */

import { copied } from "../copying";
import type { ClockState } from "../../protocol";
import { earliest } from "../numbers";
import { FOLLOWING, TIMEKEEPING } from "../tables";
import { BeatClock } from "../timing/clock";
import { stepOfGrid } from "../timing/grid";
import type { Line } from "../timing/line";
import { type Command, type MidiClock, report, type SendStop } from "./events";
import { type Settings, withinUseful } from "./settings";
import type { Prediction, Waiting } from "./waiting";

const { TICKS_A_BEAT } = FOLLOWING;
const { FOLLOWED_AFTER, ROUNDING, SKIP_AFTER } = TIMEKEEPING;

const sendStop = (ports: readonly string[], forget: boolean): SendStop[] =>
  ports.length > 0 ? [{ kind: "sendStop", ports, forget }] : [];

/** Keeps the beat of a performance, pulls what is planned to its grid, and says when ticks are to be sent. */
export class Timekeeping {
  private clock: BeatClock;
  private followed: Line | null;
  private nextTick = 0;
  private ticks = true;

  constructor(
    private settings: Settings,
    now: number,
  ) {
    this.clock = new BeatClock(settings.clock_source, settings.tempo, now);
    this.followed = this.clock.line;
  }

  /** A copy that shares nothing that changes, and sends no ticks. */
  fork(): Timekeeping {
    return copied<Timekeeping>(this, { clock: this.clock.fork(), ticks: false });
  }

  /** The performance starts: the first beat of its own is here. */
  begin(now: number): void {
    this.clock.begin(now);
    this.locate(now);
  }

  private get step(): number {
    return stepOfGrid(this.settings.grid);
  }

  // --- what is planned -------------------------------------------------------------------------------

  /** When what is planned for `due` is played, and the beat that it is pulled to. None before `first`. */
  place(due: number, first: number): [number, number | null] {
    const { clock_delay: delay, quantise } = this.settings;
    const [placed, beat] = this.clock.place(due - delay, this.step, quantise, first - delay);
    return [beat === null ? due : placed + delay, beat];
  }

  /** The same beat, at the time that it has now. */
  private placedAgain(each: Prediction): Prediction {
    if (each.beat === null) return each;
    const { clock_delay: delay, quantise } = this.settings;
    return { ...each, due: this.clock.again(each.planned - delay, each.beat, quantise) + delay };
  }

  /** The beat may have changed: what waits stays on it. */
  follow(waiting: Waiting, now: number): void {
    const { followed: before } = this;
    const { line } = this.clock;
    if (line === null || line === before || waiting.length === 0 || this.settings.quantise === 0) return;
    const drifts = before === null || Math.abs(60 / line.tempo - 60 / before.tempo) > FOLLOWED_AFTER;
    if (before === null || drifts || Math.abs(line.timeOf(before.beatAt(now)) - now) > FOLLOWED_AFTER) {
      this.followed = line;
      waiting.change((each) => this.placedAgain(each));
    }
  }

  /** The grid has changed, or its beats are counted anew: what waits is pulled to it afresh. */
  placeAgain(waiting: Waiting, now: number): void {
    this.followed = this.clock.line;
    waiting.change((each) => {
      const [due, beat] = this.place(each.planned, now);
      return { ...each, due, beat };
    });
  }

  /** Keep what waits on the beat. `anew`: it is pulled to it afresh. */
  keep(waiting: Waiting, now: number, anew: boolean): void {
    if (anew) this.placeAgain(waiting, now);
    else this.follow(waiting, now);
  }

  // --- what happens ----------------------------------------------------------------------------------

  /** Another value of a setting. */
  configure(settings: Settings, name: string, now: number): Command[] {
    const before = this.settings;
    this.settings = settings;
    if (name === "clock_source") {
      this.clock.use(settings.clock_source, now);
      this.locate(now);
      return sendStop(before.clock_send, true);
    }
    if (name === "clock_send") {
      this.locate(now);
      return sendStop(
        before.clock_send.filter((port) => !settings.clock_send.includes(port)),
        true,
      );
    }
    return name === "tempo" ? this.setTempo(now) : [];
  }

  private setTempo(now: number): Command[] {
    this.clock.setTempo(this.settings.tempo, now);
    if (this.settings.clock_source !== "midi" || !this.clock.locked) return [];
    const text = `the tempo is that of the MIDI clock at ${this.clock.port}: another one counts once that is gone`;
    return [report("tempo-followed", text, "info")];
  }

  /** A tap: the tempo that it means (null: none yet), and what to report. */
  tap(now: number): [number | null, Command[]] {
    const { clock_source: source } = this.settings;
    if (source === "internal") {
      const tempo = this.clock.tap(now);
      return [tempo === null ? null : withinUseful("tempo", tempo), []];
    }
    const follows = source === "midi" ? "it follows MIDI clock" : "this performance has no tempo";
    const text = `a tap was not used: ${follows}. [clock] source = "internal" gives it a tempo of its own`;
    return [null, [report("tap-unused", text, "info")]];
  }

  /** A beat was tapped here. */
  putBeat(now: number): void {
    this.clock.putBeat(now);
    this.locate(now, this.nextTick);
  }

  /** A message of a clock: whether beats are counted anew, and what to do. */
  hear(event: MidiClock, now: number): [boolean, Command[]] {
    const { clock } = this;
    const wasLocked = clock.locked;
    const anew = clock.midi(event, now);
    const commands: Command[] = [];
    if (clock.locked && !wasLocked && clock.source === "midi") {
      commands.push(report("clock-followed", `following the MIDI clock at ${clock.port}`, "info", true));
    }
    if (anew) {
      commands.push(...sendStop(this.settings.clock_send, event.message === "start"));
      this.locate(now);
    }
    return [anew, commands];
  }

  // --- what is sent ----------------------------------------------------------------------------------

  private get sends(): boolean {
    return this.ticks && this.settings.clock_send.length > 0;
  }

  /** When `advance` has something to do next. */
  get deadline(): number | null {
    const { line, lostAt } = this.clock;
    if (line === null || !this.sends) return lostAt;
    return earliest(line.timeOf(this.nextTick / TICKS_A_BEAT), lostAt);
  }

  /** The ticks that are due; a clock that was lost is reported. `rolling`: whether receivers are to play. */
  advance(now: number, rolling: boolean): Command[] {
    const commands: Command[] = [];
    if (this.clock.lose(now)) {
      const { port, tempo } = this.clock;
      const text =
        `no MIDI clock comes from ${port} any more: going on at ${tempo.toFixed(1)} beats a minute. ` +
        "Check its cable, or start its clock";
      commands.push(report("clock-lost", text, "warning", true));
    }
    const { line } = this.clock;
    if (line !== null && this.sends) this.sendTicks(line, now, rolling, commands);
    return commands;
  }

  private sendTicks(line: Line, now: number, rolling: boolean, commands: Command[]): void {
    const ports = this.settings.clock_send;
    const dueAt = (tick: number) => line.timeOf(tick / TICKS_A_BEAT);
    if (now - dueAt(this.nextTick) > SKIP_AFTER) {
      commands.push(...sendStop(ports, false));
      this.locate(now);
    }
    for (let due = dueAt(this.nextTick); due <= now; due = dueAt(this.nextTick)) {
      commands.push({ kind: "sendTick", position: this.nextTick, rolling, ports, due });
      this.nextTick += 1;
    }
  }

  /** The next tick is the first that is not past. */
  private locate(now: number, atLeast = Number.NEGATIVE_INFINITY): void {
    const { line } = this.clock;
    if (line !== null) this.nextTick = Math.max(Math.ceil(line.beatAt(now) * TICKS_A_BEAT - ROUNDING), atLeast);
  }

  /** The performance is over: receivers stop. */
  end(): Command[] {
    return sendStop(this.settings.clock_send, true);
  }

  /** The beat as others see it. */
  view(now: number): ClockState {
    const { source, tempo, line, locked } = this.clock;
    return { source, tempo, beat: line?.beatAt(now) ?? 0, locked };
  }
}

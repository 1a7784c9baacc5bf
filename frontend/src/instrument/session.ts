/** The instrument while it plays: gives the engine its events, wakes it in time, and carries out what it decides. */

import type { Next, ReportText, ServerMessage, State } from "../protocol";
import { Ahead } from "./ahead";
import { Alarm } from "./alarm";
import { Engine } from "./engine/engine";
import type { Command, EngineEvent, Play, Report } from "./engine/events";
import type { Planned } from "./engine/plan";
import type { Settings } from "./engine/settings";
import { encodeForecast } from "./forecast";
import { Lateness } from "./lateness";
import type { Devices } from "./midi";
import type { Predictor, Random } from "./model/predictor";
import type { Recording } from "./recording";

const FAULT = "an error in the model";
/** Between two messages with the state at most, and at least. */
const STATE_EVERY = 1000; // ms
const SETTLE = 30; // ms
/** Between two messages on what comes next, at least. */
const NEXT_EVERY = 1000 / 30; // ms
/** Calls in a row that play what is due, so that input comes in between. */
const MOST_TURNS = 16;
const MOST_REPORTS = 50;
const PLAN_DECIMALS = 4;

/** Events that change nothing that the state tells. */
const QUIET: ReadonlySet<string> = new Set(["interaction", "update", "released", "touched", "playThrough"]);

/** Seconds on the clock of the engine. */
export const clock = (): number => performance.now() / 1000;

let sessions = 0;

export class Session {
  private readonly engine: Engine;
  private readonly alarm = new Alarm(() => this.wake());
  private readonly ahead: Ahead;
  private readonly lateness = new Lateness();
  private readonly began = clock();
  private readonly number = ++sessions;
  private readonly known = new Set<string>();
  private reports: ReportText[] = [];
  private shape = "";
  private plan: readonly Planned[] | null = null;
  private revision = "";
  private stateTimer: ReturnType<typeof setTimeout> | undefined;
  private nextTimer: ReturnType<typeof setTimeout> | undefined;
  private nextAt = -Infinity;
  private marks = 0;
  private toldAt = -Infinity;
  private readonly beat = setInterval(() => this.tellState(), STATE_EVERY);

  constructor(
    settings: Settings,
    predictor: Predictor,
    random: Random,
    model: string,
    private recording: Recording,
    private readonly devices: Devices,
    private readonly tell: (message: ServerMessage) => void,
    private readonly scene: (settings: Settings) => { scenes: string[]; scene: string },
  ) {
    this.engine = new Engine(settings, predictor, random, this.began, { model });
    this.ahead = new Ahead(this.engine, clock, (events) => {
      this.plan = events;
      this.tellNextSoon();
    });
    this.ahead.interrupted();
    this.follow();
    this.tellState();
  }

  get dimension(): number {
    return this.engine.settings.dimension;
  }

  /** From now on the rows go into this take. */
  record(recording: Recording): void {
    this.recording = recording;
    this.changed();
  }

  /** Mark this moment in the take. */
  mark(text: string): void {
    this.recording.mark(text, clock());
    this.marks += 1;
    this.changed();
  }

  /** Something happens to the engine, now. */
  receive(event: EngineEvent): void {
    const now = clock();
    this.ahead.interrupted(event, this.engine.settings.quantise);
    this.run(() => this.engine.receive(event, now));
    this.follow();
    if (!QUIET.has(event.kind) && !(event.kind === "midiClock" && event.message === "tick")) this.changed();
  }

  /** The state has changed: it is told at once, unless it was told just now. */
  changed(): void {
    const wait = this.toldAt + SETTLE - performance.now();
    if (wait <= 0) return this.tellState();
    this.stateTimer ??= setTimeout(() => this.tellState(), wait);
  }

  /** Something to be read by the performer; each topic once, unless it is to be told always. */
  report({ topic, text, level, always }: Omit<Report, "kind">): void {
    if (this.known.has(topic) && !always) return;
    this.known.add(topic);
    this.reports = [...this.reports, { level, text }].slice(-MOST_REPORTS);
    if (level !== "info") this.tell({ type: "sentence", level, text });
    this.changed();
  }

  /** End: nothing more is played or told. */
  close(): void {
    this.run(() => this.engine.end());
    this.alarm.close();
    this.ahead.close();
    clearInterval(this.beat);
    clearTimeout(this.stateTimer);
    clearTimeout(this.nextTimer);
  }

  // --- time ------------------------------------------------------------------------------------------

  private wake(): void {
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const { deadline } = this.engine;
      const now = clock();
      if (deadline === null || deadline > now) break;
      this.run(() => this.engine.advance(now));
    }
    this.follow();
  }

  /** Wake when the engine has something to do next, and tell what has changed. */
  private follow(): void {
    const { deadline, turn, held } = this.engine;
    this.alarm.set(deadline === null ? null : 1000 * deadline);
    const shape = `${turn} ${held.join()}`;
    if (shape !== this.shape) {
      this.shape = shape;
      this.changed();
    }
    const { due, what, revision } = this.engine.forecast();
    const known = `${due} ${what} ${revision}`;
    if (known !== this.revision) {
      this.revision = known;
      this.tellNextSoon();
    }
  }

  private run(decide: () => readonly Command[]): void {
    try {
      for (const command of decide()) this.carryOut(command);
    } catch (error) {
      console.error(error);
      this.report({ topic: "fault", text: `${FAULT}: ${String(error)}. It goes on.`, level: "error", always: false });
      this.ahead.interrupted();
      for (const command of this.engine.recover(clock(), FAULT)) this.carryOut(command);
    }
  }

  private carryOut(command: Command): void {
    switch (command.kind) {
      case "play":
        return this.play(command);
      case "record":
        this.recording.add(command);
        if (command.source === "interface") this.tell({ type: "in", values: [...command.values] });
        return;
      case "silence":
        return this.devices.silence();
      case "panic":
        this.devices.panic();
        return this.changed(); // the pages end their notes when its count rises
      case "sendTick":
        return this.devices.tick(command);
      case "sendStop":
        return this.devices.stop(command);
      case "report":
        return this.report(command);
      case "endNotes":
        return this.devices.endNotes(command);
    }
  }

  private play(play: Play): void {
    this.devices.play(play);
    if (play.start !== null) this.tell({ type: "start", values: [...play.start] });
    this.tell({ type: "out", values: [...play.values] });
    this.ahead.follow(play);
    if (play.source === "rnn") this.lateness.add(clock() - play.due);
  }

  // --- what is told ----------------------------------------------------------------------------------

  /** The session at this moment. */
  state(): State {
    const { counters, ...snapshot } = this.engine.snapshot(clock());
    const { file, rows, error } = this.recording;
    return {
      ...(snapshot as unknown as State),
      ...this.scene(this.engine.settings),
      counters: { ...counters, dropped: 0, logged: rows, unmirrored: 0, marks: this.marks },
      lateness_ms: this.lateness.summary(),
      ports: [],
      log: { file, rows, waiting: 0, rescued: 0, lost: 0, error },
      reports: this.reports,
      uptime: clock() - this.began,
      pid: this.number,
      command_port: 0,
    };
  }

  private tellState(): void {
    clearTimeout(this.stateTimer);
    this.stateTimer = undefined;
    this.toldAt = performance.now();
    this.tell({ type: "session", status: "running", ours: true, pid: this.number, sentence: "", state: this.state() });
  }

  private tellNextSoon(): void {
    const wait = this.nextAt + NEXT_EVERY - performance.now();
    this.nextTimer ??= setTimeout(
      () => {
        this.nextTimer = undefined;
        this.nextAt = performance.now();
        this.tell({ type: "next", ...this.next() });
      },
      Math.max(0, wait),
    );
  }

  private next(): Next {
    const now = clock();
    const forecast = this.engine.forecast();
    const mixture = forecast.due === null ? null : this.engine.mixture();
    const message = encodeForecast(forecast, mixture, this.engine.settings, now);
    if (this.plan === null) return message;
    const coming = this.plan.filter(({ due }) => due > now);
    const plan = coming.map(({ due, values }) => [Number((due - now).toFixed(PLAN_DECIMALS)), ...values]);
    return { ...message, plan };
  }
}

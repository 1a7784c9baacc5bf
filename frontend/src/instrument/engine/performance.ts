/** All that the engine knows at one moment; its rules are in the modules beside this one. */

import { copied } from "../copying";
import { counted } from "../numbers";
import { MODES } from "../../protocol";
import type { Predictor, Random } from "../model/predictor";
import type { ForkableRandom } from "../random";
import { ENGINE } from "../tables";
import type { Answer } from "./answer";
import type { Interaction, PlayThrough, Report, Update, Values } from "./events";
import { report } from "./events";
import { Hands } from "./hands";
import { Hearing } from "./hearing";
import { type Given, Holding, Stream } from "./holding";
import { Performer } from "./performer";
import { Pace } from "./playback";
import { type Settings, SettingsError } from "./settings";
import { noCounts } from "./snapshot";
import { Timekeeping } from "./timekeeping";
import { Waiting } from "./waiting";

/** A row of the table of modes: who plays when. */
export type ModeRow = (typeof MODES)[number];

export const modeOf = (name: string): ModeRow => MODES.find((mode) => mode.name === name)!;

export interface Options {
  /** The model's name, for the snapshot. */
  readonly model?: string;
  /** x_1 … x_n before the performer has played; left out: random. */
  readonly start?: Values;
}

export class Performance {
  mode: ModeRow;
  paused: boolean;
  thru: ReadonlyMap<string, readonly string[]>;
  readonly model: Hearing;
  counters = noCounts();
  readonly hands: Hands;
  readonly performer: Performer;
  output: Values = [];
  /** What all outputs were last sent, from any source. */
  sent: Values = [];
  /** The first input of a model that predicts before it has heard anything. */
  readonly opening: Values;
  performerPlayed = false;
  lastEvent: number;

  /** What is held, and the one stream of both players, where they share controls. */
  readonly holding = new Holding();
  stream: Stream;
  /** What the prediction that waits was drawn from: the mixture's revision, and the values that were held. */
  drawnFrom: { readonly revision: number; readonly given: Given } = { revision: 0, given: new Map() };

  answerAt: number | null = null;
  answering = false;
  answer: Answer | null = null;
  readonly waiting = new Waiting(ENGINE.PENDING_LIMIT);
  readonly time: Timekeeping;
  readonly ownPace = new Pace(ENGINE.PLAYED_A_SECOND, ENGINE.PLAYED_BURST);
  readonly causedPace = new Pace(ENGINE.PLAYED_A_SECOND, ENGINE.PLAYED_BURST);
  readonly heardPace = new Pace(ENGINE.HEARD_A_SECOND, ENGINE.HEARD_BURST);
  /** What is to be predicted with the next call: since when. */
  asked: number[] = [];
  /** What the model has played but not yet been fed. */
  unheard: { readonly due: number; readonly vector: Values } | null = null;

  constructor(
    public settings: Settings,
    predictor: Predictor,
    readonly random: Random,
    now: number,
    { model = "", start }: Options,
  ) {
    if (predictor.dimension !== settings.dimension) {
      throw new SettingsError(dimensionMismatch(model, predictor.dimension, settings.dimension));
    }
    this.mode = modeOf(settings.mode);
    this.paused = settings.paused;
    this.thru = new Map(settings.thru_matrix);
    this.model = new Hearing(predictor, model);
    const first = start ?? Array.from({ length: settings.dimension - 1 }, () => random.uniform());
    this.hands = new Hands(settings.hands, first);
    const begin = this.hands.keep(first);
    this.performer = new Performer(begin);
    this.opening = [0, ...begin];
    this.stream = new Stream(begin, now);
    this.time = new Timekeeping(settings, now);
    this.lastEvent = now;
  }

  /** A copy that shares nothing that changes, but for the predictor and random numbers. */
  fork(): Performance {
    return copied<Performance>(this, {
      model: this.model.fork(),
      random: (this.random as ForkableRandom).fork(),
      counters: { ...this.counters },
      hands: this.hands.fork(),
      performer: this.performer.fork(),
      holding: this.holding.fork(),
      stream: this.stream.fork(),
      answer: this.answer?.fork() ?? null,
      waiting: this.waiting.fork(),
      time: this.time.fork(),
      ownPace: this.ownPace.fork(),
      causedPace: this.causedPace.fork(),
      heardPace: this.heardPace.fork(),
      asked: [...this.asked],
    });
  }

  /** Number n of controls. */
  get controls(): number {
    return this.settings.dimension - 1;
  }

  /** The values of the controls that the performer holds. */
  given(now: number): Given {
    if (!this.mode.shares) return new Map();
    const { values } = this.performer;
    return new Map(this.holding.at(now, this.settings.hold).map((control) => [control, values[control]!]));
  }

  /** Let the model hear what it has played, if it has not yet. Returns when that was due; null: there was nothing. */
  hearOwn(): number | null {
    const { unheard } = this;
    if (unheard === null) return null;
    this.unheard = null;
    this.model.hear(unheard.vector);
    return unheard.due;
  }

  /** Drop all predictions that wait. What was already played is still fed back to the model. */
  dropWhatWaits(): void {
    this.hearOwn();
    this.counters.cancelled += this.waiting.clear();
    this.asked = [];
    this.answerAt = null;
    this.answering = false;
    this.answer = null;
  }

  /** Enter the mode: schedule what the model plays without input. */
  begin(now: number): void {
    if (this.paused) return;
    if (this.mode.shares) this.stream = new Stream(this.sentOrPlayed, now);
    if (this.mode.plays === "always") this.answerAt = now;
    else if (this.mode.plays === "after silence" && this.performerPlayed) {
      this.answerAt = Math.max(now, this.lastEvent + this.settings.threshold);
    }
  }

  /** What outputs were last sent; before that, the performer's values. */
  get sentOrPlayed(): Values {
    return this.sent.length > 0 ? this.sent : this.performer.values;
  }

  /** Count an event of a wrong length. */
  reject(event: Interaction | Update | PlayThrough): Report[] {
    this.counters.rejected += 1;
    const n = this.controls;
    const what = event.kind === "update" ? "a control that is not there" : counted(event.values.length, "value");
    const text = `${event.port} sent ${what}, but dimension ${n + 1} means ${counted(n, "control")}: ignored`;
    return [report("input-length", text)];
  }
}

/** Where to count from: a time that is not long past, or now. */
export const notLongPast = (time: number, now: number): number => (now - time < ENGINE.REBASE_AFTER ? time : now);

export const dimensionMismatch = (name: string, found: number, wanted: number): string =>
  `the model ${name || "(unnamed)"} has dimension ${found}, but the configuration says ${wanted} ` +
  `([model] dimension): choose a model of dimension ${wanted}, or set dimension = ${found}`;

/**
 * The state machine of a performance, as `impsy.engine.engine`.
 *
 * Time runs forward only: every call carries `now` (seconds, monotonic, any origin). `receive` takes an event,
 * `advance` plays what is due, `deadline` is when to call `advance` next. None of them waits.
 */

import type { Turn } from "../../protocol";
import { copied } from "../copying";
import type { Predictor, Random } from "../model/predictor";
import { earliest } from "../numbers";
import { ENGINE } from "../tables";
import { drawAnother, follow, panic, set, setPredictor, tap } from "./commanding";
import { type Command, type EngineEvent, silence } from "./events";
import { notLongPast, type Options, Performance } from "./performance";
import { perform, playThrough } from "./performing";
import { beginAnswer, play, predict } from "./predicting";
import type { Settings, SettingName } from "./settings";
import type { Forecast, Snapshot } from "./snapshot";

/** Decides what is played, recorded and reported. */
export class Engine {
  private all: Performance;

  /**
   * `random`: the only source of randomness: one seed, one performance. `now`: when the performance starts; the first
   * event's dt counts from here. Throws SettingsError where the model's dimension is not that of the settings.
   */
  constructor(settings: Settings, predictor: Predictor, random: Random, now: number, options: Options = {}) {
    this.all = new Performance(settings, predictor, random, now, options);
    this.start(now);
  }

  // --- copies ----------------------------------------------------------------------------------------

  /** Whether there can be copies: the random numbers say how they are copied. */
  get isCopied(): boolean {
    return "fork" in this.all.random;
  }

  /** A copy that plays the same if nobody interrupts; it sends no clock. It has to `wake` before it is used. */
  fork(): Engine {
    return copied<Engine>(this, { all: this.all.fork() });
  }

  /** Give a copy a network of its own. */
  wake(): void {
    this.all.model.wake();
  }

  // --- the public face -------------------------------------------------------------------------------

  /** When `advance` has something to do next; null if nothing is planned. */
  get deadline(): number | null {
    const { all } = this;
    const release = all.mode.shares && !all.paused ? all.holding.nextRelease(all.settings.hold) : null;
    return earliest(all.paused ? null : this.nextDue, release, all.time.deadline, all.hands.due);
  }

  private get nextDue(): number | null {
    const { all } = this;
    return all.asked[0] ?? all.unheard?.due ?? earliest(all.waiting.due, all.answerAt);
  }

  /** What plays. */
  get predictor(): Predictor {
    return this.all.model.predictor;
  }

  get settings(): Settings {
    return this.all.settings;
  }

  /** Who plays. */
  get turn(): Turn {
    const { mode, paused, answering, controls } = this.all;
    if (paused) return "nobody";
    if (mode.shares && this.held.length === controls) return "performer";
    if (mode.plays === "each event" || mode.shares) return "both";
    return mode.plays === "always" || answering ? "model" : "performer";
  }

  /** The controls that are the performer's, where both players share them. */
  get held(): readonly number[] {
    return this.all.mode.shares ? this.all.holding.controls : [];
  }

  /** Start the performance: the first event's dt counts from here. The engine may have been made earlier. */
  start(now: number): void {
    this.all.lastEvent = now;
    this.all.time.begin(now);
    this.all.begin(now);
  }

  /** Process one event; returns what to do, in order. */
  receive(event: EngineEvent, now: number): Command[] {
    const { all } = this;
    switch (event.kind) {
      case "interaction":
      case "update":
        return perform(all, event, now);
      case "midiClock":
        return follow(all, event, now);
      case "released":
        return [{ kind: "endNotes", keys: event.keys, origin: event.port }];
      case "touched":
        all.holding.keep(event.controls, now, all.settings.hold);
        return [];
      case "playThrough":
        return playThrough(all, event, now);
      case "set":
        return set(all, event.name, event.value, now);
      case "toggle":
        return set(all, event.name, !all.settings[event.name as SettingName], now);
      case "reset":
        all.model.reset(true);
        return [];
      case "unplugged":
        return [silence(`${event.port} went away`)];
      case "panicButton":
        return panic(all, now);
      case "another":
        return drawAnother(all, now);
      case "tap":
        return tap(all, now);
      case "setPredictor":
        return setPredictor(all, event);
    }
  }

  /**
   * Play what is due. The prediction after it is left to another call, for which `deadline` is at once. May leave more
   * that is due for the next call, so that input is processed in between.
   */
  advance(now: number): Command[] {
    const { all } = this;
    const commands: Command[] = [...all.hands.ended(now), ...all.time.advance(now, !all.paused)];
    if (all.paused) return commands;
    if (all.mode.shares) all.holding.at(now, all.settings.hold);
    const { asked } = all;
    all.asked = [];
    for (const since of asked) predict(all, notLongPast(since, now), now, commands);
    const heard = all.hearOwn();
    if (heard !== null) predict(all, notLongPast(heard, now), now, commands);
    if (all.answerAt !== null && now >= all.answerAt) beginAnswer(all, all.answerAt, now, commands);
    for (let plays = 0; plays < ENGINE.PLAYS_PER_ADVANCE; plays += 1) {
      const prediction = all.waiting.take(now);
      if (prediction === null || !play(all, prediction, now, commands)) break;
    }
    return commands;
  }

  /** After a fault elsewhere (a model that raised): silence, drop what waits, and start again soon. */
  recover(now: number, reason: string): Command[] {
    const { all } = this;
    all.unheard = null;
    all.dropWhatWaits();
    all.model.reset();
    if (all.mode.plays === "always") all.answerAt = now + ENGINE.RETRY_AFTER;
    return [silence(reason)];
  }

  /** End the performance: silence what sounds and stop predicting. */
  end(): Command[] {
    const { all } = this;
    all.dropWhatWaits();
    all.paused = true;
    all.settings = { ...all.settings, paused: true };
    return [silence("the performance ended"), ...all.time.end()];
  }

  // --- what is shown ---------------------------------------------------------------------------------

  /** A picture of the engine that shares nothing with it. */
  snapshot(now: number): Snapshot {
    const { all } = this;
    const { hands: _, ...settings } = all.settings;
    const { held } = this;
    return {
      ...settings,
      model: all.model.name,
      turn: this.turn,
      waiting: all.waiting.length,
      input: all.performer.values,
      output: all.output,
      counters: { ...all.counters },
      held: all.performer.values.map((_value, control) => held.includes(control)),
      clock: all.time.view(now),
    };
  }

  /** The model's next action. */
  forecast(): Forecast {
    const { paused, waiting, unheard, answerAt, model } = this.all;
    const { revision } = model;
    if (paused) return { due: null, what: null, revision };
    const due = waiting.due ?? unheard?.due ?? null;
    if (answerAt !== null && (due === null || answerAt < due)) return { due: answerAt, what: "answer", revision };
    return { due, what: due === null ? null : "event", revision };
  }

  /** A copy of what the model predicts after what it heard last; null: nothing. */
  mixture(): Float32Array | null {
    return this.all.model.mixture();
  }
}

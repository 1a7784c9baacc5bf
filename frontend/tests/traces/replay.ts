/** Plays recorded performances of the Python engine again, and says where this engine did something else. */

import { Engine } from "../../src/instrument/engine/engine";
import type { Command, EngineEvent } from "../../src/instrument/engine/events";
import { Plan, type Planned } from "../../src/instrument/engine/plan";
import type { Settings } from "../../src/instrument/engine/settings";
import { openModel } from "../../src/instrument/model/open";
import type { Predictor } from "../../src/instrument/model/predictor";
import { difference } from "./difference";
import { GivenNumbers, ScriptedPredictor } from "./given-numbers";

/** Predictions of a scripted model, or a `.tflite` file, base64. */
type Model = (number | null)[][] | string;

interface Call {
  readonly do: "receive" | "advance" | "recover" | "end" | "look" | "plan";
  readonly now: number;
  readonly event?: EngineEvent | { kind: "setPredictor"; model: number; name: string };
  readonly commands?: unknown;
  readonly deadline?: number | null;
  readonly snapshot?: unknown;
  readonly forecast?: unknown;
  readonly steps?: number;
  readonly events?: unknown;
  readonly moreAt?: number | null;
  readonly followed?: boolean | null;
}

export interface Trace {
  readonly settings: Settings;
  readonly models: readonly Model[];
  readonly seed: number;
  readonly now: number;
  readonly start: number[] | null;
  readonly calls: readonly Call[];
  readonly heard: unknown;
}

function open(model: Model): Predictor {
  if (typeof model !== "string") return new ScriptedPredictor(model);
  return openModel(Uint8Array.from(atob(model), (letter) => letter.charCodeAt(0)));
}

/** What is different from the recording, with the number of the call; null: nothing. */
export function replay(trace: Trace, tolerance: number): string | null {
  const again = new Replay(trace, trace.models.map(open));
  for (const [number, call] of trace.calls.entries()) {
    const { do: _do, now: _now, event: _event, steps: _steps, ...expected } = call;
    const found = difference(again.make(call), expected, tolerance);
    if (found) return `call ${number}, ${call.do} ${JSON.stringify(call.event ?? "")}: ${found}`;
  }
  return difference(again.heard, trace.heard, tolerance);
}

/** The performance, played again. */
class Replay {
  private readonly engine: Engine;
  private plan: Plan | null = null;
  private played: Planned[] = [];

  constructor(
    trace: Trace,
    private readonly predictors: readonly Predictor[],
  ) {
    const options = { model: "first", ...(trace.start ? { start: trace.start } : {}) };
    this.engine = new Engine(trace.settings, predictors[0]!, new GivenNumbers(trace.seed), trace.now, options);
  }

  /** What each scripted model has heard. */
  get heard(): unknown {
    return this.predictors.map((each) => (each instanceof ScriptedPredictor ? each.heard : null));
  }

  /** What comes of a call. */
  make(call: Call): unknown {
    const { now } = call;
    if (call.do === "look") return { snapshot: this.engine.snapshot(now), forecast: this.engine.forecast() };
    if (call.do === "plan") return this.ahead(now, call.steps!);
    const commands = this.commands(call, now);
    for (const each of commands) {
      if (each.kind === "play" && each.source === "rnn") this.played.push({ due: each.due, values: each.values });
    }
    return { commands, deadline: this.engine.deadline };
  }

  private commands(call: Call, now: number): Command[] {
    const { engine, predictors } = this;
    if (call.do === "advance") return engine.advance(now);
    if (call.do === "recover") return engine.recover(now, "a fault");
    if (call.do === "end") return engine.end();
    const event = call.event!;
    const whole = "model" in event ? { ...event, predictor: predictors[event.model]! } : event;
    return engine.receive(whole as EngineEvent, now);
  }

  private ahead(now: number, most: number): unknown {
    const followed = this.plan?.follow(this.played, now) ?? null;
    this.played = [];
    const copy = this.engine.fork();
    copy.wake();
    const plan = (this.plan = new Plan(copy, now));
    let steps = 0;
    while (plan.wantsMore(now) && steps < most) {
      plan.step();
      steps += 1;
    }
    const events = plan.coming(now).map(({ due, values }) => [due, values]);
    return { events, moreAt: plan.moreAt(now), followed };
  }
}

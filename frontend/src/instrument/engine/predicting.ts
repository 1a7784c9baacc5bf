/** What the model does: predicts, plays, and shares controls with the performer. */

import { ENGINE } from "../tables";
import { Answer } from "./answer";
import { type Command, report, type Values } from "./events";
import type { Given } from "./holding";
import { notLongPast, type Performance } from "./performance";
import { type Step, toStep, within } from "./playback";
import { heardOf, longestWait, type Prediction } from "./waiting";

/** Predictions in a row that may hold numbers that are not finite. */
const TRIES = 2;

/** Play a prediction that is due; returns whether another may be played before the model hears this one. */
export function play(all: Performance, prediction: Prediction, now: number, commands: Command[]): boolean {
  const { due } = prediction;
  const { feedsBack, shares } = all.mode;
  if (now - due > ENGINE.REBASE_AFTER && !feedsBack) {
    all.counters.cancelled += 1;
    return true;
  }
  const planned = planPlaying(all, prediction, now);
  if (planned === null) return false;
  const { values, vector, moved } = all.hands.play(
    planned.vector.slice(1),
    planned.vector,
    all.sent,
    now,
    planned.moved,
  );
  if (shares) all.stream.values = values;
  all.output = all.sent = values;
  all.counters.played += 1;
  commands.push({ kind: "play", values, source: "rnn", due, ports: null, moved, origin: "", start: planned.start });
  commands.push({ kind: "record", source: "rnn", values, time: now });
  if (feedsBack) {
    all.ownPace.count(due);
    all.unheard = { due, vector };
  }
  return !feedsBack;
}

interface Planned {
  readonly vector: Values;
  readonly moved: readonly number[] | null;
  readonly start: Values | null;
}

/** What is to be played of a prediction, and which controls of it; null: all is held, and it waits. */
function planPlaying(all: Performance, prediction: Prediction, now: number): Planned | null {
  if (all.mode.shares) return share(all, prediction, now);
  const vector = heardOf(prediction, all.settings.timescale);
  if (all.answer === null) return { vector, moved: null, start: null };
  const start = all.answer.isNew ? all.answer.start : null;
  return { vector, moved: all.answer.sounding(prediction.values), start };
}

/** The model's turn begins: its first event waits from when the turn was due. */
export function beginAnswer(all: Performance, since: number, now: number, commands: Command[]): void {
  all.answerAt = null;
  all.answering = true;
  predict(all, notLongPast(since, now), now, commands);
  const heard = all.model.latest;
  if (all.mode.plays === "after silence" && heard !== null)
    all.answer = new Answer(heard.slice(1), all.performer.moved);
}

/** Predict the next event, to be played after its dt, counted from `since`, and not before `earliest`. */
export function predict(
  all: Performance,
  since: number,
  now: number,
  commands: Command[],
  earliest = Number.NEGATIVE_INFINITY,
): void {
  for (let tries = 0; tries < TRIES; tries += 1) {
    all.model.prime(all.opening);
    const step = draw(all, new Map());
    if (step !== null) {
      wait(all, step, since, now, earliest);
      return;
    }
    all.counters.not_finite += 1;
    all.model.reset();
    const text = "the model predicted a number that is not finite: its state was reset";
    commands.push(report("prediction-not-finite", text));
  }
  if (all.mode.feedsBack) all.answerAt = now + ENGINE.RETRY_AFTER;
}

/** Let what was predicted wait until it is due. */
function wait(all: Performance, predicted: Step, since: number, now: number, earliest: number): void {
  const { settings } = all;
  const shortest = all.mode.feedsBack ? ENGINE.SHORTEST_WAIT : 0;
  all.counters.predicted += 1;
  const step = within(predicted, longestWait(settings), settings.timescale);
  let planned = since + Math.max(step.wait, shortest);
  if (all.mode.feedsBack) planned = Math.max(planned, all.ownPace.earliest);
  const [due, beat] = all.time.place(planned, Math.max(now, since + shortest));
  const overflows = all.waiting.add(Math.max(due, earliest), step.values, step.vector, planned, beat);
  all.counters.overflowed += overflows ? 1 : 0;
}

/** What the model would play next, given these values of controls; null: it is not finite. */
function draw(all: Performance, given: Given): Step | null {
  const { settings, model } = all;
  all.drawnFrom = { revision: model.revision, given };
  const drawn = model.sample(all.random, settings.pi_temperature, settings.sigma_temperature, given);
  const step = toStep(drawn, settings.timescale);
  if (step === null) return null;
  const [values, vector] = all.hands.shape(step.values, step.vector);
  return { wait: step.wait, values, vector };
}

const isSame = (one: Given, other: Given): boolean =>
  one.size === other.size && [...one].every(([control, value]) => other.get(control) === value);

/**
 * The model's event, with what is held as the performer has it: what the model hears, and what moved. If the performer
 * has played since it was drawn, its values are drawn again. Null: all is held, and it waits.
 */
function share(all: Performance, prediction: Prediction, now: number): Planned | null {
  const given = all.given(now);
  if (given.size === prediction.values.length) {
    const release = all.holding.nextRelease(all.settings.hold);
    all.waiting.add(release ?? now, prediction.values, prediction.vector);
    return null;
  }
  all.model.prime(all.opening);
  const { revision, given: then } = all.drawnFrom;
  const isDrawn = revision === all.model.revision && isSame(given, then);
  const values = isDrawn ? prediction.values : (draw(all, given)?.values ?? prediction.values);
  const before = all.sent.length > 0 ? all.sent : all.stream.values;
  const { timescale } = all.settings;
  const vector = all.stream.play(values, given, prediction.due, prediction.vector[0]!, timescale);
  return { vector, moved: all.stream.sounding(before, given), start: null };
}

/** Live commands: settings, the clock, panic, another event, another model. */

import { ENGINE } from "../tables";
import { type Command, type MidiClock, report, type SetPredictor, silence } from "./events";
import { dimensionMismatch, modeOf, type Performance } from "./performance";
import { predict } from "./predicting";
import { faultOf, isChoice, isSame, isSetting, type SettingName } from "./settings";
import { longestWait } from "./waiting";

/** Give a live setting another value. */
export function set(all: Performance, name: string, value: unknown, now: number): Command[] {
  if (!isSetting(name)) return [report("unknown-setting", `there is no setting “${name}”`)];
  const fault = faultOf(name, value);
  if (fault) return [report(`${isChoice(name) ? "unknown" : "bad"}-${name}`, fault)];
  if (isSame(all.settings[name], value)) return [];
  const before = all.settings.timescale;
  all.settings = { ...all.settings, [name]: value };
  return SETTERS[name]?.(all, now, before, name) ?? [];
}

/** `before`: the timescale before the change. */
type Setter = (all: Performance, now: number, before: number, name: SettingName) => Command[];

const setClock: Setter = (all, now, _before, name) => {
  const commands = all.time.configure(all.settings, name, now);
  all.time.keep(all.waiting, now, name !== "tempo");
  return commands;
};

/** What a change of a setting entails besides its new value. */
const SETTERS: Partial<Record<SettingName, Setter>> = {
  mode: changeMode,
  paused: pauseOrGoOn,
  timescale: stretch,
  longest_wait(all, now) {
    all.waiting.shorten(longestWait(all.settings), all.settings.timescale, now);
    all.time.placeAgain(all.waiting, now);
    return [];
  },
  thru_matrix(all) {
    all.thru = new Map(all.settings.thru_matrix);
    return [];
  },
  clock_source: setClock,
  tempo: setClock,
  quantise: setClock,
  grid: setClock,
  clock_delay: setClock,
  clock_send: setClock,
  hands: changeHands,
};

/** What waits follows the timescale at once; a long pause need not be sat out. */
function stretch(all: Performance, now: number, before: number): Command[] {
  const { timescale } = all.settings;
  const earliest = all.mode.feedsBack ? all.ownPace.earliest : now;
  all.waiting.stretch(timescale / before, timescale, now, earliest, longestWait(all.settings));
  all.time.placeAgain(all.waiting, now);
  return [];
}

function changeMode(all: Performance, now: number): Command[] {
  all.dropWhatWaits();
  all.mode = modeOf(all.settings.mode);
  // A phrase from before the change is no reason to answer now.
  all.performerPlayed = false;
  all.begin(now);
  return [silence("the mode changed")];
}

function pauseOrGoOn(all: Performance, now: number): Command[] {
  all.paused = all.settings.paused;
  if (!all.paused) {
    all.begin(now);
    return [];
  }
  all.dropWhatWaits();
  return [silence("paused")];
}

function changeHands(all: Performance): Command[] {
  const { hands, model, performer } = all;
  const ended = hands.use(all.settings.hands, model.latest?.slice(1) ?? performer.values);
  performer.values = hands.keep(performer.values);
  all.waiting.revise((values, vector) => hands.shape(values, vector));
  return ended;
}

/** A message of MIDI clock. */
export function follow(all: Performance, event: MidiClock, now: number): Command[] {
  const [anew, commands] = all.time.hear(event, now);
  all.time.keep(all.waiting, now, anew);
  return commands;
}

export function tap(all: Performance, now: number): Command[] {
  const [tempo, commands] = all.time.tap(now);
  if (tempo === null) return commands;
  commands.push(...set(all, "tempo", tempo, now));
  all.time.putBeat(now);
  all.time.keep(all.waiting, now, true);
  return commands;
}

/** Silence everything. A model that plays by itself starts again; one that answers waits for a phrase. */
export function panic(all: Performance, now: number): Command[] {
  all.dropWhatWaits();
  all.performerPlayed = false;
  all.counters.panics += 1;
  all.begin(now);
  return [silence("panic"), { kind: "panic" }];
}

/** Throw away what is planned, and draw anew from where the model is. What sounds goes on. */
export function drawAnother(all: Performance, now: number): Command[] {
  const commands: Command[] = [];
  if (all.paused) return commands;
  all.random.uniform(); // what has not been drawn yet also becomes another
  const dropped = all.waiting.drop();
  all.counters.cancelled += dropped.length;
  for (const each of dropped.slice(0, ENGINE.PLAYS_PER_ADVANCE)) {
    const since = Math.min(now, each.planned - each.vector[0]! * all.settings.timescale);
    predict(all, since, now, commands, now);
  }
  return commands;
}

export function setPredictor(all: Performance, { predictor, name }: SetPredictor): Command[] {
  const wanted = all.settings.dimension;
  if (predictor.dimension !== wanted) {
    const text = `${dimensionMismatch(name, predictor.dimension, wanted)}; the model that was playing plays on`;
    return [report("model-dimension", text, "error")];
  }
  all.model.replace(predictor, name);
  return [silence("the model was switched"), report("model-switched", `now playing with ${name}`, "info", true)];
}

/** What the performer does: heard, recorded, passed on, and answered. */

import { ENGINE } from "../tables";
import { type Command, type Interaction, type Play, type PlayThrough, report, silence, type Update } from "./events";
import type { Performance } from "./performance";
import { predict } from "./predicting";
import { rising } from "../numbers";
import type { Values } from "./events";

const tooDense = (): Command =>
  report(
    "input-dense",
    `more events came than are played (${ENGINE.PLAYED_A_SECOND} a second): those beyond are recorded, and stay silent`,
  );

/** Process one event of the performer. */
export function perform(all: Performance, given: Interaction | Update, at: number): Command[] {
  const event = all.hands.heard(given, all.performer.values);
  if (event === null) return [];
  const values = all.performer.after(event);
  if (values === null) return all.reject(event);
  if (!all.heardPace.allows(at)) return [...skim(all, event, values, at), tooDense()];
  const now = Math.max(at, all.lastEvent);
  const dt = now - all.lastEvent;
  all.lastEvent = now;
  const moved = all.performer.withOwed(event.port, take(all, event, values, now));
  all.performerPlayed = true;
  all.counters.heard += 1;
  const commands: Command[] = [];
  if (all.mode.yields && (all.answering || all.waiting.length > 0)) {
    all.dropWhatWaits();
    commands.push(silence("the performer came back"));
  }
  commands.push({ kind: "record", source: "interface", values, time: now });
  commands.push(...passOn(all, event.port, moved, now));
  if (all.paused || !all.mode.hears) return commands;
  if (all.mode.shares) hearTogether(all, moved, now);
  else hearAlone(all, [dt, ...values], now, commands);
  return commands;
}

/** Process an event that came too fast: it is recorded, but neither heard nor answered. */
function skim(all: Performance, event: Interaction | Update, values: Values, now: number): Command[] {
  const moved = take(all, event, values, now);
  // A key that is late is not struck; a knob has moved.
  if (!(event.kind === "update" && event.struck)) all.performer.owe(event.port, moved);
  all.counters.heard += 1;
  all.counters.skipped += 1;
  return [{ kind: "record", source: "interface", values, time: now }];
}

/** Store the performer's values; returns which controls the event moved. Those that it changed are held. */
function take(all: Performance, event: Interaction | Update, values: Values, now: number): ReadonlySet<number> {
  const moves = all.performer.take(event, values, all.hands.off);
  all.holding.take(moves.changed, now);
  return moves.moved;
}

/** Send what moved, where input is passed on; outputs that can only send everything get the rest as they have it. */
function passOn(all: Performance, port: string, moved: ReadonlySet<number>, now: number): Command[] {
  const ports = all.settings.input_thru ? null : all.thru.get(port);
  if (ports === undefined) return [];
  if (!all.causedPace.allows(now)) {
    // The next one that is passed on brings what moved.
    all.performer.owe(port, moved);
    return [tooDense()];
  }
  const played = all.performer.values;
  const values = all.sentOrPlayed.map((value, control) => (moved.has(control) ? played[control]! : value));
  const play: Play = {
    kind: "play",
    values,
    source: "thru",
    due: now,
    ports,
    moved: rising(moved),
    origin: port,
    start: null,
  };
  if (ports === null) all.sent = values;
  return [play];
}

function hearAlone(all: Performance, vector: Values, now: number, commands: Command[]): void {
  all.model.hear(vector);
  if (all.mode.plays === "after silence") all.answerAt = now + all.settings.threshold;
  else if (all.causedPace.allows(now)) predict(all, now, now, commands);
  else {
    all.counters.skipped += 1;
    commands.push(tooDense());
  }
}

/** The model hears the performer, after all that it has played itself. Its next event keeps its time. */
function hearTogether(all: Performance, moved: ReadonlySet<number>, now: number): void {
  const due = all.hearOwn();
  if (due !== null) all.asked.push(due);
  if (moved.size === 0) return; // a patch that sends all its values again and again plays nothing by that
  const { values } = all.performer;
  const own = [...moved].map((control) => [control, values[control]!] as const);
  all.model.hear(all.stream.join(new Map([...all.given(now), ...own]), now));
}

/** Send a recording's values to all outputs. */
export function playThrough(all: Performance, event: PlayThrough, now: number): Command[] {
  const { values } = event;
  if (values.length === 0) return [silence("what was played through is over")];
  if (values.length !== all.controls) return all.reject(event);
  if (!all.causedPace.allows(now)) {
    all.counters.skipped += 1;
    return [tooDense()];
  }
  all.sent = values;
  all.hands.forgetNotes();
  return [{ kind: "play", values, source: "direct", due: now, ports: null, moved: null, origin: "", start: null }];
}

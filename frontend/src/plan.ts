/**
 * What the model will play, unless somebody interrupts: its next events, at most eight or four seconds ahead.
 *
 * Times are the page's milliseconds. Whatever draws the future of controls reads it here: faders, and time lines.
 */

import type { Next } from "./protocol";

export interface Planned {
  at: number;
  values: readonly number[];
}

/** A control goes to `value` in `ahead` seconds. */
export interface Step {
  ahead: number;
  value: number;
}

/** How far a plan reaches, in seconds. */
export const AHEAD = 4;
/** A plan that is being made anew is there within this time; what was shown before may not come. */
const MADE_WITHIN = 250; // ms
/** The power of the time that is drawn: half of the room is for the first half second. */
const NEARNESS = 0.35;
/** A control has moved when its 7-bit value is another. */
const STEPS = 127;

const stepOf = (value: number) => Math.round(STEPS * value);

export class Plan {
  private events: Planned[] = [];
  private voidAt = Infinity;

  /** What the session sent at `now`. */
  take(next: Next, now: number): void {
    if (next.plan) {
      this.events = next.plan.map(([ahead, ...values]) => ({ at: now + 1000 * (ahead ?? 0), values }));
      this.voidAt = Infinity;
    } else {
      this.voidAt = Math.min(this.voidAt, now + MADE_WITHIN);
    }
  }

  /** The session is another, or there is none. */
  clear(): void {
    this.events = [];
  }

  /** The events that have not been played, the first one first. */
  coming(now: number): readonly Planned[] {
    if (now >= this.voidAt) this.clear();
    while (this.events.length > 0 && this.events[0]!.at <= now) this.events.shift();
    return this.events;
  }
}

/** Where a control goes: the events that move it from the value that it has. */
export function stepsOf(coming: readonly Planned[], control: number, from: number, now: number): Step[] {
  const steps: Step[] = [];
  let before = stepOf(from);
  for (const { at, values } of coming) {
    const value = values[control];
    if (value === undefined || stepOf(value) === before) continue;
    before = stepOf(value);
    steps.push({ ahead: Math.max(0, (at - now) / 1000), value });
  }
  return steps;
}

/** How far along the way from now (0) to four seconds ahead (1) a time is drawn: what is near has more room. */
export const along = (ahead: number): number => Math.min(1, Math.max(0, ahead / AHEAD)) ** NEARNESS;

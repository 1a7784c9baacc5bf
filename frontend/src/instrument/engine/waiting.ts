/** The predictions that wait to be played, in the order of their times; as `impsy.engine.waiting`. */

import { copied } from "../copying";
import { PLAYBACK, WAITING } from "../tables";
import type { Values } from "./events";
import type { Settings } from "./settings";

const { LONGEST_WAIT } = WAITING;

/** Seconds, at most, that the model may plan to wait. */
export const longestWait = (settings: Settings): number =>
  Math.min(settings.longest_wait || LONGEST_WAIT, LONGEST_WAIT);

/**
 * One event to come. `due`: when it is played. `order`: keeps equal times in sequence. `vector`: what the model hears
 * if it hears itself. `planned`: when it would be played off the grid. `beat`: the point of the grid that it was
 * pulled to; null: to none.
 */
export interface Prediction {
  readonly due: number;
  readonly order: number;
  readonly values: Values;
  readonly vector: Values;
  readonly planned: number;
  readonly beat: number | null;
}

/** What the model hears of a prediction: its dt as it was played. */
export function heardOf({ due, planned, vector }: Prediction, timescale: number): Values {
  if (due === planned) return vector;
  return [Math.max(PLAYBACK.MINIMUM_DT, vector[0]! + (due - planned) / timescale), ...vector.slice(1)];
}

/** The same, `longest` seconds after the event before, or now if that is past. */
function shortened(each: Prediction, longest: number, timescale: number, now: number): Prediction {
  const wait = each.vector[0]! * timescale;
  if (wait <= longest) return each;
  const since = each.planned - wait;
  const due = Math.min(each.planned, Math.max(now, since + longest));
  return { ...each, due, planned: due, beat: null, vector: [(due - since) / timescale, ...each.vector.slice(1)] };
}

const isBefore = (one: Prediction, other: Prediction): boolean =>
  one.due < other.due || (one.due === other.due && one.order < other.order);

/** Holds `limit` predictions at most: beyond them the oldest, by when it was made, is dropped. */
export class Waiting {
  /** The last to be played first. */
  private queue: Prediction[] = [];
  private made = 0;

  constructor(private readonly limit: number) {}

  fork(): Waiting {
    return copied<Waiting>(this, { queue: [...this.queue] });
  }

  get length(): number {
    return this.queue.length;
  }

  /** When the first of them is to be played. */
  get due(): number | null {
    return this.queue.at(-1)?.due ?? null;
  }

  /** Keep one until it is due; returns whether the oldest had to go. */
  add(due: number, values: Values, vector: Values, planned = due, beat: number | null = null): boolean {
    const tooMany = this.queue.length >= this.limit;
    if (tooMany) {
      const oldest = this.queue.reduce((first, each) => (each.order < first.order ? each : first));
      this.queue = this.queue.filter((each) => each !== oldest);
    }
    const prediction = { due, order: this.made, values, vector, planned, beat };
    this.made += 1;
    let place = this.queue.length;
    while (place > 0 && isBefore(this.queue[place - 1]!, prediction)) place -= 1;
    this.queue.splice(place, 0, prediction);
    return tooMany;
  }

  /** The first, if it is due. */
  take(now: number): Prediction | null {
    const due = this.due;
    return due !== null && due <= now ? this.queue.pop()! : null;
  }

  /** Drop all; returns how many there were. */
  clear(): number {
    return this.drop().length;
  }

  /** Drop all; returns them, the first to be played first. */
  drop(): Prediction[] {
    const dropped = this.queue.reverse();
    this.queue = [];
    return dropped;
  }

  /** Put what `change` makes of values and vector in the place of each; their times stay. */
  revise(change: (values: Values, vector: Values) => [Values, Values]): void {
    this.change((each) => {
      const [values, vector] = change(each.values, each.vector);
      return { ...each, values, vector };
    });
  }

  /**
   * Wait `ratio` times as long for each from now on, yet at most `longest` and until `earliest`. None waits longer than
   * its whole dt at this timescale, which also holds where a tiny remainder, stretched, is mostly rounding.
   */
  stretch(ratio: number, timescale: number, now: number, earliest: number, longest: number): void {
    const factor = Math.min(ratio, LONGEST_WAIT);
    this.change((each) => {
      const wait = Math.min(Math.max(0, each.planned - now) * factor, each.vector[0]! * timescale, longest);
      const due = Math.max(earliest, now + wait);
      return { ...each, due, planned: due, beat: null };
    });
  }

  /** Wait `longest` seconds in all for each, where it would be more. The model hears what is played. */
  shorten(longest: number, timescale: number, now: number): void {
    this.change((each) => shortened(each, longest, timescale, now));
  }

  /** Replace each by another. */
  change(changed: (prediction: Prediction) => Prediction): void {
    this.queue = this.queue.map(changed).sort((one, other) => (isBefore(one, other) ? 1 : -1));
  }
}

/**
 * What both have played since the page was opened: each movement of a control, with its time.
 *
 * Kept in chunks of typed arrays; the oldest chunk goes when there are too many. Entries are numbered from the first
 * that ever was, so numbers hold while chunks go. Times are the page's milliseconds and never go back.
 */

export type Who = "performer" | "model";

/** A vector of one player, at its time. */
export interface Moment {
  at: number;
  who: Who;
  values: readonly number[];
}

const CHUNK = 8192;
/** Some half a million movements: 8 MB. */
const MOST_CHUNKS = 64;
const MOST_MARKS = 500;
/** Less is not a movement: values come back rounded. */
const STILL = 0.0015;

interface Chunk {
  at: Float64Array;
  /** Twice the control, and one more for the model. */
  lane: Uint16Array;
  value: Float32Array;
  /** Where both were before the first entry. */
  start: Record<Who, readonly number[]>;
}

export const laneOf = (control: number, who: Who): number => 2 * control + (who === "model" ? 1 : 0);
export const playerOf = (lane: number): Who => (lane % 2 === 1 ? "model" : "performer");

export class Memory {
  readonly marks: number[] = [];
  private readonly chunks: Chunk[] = [];
  private readonly now: Record<Who, number[]>;
  /** The number of the first entry that is kept, and of the one that comes next. */
  first = 0;
  end = 0;

  /** `start`: where the controls are already, which is no movement; NaN: not known. */
  constructor(
    readonly controls: number,
    start: Partial<Record<Who, readonly number[]>> = {},
    private readonly mostChunks = MOST_CHUNKS,
  ) {
    const whole = (values: readonly number[] = []) => Array.from({ length: controls }, (_, at) => values[at] ?? NaN);
    this.now = { performer: whole(start.performer), model: whole(start.model) };
  }

  /** A player's controls are at these values: those that moved are kept. Returns how many. */
  record(at: number, who: Who, values: readonly number[]): number {
    const before = this.now[who];
    const time = this.end > this.first ? Math.max(at, this.at(this.end - 1)) : at;
    let moved = 0;
    for (let control = 0; control < this.controls; control += 1) {
      const value = values[control];
      if (value === undefined || !Number.isFinite(value) || Math.abs(value - before[control]!) < STILL) continue;
      this.append(time, laneOf(control, who), value);
      before[control] = value;
      moved += 1;
    }
    return moved;
  }

  /** The model's controls are at these values, which the performer has played; NaN: not this one. */
  place(values: readonly number[]): void {
    for (let control = 0; control < this.controls; control += 1) {
      if (Number.isFinite(values[control])) this.now.model[control] = values[control]!;
    }
  }

  mark(at: number): void {
    this.marks.push(at);
    if (this.marks.length > MOST_MARKS) this.marks.shift();
  }

  private append(at: number, lane: number, value: number): void {
    const place = this.end % CHUNK;
    if (place === 0) {
      this.chunks.push({
        at: new Float64Array(CHUNK),
        lane: new Uint16Array(CHUNK),
        value: new Float32Array(CHUNK),
        start: { performer: [...this.now.performer], model: [...this.now.model] },
      });
      if (this.chunks.length > this.mostChunks) {
        this.chunks.shift();
        this.first += CHUNK;
      }
    }
    const chunk = this.chunks[this.chunks.length - 1]!;
    chunk.at[place] = at;
    chunk.lane[place] = lane;
    chunk.value[place] = value;
    this.end += 1;
  }

  private chunkOf(entry: number): Chunk {
    return this.chunks[Math.floor(entry / CHUNK) - this.first / CHUNK]!;
  }

  at(entry: number): number {
    return this.chunkOf(entry).at[entry % CHUNK]!;
  }

  lane(entry: number): number {
    return this.chunkOf(entry).lane[entry % CHUNK]!;
  }

  value(entry: number): number {
    return this.chunkOf(entry).value[entry % CHUNK]!;
  }

  /** When the oldest entry was; null: there is none. */
  get oldest(): number | null {
    return this.end > this.first ? this.at(this.first) : null;
  }

  /** The first entry that is not before `time`. */
  from(time: number): number {
    let [low, high] = [this.first, this.end];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many movements, of whom, and how many marks are between two times. */
  count(from: number, until: number): Record<Who | "marks", number> {
    const found = { performer: 0, model: 0, marks: this.marks.filter((at) => at >= from && at < until).length };
    const last = this.from(until);
    for (let entry = this.from(from); entry < last; entry += 1) found[playerOf(this.lane(entry))] += 1;
    return found;
  }

  /** Where both were at a time. */
  stateAt(time: number): Record<Who, number[]> {
    const end = this.from(time);
    if (this.end === this.first) return { performer: [...this.now.performer], model: [...this.now.model] };
    const inside = Math.min(end, this.end - 1);
    const chunk = this.chunkOf(inside);
    const state = { performer: [...chunk.start.performer], model: [...chunk.start.model] };
    for (let entry = inside - (inside % CHUNK); entry < end; entry += 1)
      state[playerOf(this.lane(entry))][this.lane(entry) >> 1] = this.value(entry);
    return state;
  }

  /** What was played between two times, each moment when it is asked for. */
  *moments(from: number, until: number): Generator<Moment> {
    const state = this.stateAt(from);
    let entry = this.from(from);
    while (entry < this.end && this.at(entry) < until) {
      const [at, who] = [this.at(entry), playerOf(this.lane(entry))];
      for (; entry < this.end && this.at(entry) === at && playerOf(this.lane(entry)) === who; entry += 1)
        state[who][this.lane(entry) >> 1] = this.value(entry);
      yield { at, who, values: [...state[who]] };
      // What was not asked for in time has gone.
      entry = Math.max(entry, this.first);
    }
  }
}

/** MIDI messages of the browser's own devices: which controls one moves, and what is sent for values. No port is used. */

import { type Control, ENTRY_WORDS, type MappedEntry, STATUS } from "../../protocol";

/** What a message moves, or what is sent for a control: an entry of a mapping, whatever its port. */
export type Place = Omit<MappedEntry, "port">;

export const place = (kind: Place["kind"], channel: number, controller: number | null = null): Place => ({
  kind,
  channel,
  controller,
  velocity: null,
  minimum: null,
  maximum: null,
});

/** The words of a place, without its range: by these it is known. A fine control is known by its coarse part. */
export function wordsOf({ kind, channel, controller }: Pick<Place, "kind" | "channel" | "controller">): string {
  const words = ENTRY_WORDS[kind === "control_change_14" ? "control_change" : kind];
  return `${words.replace("{controller}", String(controller))}, channel ${channel}`;
}

export interface Moved {
  place: Place;
  /** 0 to 127, and parts of it. */
  raw: number;
}

/** What a message moves: a note moves notes and their velocity; an ending note, a clock or a damaged message nothing. */
export function movedBy(message: ArrayLike<number>): Moved[] {
  const status = message[0] ?? 0;
  const [first, second] = [message[1] ?? -1, message[2] ?? -1];
  const channel = (status & 0x0f) + 1;
  const good = (value: number) => value >= 0 && value <= 127;
  switch (status & 0xf0) {
    case STATUS.noteOn:
      if (!good(first) || !good(second) || second === 0) return [];
      return [
        { place: place("note_on", channel), raw: first },
        { place: place("note_velocity", channel), raw: second },
      ];
    case STATUS.controlChange:
      // From 120 on they are commands: all sound off, all notes off.
      if (!good(first) || !good(second) || first >= 120) return [];
      return [{ place: place("control_change", channel, first), raw: second }];
    case STATUS.programChange:
      return good(first) ? [{ place: place("program_change", channel), raw: first }] : [];
    case STATUS.channelAftertouch:
      return good(first) ? [{ place: place("channel_aftertouch", channel), raw: first }] : [];
    case STATUS.pitchBend:
      if (!good(first) || !good(second)) return [];
      return [{ place: place("pitch_bend", channel), raw: ((second * 128 + first) * 127) / 16383 }];
    default:
      return [];
  }
}

function ranged(raw: number, { minimum, maximum }: Place): number | null {
  const [from, to] = [minimum ?? 0, maximum ?? 127];
  return from === to ? null : Math.min(1, Math.max(0, (raw - from) / (to - from)));
}

/**
 * Which control a device's knob plays: the one assigned by hand, else the one that the configuration maps, else the
 * next control that no other knob has taken.
 */
export class MidiInput {
  private readonly byHand = new Map<string, number>();
  private readonly learnt = new Map<string, number>();
  private config = new Map<string, { index: number; place: Place }[]>();
  private readonly met = new Set<number>();

  constructor(
    private count: number,
    byHand: Iterable<readonly [string, number]> = [],
  ) {
    for (const [words, index] of byHand) this.byHand.set(words, index);
  }

  /** Other controls: `inputs` are the entries that the configuration maps to each. */
  configure(inputs: readonly (readonly Place[])[]): void {
    this.count = inputs.length;
    this.config = new Map();
    this.met.clear();
    inputs.forEach((each, index) => {
      for (const found of each) {
        const key = wordsOf(found);
        const known = this.config.get(key) ?? [];
        if (!known.some((other) => other.index === index)) this.config.set(key, [...known, { index, place: found }]);
      }
    });
    for (const learnt of [this.byHand, this.learnt]) {
      for (const [words, index] of learnt) if (index >= this.count) learnt.delete(words);
    }
  }

  /** From now on this plays that control; null: whatever it would play by itself. */
  assign(words: string, index: number | null): void {
    this.learnt.delete(words);
    if (index === null) this.byHand.delete(words);
    else if (index >= 0 && index < this.count) this.byHand.set(words, index);
  }

  forget(): void {
    this.byHand.clear();
    this.learnt.clear();
    this.met.clear();
  }

  get assigned(): [string, number][] {
    return [...this.byHand];
  }

  /** Which control a place plays now; null: none. */
  playedBy(words: string): number | null {
    return this.byHand.get(words) ?? this.config.get(words)?.[0]?.index ?? this.learnt.get(words) ?? null;
  }

  /** What a message plays: index and value of each control. */
  changes(message: ArrayLike<number>): { changes: [number, number][]; heard: string[] } {
    const changes: [number, number][] = [];
    const heard: string[] = [];
    for (const moved of movedBy(message)) {
      const words = wordsOf(moved.place);
      const before = changes.length;
      changes.push(...this.meant(words, moved));
      if (changes.length > before) heard.push(words);
    }
    return { changes, heard };
  }

  private meant(words: string, { place: from, raw }: Moved): [number, number][] {
    const plain: number | null = this.byHand.get(words) ?? null;
    if (plain !== null) return this.as(plain, raw / 127);
    const configured = this.config.get(words);
    if (configured) {
      return configured.flatMap(({ index, place: range }) => {
        const value = ranged(raw, range);
        return value === null ? [] : this.as(index, value);
      });
    }
    // A velocity is never mapped by itself.
    if (from.kind === "note_velocity") return [];
    const learnt = this.learnt.get(words) ?? this.learn(words);
    return learnt === null ? [] : this.as(learnt, raw / 127);
  }

  private as(index: number, value: number): [number, number][] {
    this.met.add(index);
    return [[index, value]];
  }

  private learn(words: string): number | null {
    const taken = new Set([...this.met, ...this.byHand.values(), ...this.learnt.values()]);
    for (let index = 0; index < this.count; index += 1) {
      if (taken.has(index)) continue;
      this.learnt.set(words, index);
      return index;
    }
    return null;
  }
}

/** Controllers that MIDI leaves undefined, in the order in which they are used. */
const FREE = [
  ...Array.from({ length: 12 }, (_, at) => 20 + at),
  ...Array.from({ length: 18 }, (_, at) => 102 + at),
  ...Array.from({ length: 6 }, (_, at) => 85 + at),
  ...[3, 9, 14, 15],
  ...Array.from({ length: 24 }, (_, at) => 40 + at),
];

export type SendAs = "config" | "controls" | "notes";

/** Where each control is sent: as the configuration maps it (if it does), to free controllers, or all as notes. */
export function targetsOf(controls: readonly Pick<Control, "kind" | "sent">[], as: SendAs, channel: number): Place[] {
  return controls.map((control, index) => {
    if (as === "config") {
      const [configured] = control.sent;
      if (configured) return configured;
      if (control.kind === "note") return place("note_on", channel);
    }
    return as === "notes" ? place("note_on", channel) : place("control_change", channel, FREE[index % FREE.length]!);
  });
}

const HARDEST = 127;
const rounded = (value: number, most: number): number => Math.floor(Math.min(1, Math.max(0, value)) * most + 0.5);

interface Sounding {
  channel: number;
  note: number;
  until: number;
}

/** Turns values into messages. Only what changes is sent; a note ends before its control's next, and by itself after a while. */
export class MidiOutput {
  private readonly sounding = new Map<number, Sounding>();
  private readonly sent = new Map<number, string>();
  private values: readonly number[];

  /**
   * `noteOf` says which note a value of a control is; `longest` is how many ms a note lasts, where `gates` (seconds, by
   * control) say nothing.
   */
  constructor(
    private readonly targets: readonly Place[],
    now: readonly number[] = [],
    private readonly noteOf: (value: number) => number = (value) => rounded(value, 127),
    private readonly longest = 6000,
    private readonly gates: readonly (number | null)[] = [],
  ) {
    this.values = [...now];
  }

  /** The performer's controls are there: their notes are not the model's. NaN leaves one where it is. */
  place(values: readonly number[]): void {
    this.values = values.map((value, index) => (Number.isFinite(value) ? value : (this.values[index] ?? value)));
  }

  /** An answer goes on from these values: of them nothing is sent until it moves. */
  start(values: readonly number[]): void {
    this.place(values);
    this.targets.forEach((target, index) => {
      const value = values[index];
      if (target.kind !== "note_on" && value !== undefined) this.sent.set(index, this.plain(target, value).join());
    });
  }

  /** The messages for where all controls are now, at a time in ms. */
  encode(values: readonly number[], now: number): number[][] {
    const messages: number[][] = [];
    this.targets.forEach((target, index) => {
      const value = values[index];
      if (value === undefined || !Number.isFinite(value)) return;
      const before = this.values[index];
      if (target.kind === "note_on") {
        if (before !== undefined && Math.abs(value - before) > 1e-6)
          messages.push(...this.note(target, index, value, values, now));
        return;
      }
      const sent = this.plain(target, value);
      const key = sent.join();
      if (sent.length > 0 && this.sent.get(index) !== key) {
        this.sent.set(index, key);
        messages.push(...sent);
      }
    });
    this.values = [...values];
    return messages;
  }

  private plain(target: Place, value: number): number[][] {
    const on = target.channel - 1;
    const [number, from] = [target.controller ?? 0, target.minimum ?? 0];
    switch (target.kind) {
      case "control_change":
        return [[STATUS.controlChange | on, number, Math.floor(from + value * ((target.maximum ?? 127) - from) + 0.5)]];
      case "control_change_14": {
        const fine = rounded(value, 16383);
        return [
          [STATUS.controlChange | on, number, fine >> 7],
          [STATUS.controlChange | on, (number + 32) & 127, fine & 127],
        ];
      }
      case "pitch_bend": {
        const bend = rounded(value, 16383);
        return [[STATUS.pitchBend | on, bend & 127, bend >> 7]];
      }
      case "channel_aftertouch":
        return [[STATUS.channelAftertouch | on, rounded(value, 127)]];
      case "program_change":
        return [[STATUS.programChange | on, rounded(value, 127)]];
      default:
        return [];
    }
  }

  private note(target: Place, index: number, value: number, values: readonly number[], now: number): number[][] {
    const { channel } = target;
    const other = this.targets.findIndex((each) => each.kind === "note_velocity" && each.channel === channel);
    const velocity = target.velocity ?? (other >= 0 ? rounded(values[other] ?? 1, 127) : HARDEST);
    const note = Math.min(127, Math.max(0, Math.round(this.noteOf(value))));
    const messages = this.end(index);
    const gate = this.gates[index];
    this.sounding.set(index, { channel, note, until: now + (gate ? gate * 1000 : this.longest) });
    messages.push([STATUS.noteOn | (channel - 1), note, Math.max(1, velocity)]);
    return messages;
  }

  private end(index: number): number[][] {
    const sounding = this.sounding.get(index);
    this.sounding.delete(index);
    return sounding ? [[STATUS.noteOff | (sounding.channel - 1), sounding.note, 0]] : [];
  }

  /** When the next note ends by itself, in ms; Infinity: none sounds. */
  get due(): number {
    return Math.min(...[...this.sounding.values()].map(({ until }) => until));
  }

  /** The ends of notes that have sounded long enough. */
  expire(now: number): number[][] {
    return [...this.sounding].flatMap(([index, { until }]) => (until <= now ? this.end(index) : []));
  }

  /** The ends of all notes; what is sent next is sent in full. */
  allNotesOff(): number[][] {
    this.sent.clear();
    return [...this.sounding.keys()].flatMap((index) => this.end(index));
  }

  /** All notes off, and all sound off on each channel in use. */
  panic(): number[][] {
    const channels = [...new Set(this.targets.map((target) => target.channel - 1))];
    return [
      ...this.allNotesOff(),
      ...channels.flatMap((on) => [
        [STATUS.controlChange | on, 120, 0],
        [STATUS.controlChange | on, 123, 0],
      ]),
    ];
  }
}

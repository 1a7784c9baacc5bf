/** Values -> the MIDI messages that play them, with memory of what sounds and is held; as `impsy.mapping.output`. */

import type { Place } from "../../sound/midi/messages";
import type { Key } from "../engine/events";
import { rising } from "../numbers";
import { WIRE } from "../tables";
import { addressOf, heldMessages, nearestStep, statusByte } from "./wire";

const { ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL_CHANGE, NOTE_OFF, NOTE_ON, STEPS } = WIRE;

type Message = readonly number[];

const clip = (value: number): number => (value > 0 && value < 1 ? value : value >= 1 ? 1 : 0);

interface Held {
  readonly channel: number;
  readonly pitch: number;
}

/**
 * Plays the values x_1 … x_n as its entries say.
 *
 * Each note entry is a voice of its own that ends its last note before it begins the next. Where two voices hold the
 * same note of a channel, only the last to let go ends it. A controller, bend, pressure or program is only sent when it
 * differs from what was last sent to the same place.
 */
export class OutputMapping {
  private readonly channels: readonly number[];
  /** By address, the message that was last sent. */
  private readonly last = new Map<string, Message>();
  /** For each entry, the note that it plays. */
  private readonly held: (Held | null)[];
  /** For each of these notes, how many entries play it. */
  private readonly holders = new Map<number, number>();
  /** For each entry whose note was passed on, the port that it came in by. */
  private readonly origins: string[];
  /** What each entry was last sent; NaN: nothing yet. */
  private values: number[];
  /** By channel, the first entry that is its velocity. */
  private readonly velocities = new Map<number, number>();

  constructor(private readonly entries: readonly Place[]) {
    this.channels = rising(new Set(entries.map(({ channel }) => channel)));
    this.held = entries.map(() => null);
    this.origins = entries.map(() => "");
    this.values = entries.map(() => Number.NaN);
    for (const [index, { kind, channel }] of entries.entries()) {
      if (kind === "note_velocity" && !this.velocities.has(channel)) this.velocities.set(channel, index);
    }
  }

  /** The messages that play x_1 … x_n, in the order of the mapping. RangeError: there are not as many as entries. */
  encode(values: readonly number[]): Message[] {
    this.check(values);
    this.values = values.map(clip);
    return this.entries.flatMap((_, index) => this.step(index));
  }

  /**
   * The messages that play only the values of the controls `moved`, which came in at the port `origin`. A note has the
   * velocity that its channel was last sent. Without an `origin` they are the model's, and a velocity that moved
   * strikes its channel's notes.
   */
  passOn(values: readonly number[], moved: readonly number[], origin: string): Message[] {
    this.check(values);
    const indices = rising(new Set(origin ? moved : [...moved, ...moved.flatMap((index) => this.struckBy(index))]));
    for (const index of indices) this.values[index] = clip(values[index]!);
    return indices.flatMap((index) => {
      const messages = this.step(index);
      this.origins[index] = origin;
      return messages;
    });
  }

  /** A note-off for each note that was passed on from `origin` and still sounds, if its key is among these. */
  endNotes(keys: readonly Key[], origin: string): Message[] {
    return keys.flatMap(([index, value]) => {
      const note = this.held[index];
      if (!note || this.origins[index] !== origin) return [];
      return value === null || note.pitch === nearestStep(clip(value), STEPS) ? this.release(index) : [];
    });
  }

  /** A note-off for each note that sounds. Then nothing is known of the receiver, so all is sent anew. */
  allNotesOff(): Message[] {
    const messages = this.entries.flatMap((_, index) => this.release(index));
    this.last.clear();
    return messages;
  }

  /** All notes off, then the controllers 120 (all sound off) and 123 (all notes off) on each channel in use. */
  panic(): Message[] {
    const ends = this.channels.flatMap((channel) => {
      const status = statusByte(CONTROL_CHANGE, channel);
      return [[status, ALL_SOUND_OFF, 0], [status, ALL_NOTES_OFF, 0]]; // prettier-ignore
    });
    return [...this.allNotesOff(), ...ends];
  }

  private check(values: readonly number[]): void {
    if (values.length === this.entries.length) return;
    throw new RangeError(`${values.length} values for a mapping of ${this.entries.length} entries`);
  }

  /** The notes that a velocity strikes. */
  private struckBy(index: number): number[] {
    const { kind, channel } = this.entries[index]!;
    if (kind !== "note_velocity" || this.velocities.get(channel) !== index) return [];
    return this.entries.flatMap((each, note) => (each.kind === "note_on" && each.channel === channel ? [note] : []));
  }

  private step(index: number): Message[] {
    const entry = this.entries[index]!;
    return entry.kind === "note_on" ? this.note(index, entry) : this.hold(entry, this.values[index]!);
  }

  private note(index: number, { channel, velocity }: Place): Message[] {
    const ends = this.release(index);
    const pitch = nearestStep(this.values[index]!, STEPS);
    const note = { channel, pitch };
    this.held[index] = note;
    this.holders.set(keyOf(note), (this.holders.get(keyOf(note)) ?? 0) + 1);
    return [...ends, [statusByte(NOTE_ON, channel), pitch, this.velocityOf(channel, velocity)]];
  }

  /** How hard a note is played, 1-127: 0 would end it. */
  private velocityOf(channel: number, fixed: number | null): number {
    const index = this.velocities.get(channel);
    const value = index === undefined ? Number.NaN : this.values[index]!;
    return Math.max(1, Number.isNaN(value) ? (fixed ?? STEPS) : nearestStep(value, STEPS));
  }

  /** What a receiver holds is sent where it differs; once one message of a value is sent, so are those after it. */
  private hold(entry: Place, value: number): Message[] {
    const messages = heldMessages(entry, value);
    const changed = messages.findIndex((message) => this.last.get(addressOf(message))?.join() !== message.join());
    const sent = changed < 0 ? [] : messages.slice(changed);
    for (const message of sent) this.last.set(addressOf(message), message);
    return sent;
  }

  /** Let go of an entry's note; it ends if no other entry plays it. */
  private release(index: number): Message[] {
    const note = this.held[index];
    if (!note) return [];
    this.held[index] = null;
    this.origins[index] = "";
    const left = this.holders.get(keyOf(note))! - 1;
    if (left > 0) {
      this.holders.set(keyOf(note), left);
      return [];
    }
    this.holders.delete(keyOf(note));
    return [[statusByte(NOTE_OFF, note.channel), note.pitch, 0]];
  }
}

const keyOf = ({ channel, pitch }: Held): number => channel * 128 + pitch;

/** MIDI messages -> the values they change; as `impsy.mapping.input`. */

import type { Place } from "../../sound/midi/messages";
import type { Key, Released, Update } from "../engine/events";
import { WIRE } from "../tables";
import { messageSize, receptionOf, type Reader } from "./wire";

const { ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL_CHANGE, NOTE_OFF, NOTE_ON, STEPS } = WIRE;

/** Control (from 0) and value in [0, 1]. */
export type Change = readonly [control: number, value: number];

/**
 * What each message means to an instrument whose controls are mapped by entries. Keeps what it must remember of 14-bit
 * controllers, so one belongs to one port.
 */
export class InputMapping {
  /** By status byte and first data byte. */
  private readonly table = new Map<number, (readonly [control: number, reader: Reader])[]>();
  /** By channel bits, the controls of the pitches that its keys set. */
  private readonly keys = new Map<number, number[]>();

  /** `entries`: with the control (from 0) that each maps. */
  constructor(entries: Iterable<readonly [control: number, entry: Place]>) {
    for (const [control, entry] of entries) {
      const { status, readers } = receptionOf(entry);
      for (const [first, reader] of readers) {
        const firsts = first === null ? Array.from({ length: 128 }, (_, i) => i) : [first];
        for (const each of firsts) add(this.table, (status << 8) | each, [control, reader] as const);
      }
      if (entry.kind === "note_on") add(this.keys, entry.channel - 1, control);
    }
  }

  /**
   * What one complete message changes. Null if it changes nothing: it is not mapped, ends a note, is the first half of
   * something, or is not a complete channel message.
   */
  decode(message: ArrayLike<number>): Change[] | null {
    const [status = 0, first = 0, second = 0] = Array.from(message);
    if (message.length < 2 || message.length !== messageSize(status)) return null;
    const readers = this.table.get((status << 8) | first);
    if (readers === undefined || second > 127) return null;
    const changes = readers.flatMap(([control, reader]): Change[] => {
      const value = reader(first, second);
      return value === null ? [] : [[control, value]];
    });
    return changes.length > 0 ? changes : null;
  }

  /** What the performer did by one message at `port`; null: nothing. */
  event(message: ArrayLike<number>, port: string): Update | Released | null {
    const changes = this.decode(message);
    if (changes !== null) return { kind: "update", changes, port, struck: (message[0]! & 0xf0) === NOTE_ON };
    const keys = this.released(message);
    return keys.length > 0 ? { kind: "released", keys, port } : null;
  }

  /** The keys that one message lets go of: by a note-off, a note-on with velocity 0, or by ending all notes. */
  private released(message: ArrayLike<number>): Key[] {
    const [status = 0, first = 0, second = 0] = Array.from(message);
    if (message.length !== 3) return [];
    const [kind, keys] = [status & 0xf0, this.keys.get(status & 0x0f) ?? []];
    if (kind === NOTE_OFF || (kind === NOTE_ON && second === 0)) {
      return Math.max(first, second) <= 127 ? keys.map((control) => [control, first / STEPS]) : [];
    }
    const endsAll = first === ALL_SOUND_OFF || (ALL_NOTES_OFF <= first && first <= 127);
    return kind === CONTROL_CHANGE && endsAll ? keys.map((control) => [control, null]) : [];
  }
}

function add<T>(table: Map<number, T[]>, key: number, value: T): void {
  const known = table.get(key);
  if (known) known.push(value);
  else table.set(key, [value]);
}

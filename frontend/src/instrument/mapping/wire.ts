/** How values in [0, 1] stand in MIDI channel messages, both ways; as `impsy.mapping.wire`. */

import type { Place } from "../../sound/midi/messages";
import { WIRE } from "../tables";

const { BEND_STEPS, CHANNEL_AFTERTOUCH, CONTROL_CHANGE, LSB_OFFSET, NOTE_ON, PITCH_BEND, PROGRAM_CHANGE, STEPS } = WIRE;

/** The status byte of a kind of message on a channel 1-16. */
export const statusByte = (kind: number, channel: number): number => kind | (channel - 1);

/** How many bytes a channel message with this status byte has; 0: it is none. */
export function messageSize(status: number): number {
  if (status < WIRE.NOTE_OFF || status >= WIRE.SYSTEM) return 0;
  const kind = status & 0xf0;
  return kind === PROGRAM_CHANGE || kind === CHANNEL_AFTERTOUCH ? 2 : 3;
}

/** The nearest of so many steps, half a step upwards. */
export const nearestStep = (value: number, steps: number): number => Math.trunc(value * steps + 0.5);

// --- in ------------------------------------------------------------------------------------------------

/** Takes a message's two data bytes (the second is 0 where there is none); gives the value, null if there is none. */
export type Reader = (first: number, second: number) => number | null;

/** Which messages an entry listens to: a status byte, and a reader for each first data byte (null: any). */
export interface Reception {
  readonly status: number;
  readonly readers: readonly (readonly [first: number | null, reader: Reader])[];
}

const READERS: Readonly<Partial<Record<Place["kind"], readonly [kind: number, reader: Reader]>>> = {
  note_on: [NOTE_ON, (note, velocity) => (velocity ? note / STEPS : null)],
  note_velocity: [NOTE_ON, (_note, velocity) => (velocity ? velocity / STEPS : null)],
  pitch_bend: [PITCH_BEND, (fine, coarse) => ((coarse << 7) | fine) / BEND_STEPS],
  channel_aftertouch: [CHANNEL_AFTERTOUCH, (pressure) => pressure / STEPS],
  program_change: [PROGRAM_CHANGE, (program) => program / STEPS],
};

/** Positions from `minimum` (0) to `maximum` (1), which may run backwards; the same: a message says nothing. */
function readControl(minimum: number, maximum: number): Reader {
  const [low, high] = [Math.min(minimum, maximum), Math.max(minimum, maximum)];
  const span = maximum - minimum;
  if (span === 0) return () => null;
  // Adding 0 turns the −0 of a controller that runs backwards into 0.
  return (_controller, position) => (Math.min(high, Math.max(low, position)) - minimum) / span + 0;
}

/**
 * A controller whose 14-bit value comes in two messages, or from a simpler device only in the coarse one. A coarse part
 * alone is kept for the fine part that will follow; if the next message is a coarse part again, this device sends no
 * fine parts, and each coarse part is a value of its own, until a fine part is heard.
 */
function fineReaders(): [coarse: Reader, fine: Reader] {
  let [kept, incomplete, coarseOnly] = [0, false, false];
  const coarse: Reader = (_controller, value) => {
    coarseOnly ||= incomplete;
    incomplete = true;
    kept = value;
    return coarseOnly ? value / STEPS : null;
  };
  const fine: Reader = (_controller, value) => {
    incomplete = coarseOnly = false;
    return ((kept << 7) | value) / BEND_STEPS;
  };
  return [coarse, fine];
}

/** What an entry listens to. */
export function receptionOf({ kind, channel, controller, minimum, maximum }: Place): Reception {
  const number = controller ?? 0;
  const control = statusByte(CONTROL_CHANGE, channel);
  if (kind === "control_change") {
    return { status: control, readers: [[number, readControl(minimum ?? 0, maximum ?? STEPS)]] };
  }
  if (kind === "control_change_14") {
    const [coarse, fine] = fineReaders();
    return { status: control, readers: [[number, coarse], [number + LSB_OFFSET, fine]] }; // prettier-ignore
  }
  const [status, reader] = READERS[kind]!;
  return { status: statusByte(status, channel), readers: [[null, reader]] };
}

// --- out -----------------------------------------------------------------------------------------------

/** The messages that carry a value which the receiver holds until it changes: for each, its address is all but the last. */
export function heldMessages({ kind, channel, controller, minimum, maximum }: Place, value: number): number[][] {
  const number = controller ?? 0;
  const control = statusByte(CONTROL_CHANGE, channel);
  switch (kind) {
    case "control_change": {
      const from = minimum ?? 0;
      return [[control, number, Math.trunc(from + value * ((maximum ?? STEPS) - from) + 0.5)]];
    }
    case "control_change_14": {
      const raw = nearestStep(value, BEND_STEPS);
      return [[control, number, raw >> 7], [control, number + LSB_OFFSET, raw & 0x7f]]; // prettier-ignore
    }
    case "pitch_bend": {
      const raw = nearestStep(value, BEND_STEPS);
      return [[statusByte(PITCH_BEND, channel), raw & 0x7f, raw >> 7]];
    }
    case "channel_aftertouch":
      return [[statusByte(CHANNEL_AFTERTOUCH, channel), nearestStep(value, STEPS)]];
    case "program_change":
      return [[statusByte(PROGRAM_CHANGE, channel), nearestStep(value, STEPS)]];
    default:
      return [];
  }
}

/** What a message is held under: status byte and, of a controller, its number. */
export const addressOf = (message: readonly number[]): string =>
  (message[0]! & 0xf0) === CONTROL_CHANGE ? message.slice(0, 2).join() : String(message[0]);

/**
 * What crosses the boundaries of the engine: events in, commands out; as `impsy.events`.
 *
 * None is changed after it was made. Times are seconds on one monotonic clock, values are in [0, 1], controls count
 * from 0.
 */

import type { Level } from "../../protocol";
import type { Predictor } from "../model/predictor";

export type Values = readonly number[];

/** A control and the value that a key had set; null: any value. */
export type Key = readonly [control: number, value: number | null];

/** The performer set every value at once. */
export interface Interaction {
  readonly kind: "interaction";
  readonly values: Values;
  readonly port: string;
}

/** The performer changed some values. `struck`: by a key, which plays its value even if it is the same as before. */
export interface Update {
  readonly kind: "update";
  readonly changes: readonly (readonly [control: number, value: number])[];
  readonly port: string;
  readonly struck: boolean;
}

/** The performer released keys: no interaction, but it ends the notes that were passed on for them. */
export interface Released {
  readonly kind: "released";
  readonly keys: readonly Key[];
  readonly port: string;
}

/** The performer still has a finger on these controls: those that are held stay held. No interaction. */
export interface Touched {
  readonly kind: "touched";
  readonly controls: readonly number[];
}

/** Send these values to all outputs, now: a recording that is played back. Without values: end every sounding note. */
export interface PlayThrough {
  readonly kind: "playThrough";
  readonly values: Values;
  readonly port: string;
}

/** Give a live setting another value. */
export interface Set {
  readonly kind: "set";
  readonly name: string;
  readonly value: unknown;
}

/** Change over a live setting that is true or false. */
export interface Toggle {
  readonly kind: "toggle";
  readonly name: string;
}

/** Play with another model from now on. */
export interface SetPredictor {
  readonly kind: "setPredictor";
  readonly predictor: Predictor;
  readonly name: string;
}

export type MidiMessage = "tick" | "start" | "continue" | "stop" | "position";

/** A device sent a tick of its clock (24 a beat), or starts, continues, stops or moves its song (to a sixteenth). */
export interface MidiClock {
  readonly kind: "midiClock";
  readonly message: MidiMessage;
  readonly port: string;
  readonly position: number;
}

/** An input was disconnected; what it left sounding has to be ended. */
export interface Unplugged {
  readonly kind: "unplugged";
  readonly port: string;
}

/**
 * `reset`: zero the recurrent state. `panicButton`: end every note, known to sound or not. `another`: throw away what
 * the model is about to play, and draw something else. `tap`: the performer taps the tempo.
 */
export interface Plain {
  readonly kind: "reset" | "panicButton" | "another" | "tap";
}

export type EngineEvent =
  Interaction | Update | Released | Touched | PlayThrough | Set | Toggle | SetPredictor | MidiClock | Unplugged | Plain;

/**
 * Send these values to the outputs.
 *
 * `source`: `rnn` (the model's), `thru` (the performer's, passed on) or `direct` (of `PlayThrough`). `due` is when they
 * should have sounded. `ports` are those to send to; null: all. `moved` are the controls that are played, for outputs
 * that can send a part; null: all. `origin` is the port that a value passed on came in by. `start`, with the first
 * event of an answer, are the values from which the model goes on.
 */
export interface Play {
  readonly kind: "play";
  readonly values: Values;
  readonly source: "rnn" | "thru" | "direct";
  readonly due: number;
  readonly ports: readonly string[] | null;
  readonly moved: readonly number[] | null;
  readonly origin: string;
  readonly start: Values | null;
}

/** End the notes that were passed on from `origin` for these keys. */
export interface EndNotes {
  readonly kind: "endNotes";
  readonly keys: readonly Key[];
  readonly origin: string;
}

/** Write a row to the log: the performer's (`interface`) or the model's (`rnn`). */
export interface Record {
  readonly kind: "record";
  readonly source: "interface" | "rnn";
  readonly values: Values;
  readonly time: number;
}

/** End every sounding note. */
export interface Silence {
  readonly kind: "silence";
  readonly reason: string;
}

/** End every note on every channel in use, known to sound or not. */
export interface Panic {
  readonly kind: "panic";
}

/**
 * Send a tick of MIDI clock to these ports, now. `position`: ticks since beat 0. `rolling`: whether the receivers are
 * to play, or only to keep the tempo.
 */
export interface SendTick {
  readonly kind: "sendTick";
  readonly position: number;
  readonly rolling: boolean;
  readonly ports: readonly string[];
  readonly due: number;
}

/** Stop the receivers of MIDI clock at these ports. `forget`: they start from the beginning next time. */
export interface SendStop {
  readonly kind: "sendStop";
  readonly ports: readonly string[];
  readonly forget: boolean;
}

/** Something the performer should know. Each `topic` is shown once, then counted; `always`: each time. */
export interface Report {
  readonly kind: "report";
  readonly topic: string;
  readonly text: string;
  readonly level: Level;
  readonly always: boolean;
}

export type Command = Play | EndNotes | Record | Silence | Panic | SendTick | SendStop | Report;

export const silence = (reason: string): Silence => ({ kind: "silence", reason });

export const report = (topic: string, text: string, level: Level = "warning", always = false): Report => ({
  kind: "report",
  topic,
  text,
  level,
  always,
});

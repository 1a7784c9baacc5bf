import { describe, expect, it } from "vitest";
import type { ControlKind, EntryName, MappedEntry } from "../src/protocol";
import { MidiInput, MidiOutput, movedBy, place, targetsOf, wordsOf } from "../src/sound/midi/messages";

const entry = (kind: EntryName, channel: number, numbers: Partial<MappedEntry> = {}): MappedEntry => ({
  port: "X-TOUCH",
  ...place(kind, channel),
  ...numbers,
});
const cc = (controller: number, channel = 1, numbers: Partial<MappedEntry> = {}) =>
  entry("control_change", channel, { controller, ...numbers });
const control = (sent: MappedEntry[] = [], kind: ControlKind = "cc") => ({ kind, sent });

describe("words", () => {
  it("name a place, whatever its range, its velocity and its fineness", () => {
    expect(wordsOf(cc(7, 16, { minimum: 10, maximum: 20 }))).toBe("control 7, channel 16");
    expect(wordsOf(entry("note_on", 2, { velocity: 90 }))).toBe("notes, channel 2");
    expect(wordsOf(entry("control_change_14", 1, { controller: 3 }))).toBe("control 3, channel 1");
    expect(wordsOf(entry("note_velocity", 1))).toBe("velocity of notes, channel 1");
    expect(wordsOf(entry("pitch_bend", 3))).toBe("pitch bend, channel 3");
    expect(wordsOf(entry("channel_aftertouch", 4))).toBe("pressure, channel 4");
    expect(wordsOf(entry("program_change", 5))).toBe("program, channel 5");
  });
});

describe("messages", () => {
  it("say what was moved", () => {
    expect(movedBy([0xb0, 7, 127])).toEqual([{ place: place("control_change", 1, 7), raw: 127 }]);
    expect(movedBy([0x9f, 60, 100]).map(({ raw }) => raw)).toEqual([60, 100]);
    expect(movedBy([0xe2, 127, 127])[0]).toMatchObject({ place: place("pitch_bend", 3), raw: 127 });
  });

  it("are nothing where a note ends, a clock ticks or bytes are missing", () => {
    for (const bytes of [
      [],
      [0x90, 60, 0],
      [0x80, 60, 64],
      [0xf8],
      [0xfe],
      [0xb0, 7],
      [0xb0, 123, 0],
      [0xb0, 200, 1],
      [0x40, 1, 2],
    ]) {
      expect(movedBy(bytes)).toEqual([]);
    }
  });
});

describe("an input", () => {
  it("plays as the configuration says, with its range", () => {
    const input = new MidiInput(0);
    input.configure([[cc(7, 1, { minimum: 0, maximum: 63 })], [cc(8)], [entry("note_on", 2)]]);
    expect(input.changes([0xb0, 7, 21]).changes).toEqual([[0, 21 / 63]]);
    expect(input.changes([0xb0, 7, 100]).changes).toEqual([[0, 1]]);
    expect(input.changes([0x91, 127, 1]).changes).toEqual([[2, 1]]);
    expect(input.playedBy("control 8, channel 1")).toBe(1);
  });

  it("gives each new knob the next control that no other has", () => {
    const input = new MidiInput(3);
    expect(input.changes([0xb0, 70, 127])).toEqual({ changes: [[0, 1]], heard: ["control 70, channel 1"] });
    expect(input.changes([0xb0, 71, 0]).changes).toEqual([[1, 0]]);
    expect(input.changes([0xb0, 70, 0]).changes).toEqual([[0, 0]]);
    expect(input.changes([0xb3, 70, 127]).changes).toEqual([[2, 1]]);
    expect(input.changes([0xb3, 71, 127]).changes).toEqual([]);
  });

  it("learns where the configuration's knobs have not been met", () => {
    const input = new MidiInput(0);
    input.configure([[cc(7)], [cc(8)]]);
    expect(input.changes([0xb0, 7, 127]).changes).toEqual([[0, 1]]);
    expect(input.changes([0xb0, 50, 127]).changes).toEqual([[1, 1]]);
  });

  it("does by hand what was said by hand", () => {
    const input = new MidiInput(2, [["control 9, channel 1", 1]]);
    expect(input.changes([0xb0, 9, 127]).changes).toEqual([[1, 1]]);
    input.assign("control 9, channel 1", 0);
    expect(input.changes([0xb0, 9, 127]).changes).toEqual([[0, 1]]);
    expect(input.assigned).toEqual([["control 9, channel 1", 0]]);
    input.assign("control 9, channel 1", 7);
    expect(input.playedBy("control 9, channel 1")).toBe(0);
    input.configure([[]]);
    expect(input.playedBy("control 9, channel 1")).toBe(0);
    input.forget();
    expect(input.playedBy("control 9, channel 1")).toBeNull();
  });

  it("survives any bytes", () => {
    const input = new MidiInput(4);
    for (let status = 0; status < 256; status += 1) {
      for (const [index, value] of input.changes([status, (status * 7) % 256, (status * 13) % 256]).changes) {
        expect(index).toBeLessThan(4);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe("an output", () => {
  it("rounds to nearest, half up, and sends only what changes", () => {
    const output = new MidiOutput([place("control_change", 1, 42), place("control_change", 16, 7)]);
    expect(output.encode([0.5, 1], 0)).toEqual([
      [0xb0, 42, 64],
      [0xbf, 7, 127],
    ]);
    expect(output.encode([0.5, 0.999], 1)).toEqual([]);
    expect(output.encode([0.25, 0.6], 2)).toEqual([
      [0xb0, 42, 32],
      [0xbf, 7, 76],
    ]);
  });

  it("turns a range round, and sends fine controls and bends in two bytes", () => {
    const backwards = { ...place("control_change", 1, 1), minimum: 100, maximum: 0 };
    const fine = place("control_change_14", 1, 2);
    const output = new MidiOutput([backwards, fine, place("pitch_bend", 2)]);
    expect(output.encode([0.25, 1, 0.5], 0)).toEqual([
      [0xb0, 1, 75],
      [0xb0, 2, 127],
      [0xb0, 34, 127],
      [0xe1, 0, 64],
    ]);
  });

  it("plays a note when its value changes, after the end of the one before, as hard as its velocity says", () => {
    const output = new MidiOutput([place("note_on", 1), place("note_velocity", 1)], [0.5, 0.5]);
    expect(output.encode([0.5, 0.5], 0)).toEqual([]);
    expect(output.encode([60 / 127, 100 / 127], 0)).toEqual([[0x90, 60, 100]]);
    expect(output.encode([62 / 127, 0], 1)).toEqual([
      [0x80, 60, 0],
      [0x90, 62, 1],
    ]);
    expect(output.allNotesOff()).toEqual([[0x80, 62, 0]]);
    expect(output.allNotesOff()).toEqual([]);
  });

  it("sends nothing of the values from which an answer goes on", () => {
    const output = new MidiOutput([place("note_on", 1), place("note_on", 2), place("control_change", 3, 7)], [0, 0, 0]);
    output.start([0.5, 0.5, 0.5]);
    expect(output.encode([0.5, 64 / 127, 0.5], 0)).toEqual([[0x91, 64, 127]]);
    expect(output.encode([0.5, 64 / 127, 1], 1)).toEqual([[0xb2, 7, 127]]);
  });

  it("does not strike what the performer took over, but lets controllers follow", () => {
    const output = new MidiOutput([place("note_on", 1), place("control_change", 3, 7)], [0, 0]);
    output.place([0.5, 0.5]);
    output.place([NaN, NaN]);
    expect(output.encode([0.5, 0.5], 0)).toEqual([[0xb2, 7, 64]]);
  });

  it("ends a note by its control's gate", () => {
    const output = new MidiOutput([place("note_on", 1), place("note_on", 2)], [0, 0], undefined, 1000, [0.2, null]);
    output.encode([60 / 127, 61 / 127], 0);
    expect(output.due).toBe(200);
    expect(output.expire(199)).toEqual([]);
    expect(output.expire(200)).toEqual([[0x80, 60, 0]]);
    expect(output.due).toBe(1000);
    output.allNotesOff();
    expect(output.due).toBe(Infinity);
  });

  it("ends notes that nobody ends", () => {
    const output = new MidiOutput([place("note_on", 3)], [0], undefined, 1000);
    output.encode([1], 0);
    expect(output.expire(999)).toEqual([]);
    expect(output.expire(1000)).toEqual([[0x82, 127, 0]]);
    expect(output.expire(5000)).toEqual([]);
  });

  it("sends everything anew after a panic, and commands to each channel once", () => {
    const output = new MidiOutput(
      [place("control_change", 1, 1), place("control_change", 1, 2), place("note_on", 2)],
      [0, 0, 0],
    );
    output.encode([1, 1, 1], 0);
    expect(output.panic()).toEqual([
      [0x81, 127, 0],
      [0xb0, 120, 0],
      [0xb0, 123, 0],
      [0xb1, 120, 0],
      [0xb1, 123, 0],
    ]);
    expect(output.encode([1, 1, 1], 1)).toEqual([
      [0xb0, 1, 127],
      [0xb0, 2, 127],
    ]);
  });

  it("leaves alone what is not there or no number", () => {
    const output = new MidiOutput([place("control_change", 1, 1), place("note_on", 1)]);
    expect(output.encode([], 0)).toEqual([]);
    expect(output.encode([NaN, NaN], 0)).toEqual([]);
  });

  it("goes where the configuration says, or to free controllers, or plays all as notes", () => {
    const controls = [control([cc(74, 5)]), control(), control([], "note")];
    expect(targetsOf(controls, "config", 2).map(wordsOf)).toEqual([
      "control 74, channel 5",
      "control 21, channel 2",
      "notes, channel 2",
    ]);
    expect(targetsOf(controls, "notes", 9).map(wordsOf)).toEqual(Array(3).fill("notes, channel 9"));
    const many = targetsOf(
      Array.from({ length: 64 }, () => control()),
      "controls",
      1,
    ).map(({ controller }) => controller!);
    expect(new Set(many).size).toBe(64);
    expect(many.every((number) => number < 120)).toBe(true);
  });
});

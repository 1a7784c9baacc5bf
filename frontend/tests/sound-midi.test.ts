import { describe, expect, it } from "vitest";
import { MidiInput, MidiOutput, movedBy, place, placeOf, targetsOf, wordsOf } from "../src/sound/midi/messages";

const control = (outputs: string[] = [], kind = "cc") => ({ kind, outputs });

describe("the configuration's words", () => {
  it("are read with ranges, velocities and names of ports before them", () => {
    expect(placeOf("X-TOUCH: MINI: control 7, channel 16, from 10 to 20")).toMatchObject({
      kind: "control",
      channel: 16,
      number: 7,
      from: 10,
      to: 20,
    });
    expect(placeOf("notes, channel 2, velocity 90")).toMatchObject({ kind: "notes", channel: 2, velocity: 90 });
    expect(placeOf("serial MIDI: control 3 (14 bits), channel 1")).toMatchObject({ number: 3, fine: true });
    expect(placeOf("S-1: velocity of notes, channel 1")?.kind).toBe("velocity of notes");
    expect(wordsOf(placeOf("S-1: pitch bend, channel 3")!)).toBe("pitch bend, channel 3");
  });

  it("are nothing where they speak of something else", () => {
    for (const words of [
      "",
      "OSC /interface: number 3",
      "control 7",
      "control 7, channel 0",
      "control 7, channel 17",
      "drums, channel 1",
    ]) {
      expect(placeOf(words)).toBeNull();
    }
  });
});

describe("messages", () => {
  it("say what was moved", () => {
    expect(movedBy([0xb0, 7, 127])).toEqual([{ place: place("control", 1, 7), raw: 127 }]);
    expect(movedBy([0x9f, 60, 100]).map(({ raw }) => raw)).toEqual([60, 100]);
    expect(movedBy([0xe2, 127, 127])[0]).toMatchObject({ place: place("pitch bend", 3), raw: 127 });
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
    input.configure([["X: control 7, channel 1, from 0 to 63"], ["X: control 8, channel 1"], ["X: notes, channel 2"]]);
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
    input.configure([["X: control 7, channel 1"], ["X: control 8, channel 1"]]);
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
    const output = new MidiOutput([place("control", 1, 42), place("control", 16, 7)]);
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
    const backwards = { ...place("control", 1, 1), from: 100, to: 0 };
    const fine = { ...place("control", 1, 2), fine: true };
    const output = new MidiOutput([backwards, fine, place("pitch bend", 2)]);
    expect(output.encode([0.25, 1, 0.5], 0)).toEqual([
      [0xb0, 1, 75],
      [0xb0, 2, 127],
      [0xb0, 34, 127],
      [0xe1, 0, 64],
    ]);
  });

  it("plays a note when its value changes, after the end of the one before, as hard as its velocity says", () => {
    const output = new MidiOutput([place("notes", 1), place("velocity of notes", 1)], [0.5, 0.5]);
    expect(output.encode([0.5, 0.5], 0)).toEqual([]);
    expect(output.encode([60 / 127, 100 / 127], 0)).toEqual([[0x90, 60, 100]]);
    expect(output.encode([62 / 127, 0], 1)).toEqual([
      [0x80, 60, 0],
      [0x90, 62, 1],
    ]);
    expect(output.allNotesOff()).toEqual([[0x80, 62, 0]]);
    expect(output.allNotesOff()).toEqual([]);
  });

  it("ends notes that nobody ends", () => {
    const output = new MidiOutput([place("notes", 3)], [0], undefined, 1000);
    output.encode([1], 0);
    expect(output.expire(999)).toEqual([]);
    expect(output.expire(1000)).toEqual([[0x82, 127, 0]]);
    expect(output.expire(5000)).toEqual([]);
  });

  it("sends everything anew after a panic, and commands to each channel once", () => {
    const output = new MidiOutput([place("control", 1, 1), place("control", 1, 2), place("notes", 2)], [0, 0, 0]);
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
    const output = new MidiOutput([place("control", 1, 1), place("notes", 1)]);
    expect(output.encode([], 0)).toEqual([]);
    expect(output.encode([NaN, NaN], 0)).toEqual([]);
  });

  it("goes where the configuration says, or to free controllers, or plays all as notes", () => {
    const controls = [
      control(["S-1: control 74, channel 5"]),
      control(["OSC /prediction: number 2"]),
      control([], "note"),
    ];
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
    ).map(({ number }) => number);
    expect(new Set(many).size).toBe(64);
    expect(many.every((number) => number < 120)).toBe(true);
  });
});

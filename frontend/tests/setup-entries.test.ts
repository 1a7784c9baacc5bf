import { describe, expect, test } from "vitest";
import {
  type Entry,
  another,
  asKind,
  entryOf,
  fitted,
  meant,
  moved,
  rowOf,
  sameControl,
  withNumber,
} from "../src/setup/entries";
import type { MappingKind } from "../src/protocol";

const number = (name: string, min: number, max: number, optional = false) => ({ name, min, max, optional });
const CHANNEL = number("channel", 1, 16);
const KINDS: MappingKind[] = [
  { kind: "note_on", words: "Note", arguments: [CHANNEL, number("velocity", 0, 127, true)] },
  {
    kind: "control_change",
    words: "Control change",
    arguments: [
      CHANNEL,
      number("controller", 0, 127),
      number("minimum", 0, 127, true),
      number("maximum", 0, 127, true),
    ],
  },
  { kind: "control_change_14", words: "Fine", arguments: [CHANNEL, number("controller", 0, 31)] },
  { kind: "pitch_bend", words: "Pitch bend", arguments: [CHANNEL] },
];
const kind = (name: string) => KINDS.find((each) => each.kind === name)!;

describe("rows and entries", () => {
  test.each([
    [["note_on", 1]],
    [["note_on", 2, 100]],
    [["control_change", 1, 7]],
    [["control_change", 16, 127, 20, 90]],
    [["control_change", 1, 7, 127, 0]],
    [["pitch_bend", 9]],
  ])("%j is the same again", (entry) => {
    const row = rowOf(entry, KINDS);
    expect(entryOf(row.kind!, row.numbers)).toEqual(entry);
  });

  test("a range of everything is not written", () => {
    const row = rowOf(["control_change", 1, 7, 0, 127], KINDS);
    expect(entryOf(row.kind!, row.numbers)).toEqual(["control_change", 1, 7]);
  });

  test("half a range is completed", () => {
    const row = rowOf(["control_change", 1, 7], KINDS);
    expect(withNumber(row, "minimum", 20)).toEqual(["control_change", 1, 7, 20, 127]);
    expect(withNumber(row, "maximum", 20)).toEqual(["control_change", 1, 7, 0, 20]);
  });

  test("an optional number can be given and left out", () => {
    expect(withNumber(rowOf(["note_on", 1], KINDS), "velocity", 90)).toEqual(["note_on", 1, 90]);
    expect(withNumber(rowOf(["note_on", 1, 90], KINDS), "velocity", null)).toEqual(["note_on", 1]);
    expect(meant(kind("note_on").arguments[1]!)).toBeNull();
  });

  const odd: Entry[] = [["note_off", 1], ["note_on", "1"], ["pitch_bend", 1, 2], [], 7, null];
  test.each(odd.map((entry) => ({ entry })))("$entry is odd, and shown as it is", ({ entry }) => {
    const row = rowOf(entry, KINDS);
    expect(row.kind).toBeNull();
    expect(row.odd).toBe(JSON.stringify(entry));
  });

  test("another kind keeps what fits", () => {
    const row = rowOf(["control_change", 5, 74, 10, 20], KINDS);
    expect(asKind(row, kind("note_on"))).toEqual(["note_on", 5]);
    expect(asKind(row, kind("control_change_14"))).toEqual(["control_change_14", 5, 31]);
    expect(asKind(rowOf(["pitch_bend", 3], KINDS), kind("control_change"))).toEqual(["control_change", 3, 0]);
  });
});

describe("a whole mapping", () => {
  test("one more is the next controller that is free", () => {
    expect(another([])).toEqual(["control_change", 1, 1]);
    expect(another([["control_change", 3, 7]])).toEqual(["control_change", 3, 8]);
    expect(
      another([
        ["control_change", 1, 8],
        ["control_change", 1, 7],
      ]),
    ).toEqual(["control_change", 1, 9]);
    expect(another([["control_change", 1, 119]])).toEqual(["control_change", 1, 0]);
    expect(another([["note_on", 4]])).toEqual(["control_change", 4, 1]);
  });

  test("fits the number of controls, all different", () => {
    const entries = fitted(
      [
        ["note_on", 1],
        ["pitch_bend", 1],
      ],
      64,
    );
    expect(entries).toHaveLength(64);
    expect(new Set(entries.map((each) => JSON.stringify(each))).size).toBe(64);
    expect(fitted(entries, 1)).toEqual([["note_on", 1]]);
  });

  test("is put in another order", () => {
    expect(moved([1, 2, 3], 0, 2)).toEqual([2, 3, 1]);
    expect(moved([1, 2, 3], 2, 1)).toEqual([1, 3, 2]);
    expect(moved([1], 3, 0)).toEqual([1]);
  });

  test("the same control is known whatever its range", () => {
    expect(sameControl(["control_change", 1, 7], ["control_change", 1, 7, 3, 9])).toBe(true);
    expect(sameControl(["control_change", 1, 7], ["control_change", 1, 8])).toBe(false);
    expect(sameControl(["note_on", 1, 100], ["note_on", 1])).toBe(true);
    expect(sameControl(["note_on", 1], ["note_velocity", 1])).toBe(false);
    expect(sameControl("x", ["note_on", 1])).toBe(false);
  });
});

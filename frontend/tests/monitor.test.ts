import { describe, expect, it, vi } from "vitest";
import { passed } from "../src/instrument/traffic";
import { describeMidi } from "../src/instrument/words";
import {
  added,
  asText,
  bytesOf,
  effectOf,
  filtered,
  fits,
  KEPT,
  KINDS,
  leftOutAt,
  type Row,
  timeOf,
} from "../src/monitor/passed";
import type { PortMessage } from "../src/protocol";

vi.mock("../src/sound/midi/ports", () => ({ overhear: () => undefined }));

const message = (more: Partial<PortMessage> = {}): PortMessage => ({
  port: "midi in KNOBS",
  way: "in",
  at: 1.5,
  kind: "controller",
  words: "channel 1: control change, controller 7, value 64",
  data: "b0 07 40",
  size: 3,
  changes: [],
  peer: "",
  remark: "",
  ...more,
});
const nameOf = (index: number) => (index === 0 ? "cutoff" : `x ${index + 1}`);

describe("what is kept", () => {
  it("has the newest first, each with a number that rises", () => {
    const rows = added(added([], [message({ words: "a" }), message({ words: "b" })]), [message({ words: "c" })]);
    expect(rows.map(({ words }) => words)).toEqual(["c", "b", "a"]);
    expect(rows[0]!.id).toBeGreaterThan(rows[1]!.id);
    expect(rows[1]!.id).toBeGreaterThan(rows[2]!.id);
  });

  it("is bounded", () => {
    let rows: Row[] = [];
    for (let batch = 0; batch < 40; batch += 1)
      rows = added(
        rows,
        Array.from({ length: 48 }, (_, at) => message({ words: `${batch} ${at}` })),
      );
    expect(rows).toHaveLength(KEPT);
    expect(rows[0]!.words).toBe("39 47");
  });
});

describe("the filter", () => {
  it("leaves out the clock at first, and shows it when it is asked for", () => {
    const clock = message({ kind: "clock" });
    expect(fits(clock, { port: "", kind: "most" })).toBe(false);
    expect(fits(message(), { port: "", kind: "most" })).toBe(true);
    for (const kind of ["all", "clock"] as const) expect(fits(clock, { port: "", kind })).toBe(true);
  });

  it("is by port and kind together", () => {
    const rows = added([], [message(), message({ port: "osc", kind: "osc" }), message({ kind: "note" })]);
    expect(filtered(rows, { port: "midi in KNOBS", kind: "note" })).toHaveLength(1);
    expect(filtered(rows, { port: "osc", kind: "all" })).toHaveLength(1);
    expect(filtered(rows, { port: "osc", kind: "note" })).toHaveLength(0);
  });

  it("knows every kind of message", () => {
    expect(KINDS.map(({ value }) => value)).toEqual([
      "most",
      "all",
      "note",
      "controller",
      "other",
      "clock",
      "osc",
      "line",
    ]);
  });

  it("counts what is not shown at its ports", () => {
    const counts = [
      { port: "osc", way: "in", count: 5 },
      { port: "websocket", way: "out", count: 2 },
    ] as const;
    expect(leftOutAt(counts, { port: "", kind: "all" })).toBe(7);
    expect(leftOutAt(counts, { port: "osc", kind: "all" })).toBe(5);
  });
});

describe("a message in text", () => {
  it("says what it moved, or why nothing", () => {
    const changes: [number, number][] = [
      [0, 0.5039],
      [2, 1],
    ];
    expect(effectOf(message({ changes }), nameOf)).toBe("cutoff 0.50, x 3 1.00");
    expect(effectOf(message({ remark: "ignored: it ends a note" }), nameOf)).toBe("ignored: it ends a note");
  });

  it("shows the first bytes of a long one and its size", () => {
    expect(bytesOf(message())).toBe("b0 07 40");
    expect(bytesOf(message({ size: 900 }))).toBe("b0 07 40 … (900 bytes)");
    expect(bytesOf(message({ data: "", size: 0 }))).toBe("");
  });

  it("is copied oldest first, a line each, with the names of the columns", () => {
    const at = new Date(2026, 1, 3, 4, 5, 6, 7).getTime() / 1000;
    const rows = added([], [message({ at, words: "a\tb", changes: [[0, 0.5]] }), message({ at, way: "out" })]);
    const lines = asText(rows, nameOf).split("\n");
    expect(lines[0]).toBe("time\tway\tport\tmessage\teffect\tbytes\tpeer");
    expect(lines[1]).toBe("04:05:06.007\tin\tmidi in KNOBS\ta b\tcutoff 0.50\tb0 07 40\t");
    expect(lines[2]).toContain("\tout\t");
    expect(lines).toHaveLength(3);
    expect(timeOf(at)).toBe("04:05:06.007");
  });
});

describe("MIDI of a page that plays by itself", () => {
  it.each([
    [[0x90, 60, 100], "note", "channel 1: note on, note 60 (C4), velocity 100"],
    [[0x8f, 61, 0], "note", "channel 16: note off, note 61 (C♯4), velocity 0"],
    [[0xb0, 7, 64], "controller", "channel 1: control change, controller 7, value 64"],
    [[0xc0, 5], "other", "channel 1: program change, program 5"],
    [[0xe0, 0, 64], "other", "channel 1: pitch bend, value 8192"],
    [[0xf8], "clock", "clock"],
    [[0xf0, 1, 0xf7], "other", "system exclusive"],
    [[0xb0, 7], "controller", "channel 1: a damaged control change"],
    [[0xf4], "other", "an undefined system message"],
    [[7], "other", "not a MIDI message"],
    [[], "other", "not a MIDI message"],
  ])("%j", (data, kind, words) => {
    expect(describeMidi(data)).toBe(words);
    expect(passed("in", "KNOBS", data, 1).kind).toBe(kind);
  });

  it("has its bytes in hex, the first of many", () => {
    expect(passed("out", "SYNTH", [0xb0, 7, 10], 1.5)).toMatchObject({ data: "b0 07 0a", size: 3, way: "out" });
    const long = passed("in", "KNOBS", new Uint8Array(2000), 1);
    expect(long.size).toBe(2000);
    expect(bytesOf(long)).toMatch(/ … \(2000 bytes\)$/);
  });
});

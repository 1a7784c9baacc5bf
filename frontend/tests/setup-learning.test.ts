import { describe, expect, test } from "vitest";
import type { Entry } from "../src/setup/entries";
import { type Heard, type Learning, assign, means } from "../src/setup/learning";

const cc = (controller: number): Entry => ["control_change", 1, controller];
const heard = (controller: number, more: Partial<Heard> = {}): Heard => ({
  port: "X-TOUCH MINI:X-TOUCH MINI MIDI 1",
  entry: cc(controller),
  words: `control ${controller}, channel 1`,
  chosen: true,
  ...more,
});
const learning = (target: number, all = false): Learning => ({ target, all, note: "" });

describe("learning one", () => {
  test("puts it into the row, and ends", () => {
    const { learning: next, entries } = assign(learning(1), [cc(1), cc(2)], heard(9), null);
    expect(entries).toEqual([cc(1), cc(9)]);
    expect(next).toBeNull();
  });

  test("what only trembles is told and changes nothing", () => {
    const { learning: next, entries } = assign(learning(0), [cc(1)], heard(9, { chosen: false }), null);
    expect(entries).toBeNull();
    expect(next?.note).toContain("control 9");
  });

  test("what another row has is refused, what the row has is fine", () => {
    const taken = assign(learning(1), [cc(1), cc(2)], heard(1), null);
    expect(taken.entries).toBeNull();
    expect(taken.learning?.note).toContain("control 1 already");
    expect(assign(learning(1), [cc(1), cc(2)], heard(2), null).learning).toBeNull();
  });

  test("what comes from another device is refused", () => {
    const other = assign(learning(0), [cc(1)], heard(9), "S-1");
    expect(other.entries).toBeNull();
    expect(other.learning?.note).toContain("S-1");
    expect(assign(learning(0), [cc(1)], heard(9), "x-touch").entries).toEqual([cc(9)]);
    expect(assign(learning(0), [cc(1)], heard(9, { name: "mine" }), "mine").entries).toEqual([cc(9)]);
  });
});

describe("learning all", () => {
  test("goes from row to row and ends with the last", () => {
    let entries = [cc(1), cc(2), cc(3)];
    let state: Learning | null = learning(0, true);
    for (const controller of [3, 2, 11]) {
      const outcome = assign(state!, entries, heard(controller), null);
      entries = outcome.entries ?? entries;
      state = outcome.learning;
    }
    expect(entries).toEqual([cc(3), cc(2), cc(11)]);
    expect(state).toBeNull();
  });

  test("a row below that has the control gets the one that was replaced", () => {
    const { entries } = assign(learning(0, true), [cc(1), cc(2), cc(9)], heard(9), null);
    expect(entries).toEqual([cc(9), cc(2), cc(1)]);
  });

  test("a control that was learnt just now does not count twice", () => {
    const first = assign(learning(0, true), [cc(1), cc(2)], heard(9), null);
    const second = assign(first.learning!, first.entries!, heard(9), null);
    expect(second.entries).toBeNull();
    expect(second.learning).toMatchObject({ target: 1, all: true });
  });
});

test("names mean ports that contain them, in any case", () => {
  expect(means("x-touch", "X-TOUCH MINI")).toBe(true);
  expect(means("S-1", "X-TOUCH MINI")).toBe(false);
});

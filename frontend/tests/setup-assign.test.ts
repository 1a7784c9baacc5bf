import { describe, expect, test } from "vitest";
import type { Entry } from "../src/setup/entries";
import { type MovedControl, type Waiting, assign, means } from "../src/setup/assign";

const cc = (controller: number): Entry => ["control_change", 1, controller];
const heard = (controller: number, more: Partial<MovedControl> = {}): MovedControl => ({
  port: "X-TOUCH MINI:X-TOUCH MINI MIDI 1",
  entry: cc(controller),
  words: `control ${controller}, channel 1`,
  name: "",
  chosen: true,
  ...more,
});
const waiting = (target: number, all = false): Waiting => ({ target, all, note: "" });

describe("mapping one", () => {
  test("puts it into the row, and ends", () => {
    const { waiting: next, entries } = assign(waiting(1), [cc(1), cc(2)], heard(9), null);
    expect(entries).toEqual([cc(1), cc(9)]);
    expect(next).toBeNull();
  });

  test("what only trembles is told and changes nothing", () => {
    const { waiting: next, entries } = assign(waiting(0), [cc(1)], heard(9, { chosen: false }), null);
    expect(entries).toBeNull();
    expect(next?.note).toContain("control 9");
  });

  test("what another row has is refused, what the row has is fine", () => {
    const taken = assign(waiting(1), [cc(1), cc(2)], heard(1), null);
    expect(taken.entries).toBeNull();
    expect(taken.waiting?.note).toContain("control 1 already");
    expect(assign(waiting(1), [cc(1), cc(2)], heard(2), null).waiting).toBeNull();
  });

  test("what comes from another device is refused", () => {
    const other = assign(waiting(0), [cc(1)], heard(9), "S-1");
    expect(other.entries).toBeNull();
    expect(other.waiting?.note).toContain("S-1");
    expect(assign(waiting(0), [cc(1)], heard(9), "x-touch").entries).toEqual([cc(9)]);
    expect(assign(waiting(0), [cc(1)], heard(9, { name: "mine" }), "mine").entries).toEqual([cc(9)]);
  });
});

describe("mapping all", () => {
  test("goes from row to row and ends with the last", () => {
    let entries = [cc(1), cc(2), cc(3)];
    let state: Waiting | null = waiting(0, true);
    for (const controller of [3, 2, 11]) {
      const outcome = assign(state!, entries, heard(controller), null);
      entries = outcome.entries ?? entries;
      state = outcome.waiting;
    }
    expect(entries).toEqual([cc(3), cc(2), cc(11)]);
    expect(state).toBeNull();
  });

  test("a row below that has the control gets the one that was replaced", () => {
    const { entries } = assign(waiting(0, true), [cc(1), cc(2), cc(9)], heard(9), null);
    expect(entries).toEqual([cc(9), cc(2), cc(1)]);
  });

  test("a control that was learnt just now does not count twice", () => {
    const first = assign(waiting(0, true), [cc(1), cc(2)], heard(9), null);
    const second = assign(first.waiting!, first.entries!, heard(9), null);
    expect(second.entries).toBeNull();
    expect(second.waiting).toMatchObject({ target: 1, all: true });
  });
});

test("names mean ports that contain them, in any case", () => {
  expect(means("x-touch", "X-TOUCH MINI")).toBe(true);
  expect(means("S-1", "X-TOUCH MINI")).toBe(false);
});

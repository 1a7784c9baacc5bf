import { describe, expect, it } from "vitest";
import { columnsOf } from "../src/perform/layout";
import { actionOf } from "../src/perform/keys";
import { banksFor, fitting, WIDEST_FINGER } from "../src/perform/stage/banks";

describe("the stage view", () => {
  it("shows as many faders as fingers have room for", () => {
    expect(fitting(828, 230, 8)).toBe(26);
    expect(fitting(410, 90, 8)).toBe(6);
    expect(fitting(0, 0, 8)).toBe(1);
  });

  it("has the others in banks that are as even as can be", () => {
    expect(banksFor(8, 6)).toEqual([
      { from: 0, until: 4 },
      { from: 4, until: 8 },
    ]);
    expect(banksFor(0, 6)).toEqual([{ from: 0, until: 0 }]);
    for (let count = 1; count < 130; count += 1) {
      for (const size of [1, 3, 7, 64]) {
        const banks = banksFor(count, size);
        expect(banks.flatMap(({ from, until }) => Array.from({ length: until - from }, (_, at) => from + at))).toEqual(
          Array.from({ length: count }, (_, at) => at),
        );
        expect(banks.every(({ from, until }) => until - from <= size)).toBe(true);
      }
    }
  });

  it("has columns as wide as a finger", () => {
    for (const width of [320, 410, 828, 1264]) {
      const columns = columnsOf(64, width, 8, WIDEST_FINGER);
      expect((width - 8 * (columns - 1)) / columns).toBeGreaterThanOrEqual(WIDEST_FINGER);
    }
  });

  it("is entered by Shift and F; F alone plays a fader", () => {
    expect(actionOf({ code: "KeyF", key: "F", shiftKey: true })).toEqual({ do: "stage" });
    expect(actionOf({ code: "KeyF", key: "f" })).toEqual({ do: "glide", column: 3, up: true });
  });
});

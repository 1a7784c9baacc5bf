import { describe, expect, it } from "vitest";
import { channels, shades } from "../src/plot/colours";
import { clock, figure } from "../src/plot/words";
import { type Range, asked, byKey, isWhole, moved, pinched, within, zoomed } from "../src/plot/zoom";

const WHOLE: Range = [0, 100];

describe("zooming", () => {
  it("comes closer around a place that stays where it is on the screen", () => {
    const [from, to] = zoomed([20, 60], WHOLE, 2, 30);
    expect([from, to]).toEqual([25, 45]);
    expect((30 - from) / (to - from)).toBeCloseTo((30 - 20) / 40);
  });

  it("goes away no further than all there is", () => {
    expect(zoomed([20, 60], WHOLE, 1 / 8)).toEqual(WHOLE);
    expect(zoomed([90, 100], WHOLE, 0.5, 100)).toEqual([80, 100]);
  });

  it("comes no closer than what can be told apart", () => {
    let range = WHOLE;
    for (let press = 0; press < 60; press += 1) range = zoomed(range, WHOLE, 2);
    expect(range[1] - range[0]).toBeCloseTo(0.001, 6);
    expect(range[0]).toBeGreaterThanOrEqual(0);
  });

  it("moves up to the edges and keeps its width", () => {
    expect(moved([10, 30], WHOLE, 0.25)).toEqual([15, 35]);
    expect(moved([10, 30], WHOLE, -3)).toEqual([0, 20]);
    expect(moved([10, 30], WHOLE, 9)).toEqual([80, 100]);
  });

  it("understands a stretch that was drawn backwards or over the edge", () => {
    expect(within([40, 20], WHOLE)).toEqual([20, 40]);
    expect(within([-30, 10], WHOLE)).toEqual([0, 40]);
    expect(within([50, 50], WHOLE)[1]).toBeGreaterThan(within([50, 50], WHOLE)[0]);
  });

  it("follows keys, and leaves the others alone", () => {
    expect(byKey("+", WHOLE, WHOLE)).toEqual([25, 75]);
    expect(byKey("-", [25, 75], WHOLE)).toEqual(WHOLE);
    expect(byKey("0", [25, 75], WHOLE)).toEqual(WHOLE);
    expect(byKey("ArrowRight", [0, 40], WHOLE)).toEqual([10, 50]);
    expect(byKey("Home", [30, 40], WHOLE)).toEqual([0, 10]);
    expect(byKey("End", [30, 40], WHOLE)).toEqual([90, 100]);
    expect(byKey("Tab", [30, 40], WHOLE)).toBeNull();
  });

  it("keeps what two fingers hold under them", () => {
    // Held at 40 and 60; the fingers now stand at a quarter and three quarters of the width.
    expect(pinched([0, 100], WHOLE, [40, 60], [0.25, 0.75])).toEqual([30, 70]);
    expect(pinched([30, 70], WHOLE, [40, 60], [0.5, 0.5])).toEqual([30, 70]);
  });

  it("asks for more than is seen, but not for more than there is", () => {
    expect(asked([40, 60], WHOLE)).toEqual([30, 70]);
    expect(asked([0, 60], WHOLE)).toEqual([0, 90]);
  });

  it("knows when all is seen", () => {
    expect(isWhole([0, 100], WHOLE)).toBe(true);
    expect(isWhole([0, 99], WHOLE)).toBe(false);
  });
});

describe("numbers beside an axis", () => {
  it("says times as finely as they are seen", () => {
    expect(clock(0)).toBe("0:00");
    expect(clock(67.26, 30)).toBe("1:07");
    expect(clock(67.26, 0.5)).toBe("1:07.3");
    expect(clock(59.999, 0.05)).toBe("1:00.00");
    expect(clock(3725, 600)).toBe("1:02:05");
    expect(clock(0.1234, 0.002)).toBe("0:00.123");
    expect(clock(-2)).toBe("−0:02");
  });

  it("says figures of any size shortly", () => {
    expect(figure(-18.3969)).toBe("−18.4");
    expect(figure(1234.5)).toBe("1,235");
    expect(figure(0)).toBe("0");
    expect(figure(0.0321)).toBe("0.0321");
    expect(figure(2)).toBe("2.00");
    expect(figure(-0.00001)).toBe("0");
    expect(figure(Number.NaN)).toBe("–");
  });
});

describe("shades", () => {
  it("reads colours as style sheets write them", () => {
    expect(channels("#2dd4a7")).toEqual([45, 212, 167]);
    expect(channels(" #fff ")).toEqual([255, 255, 255]);
    expect(channels("#2dd4a733")).toEqual([45, 212, 167]);
    expect(channels("rebeccapurple")).toBeNull();
  });

  it("begins with the colour itself and has no shade twice", () => {
    const all = shades("#2dd4a7", "#eef0f4", "#12141a", 16);
    expect(all[0]).toBe("#2dd4a7");
    expect(new Set(all).size).toBe(16);
  });

  it("stays with one that it cannot read", () => {
    expect(shades("green", "#fff", "#000", 2)).toEqual(["green", "green"]);
  });
});

import { describe, expect, it } from "vitest";
import { visibility } from "../src/perform/future";
import { along, Plan, stepsOf } from "../src/plan";
import type { Next } from "../src/protocol";

const next = (plan?: number[][]): Next => ({ in: 1, what: "event", weights: [], means: [], spreads: [], dt: [], plan });

describe("the plan", () => {
  it("has the events that are to come, at the page's time", () => {
    const plan = new Plan();
    plan.take(
      next([
        [0.5, 0.1, 0.2],
        [1, 0.3, 0.4],
      ]),
      1000,
    );
    expect(plan.coming(1000)).toEqual([
      { at: 1500, values: [0.1, 0.2] },
      { at: 2000, values: [0.3, 0.4] },
    ]);
    expect(plan.coming(1500)).toEqual([{ at: 2000, values: [0.3, 0.4] }]);
    expect(plan.coming(3000)).toEqual([]);
  });

  it("stays for a moment while another is made, and no longer", () => {
    const plan = new Plan();
    plan.take(next([[3, 0.5]]), 0);
    plan.take(next(), 100);
    plan.take(next(), 200);
    expect(plan.coming(300)).toHaveLength(1);
    expect(plan.coming(400)).toHaveLength(0);
    plan.take(next([[3, 0.5]]), 400);
    expect(plan.coming(1000)).toHaveLength(1);
    plan.take(next([]), 1100);
    expect(plan.coming(1100)).toHaveLength(0);
  });

  it("moves a control where its value becomes another", () => {
    const coming = [
      { at: 1000, values: [0.5, 0.2] },
      { at: 1500, values: [0.5, 0.4] },
      { at: 2000, values: [0.501, 0.4] },
      { at: 2500, values: [1, 0.2] },
    ];
    expect(stepsOf(coming, 0, 0.5, 0)).toEqual([{ ahead: 2.5, value: 1 }]);
    expect(stepsOf(coming, 1, 0.2, 500)).toEqual([
      { ahead: 1, value: 0.4 },
      { ahead: 2, value: 0.2 },
    ]);
    expect(stepsOf(coming, 7, 0, 0)).toEqual([]);
  });

  it("gives what is near more room, and shows it more", () => {
    expect([along(-1), along(0), along(4), along(9)]).toEqual([0, 0, 1, 1]);
    expect(along(0.5)).toBeCloseTo(0.48, 2);
    expect(visibility(0, 3)).toBeGreaterThan(visibility(1, 0.1));
    expect(visibility(1, 0.1)).toBeGreaterThan(visibility(2, 3));
    expect(visibility(7, 4)).toBeGreaterThan(0.2);
  });
});

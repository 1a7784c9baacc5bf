import { describe, expect, it } from "vitest";
import { Memory, laneOf } from "../src/perform/timeline/memory";
import { Pen, strokesBetween } from "../src/perform/timeline/strokes";
import { agoText, headOf, looked, placeOf, spoken, timeAt } from "../src/perform/timeline/view";

const filled = () => {
  const memory = new Memory(2, { performer: [0, 0], model: [0, 0] });
  memory.record(1000, "performer", [0.5, 0]);
  memory.record(1100, "performer", [0.7, 0]);
  memory.record(1500, "model", [0.7, 0.4]);
  return memory;
};

describe("what is remembered", () => {
  it("is each movement, and not what stands still", () => {
    const memory = filled();
    expect(memory.end).toBe(4);
    expect(memory.record(1600, "model", [0.7001, 0.4])).toBe(0);
    expect([0, 1, 2, 3].map((entry) => memory.lane(entry))).toEqual([
      laneOf(0, "performer"),
      laneOf(0, "performer"),
      laneOf(0, "model"),
      laneOf(1, "model"),
    ]);
    expect(memory.oldest).toBe(1000);
  });

  it("is not the first value of a control that was unknown of a shorter vector, nor what is no number", () => {
    const memory = new Memory(3, { performer: [0.1] });
    expect(memory.record(1, "performer", [0.1, NaN])).toBe(0);
    expect(memory.record(2, "performer", [0.1, Infinity, 0.5])).toBe(1);
    expect(memory.record(3, "performer", [])).toBe(0);
  });

  it("is not the model's what the performer has played in its place", () => {
    const memory = filled();
    memory.place([0.9, NaN]);
    expect(memory.record(1700, "model", [0.9, 0.4])).toBe(0);
  });

  it("can be looked up, and played from any moment", () => {
    const memory = filled();
    expect(memory.from(0)).toBe(0);
    expect(memory.from(1100)).toBe(1);
    expect(memory.from(9999)).toBe(4);
    expect(memory.stateAt(1200)).toEqual({ performer: [expect.closeTo(0.7), 0], model: [0, 0] });
    const moments = [...memory.moments(1050, 2000)];
    expect(moments.map(({ at, who }) => [at, who])).toEqual([
      [1100, "performer"],
      [1500, "model"],
    ]);
    expect(moments[1]!.values).toEqual([expect.closeTo(0.7), expect.closeTo(0.4)]);
    expect([...memory.moments(0, 1100)]).toHaveLength(1);
    expect(memory.count(1000, 1200)).toEqual({ performer: 2, model: 0, marks: 0 });
  });

  it("is bounded: the oldest goes, and what is left is as it was", () => {
    const memory = new Memory(1, {}, 2);
    let value = 0;
    for (let at = 0; at < 40_000; at += 1) memory.record(at, "performer", [(value = 1 - value)]);
    expect(memory.end - memory.first).toBeLessThanOrEqual(2 * 8192);
    expect(memory.at(memory.first)).toBe(memory.oldest);
    expect(memory.value(memory.end - 1)).toBe(value);
    expect(memory.stateAt(39_999).performer[0]).toBe(1 - value);
    expect([...memory.moments(39_990, 50_000)]).toHaveLength(10);
    for (let at = 0; at < 700; at += 1) memory.mark(at);
    expect(memory.marks).toHaveLength(500);
  });

  it("goes on while it is played and its oldest part goes", () => {
    const memory = new Memory(1, {}, 1);
    let value = 0;
    const more = (from: number) => {
      for (let at = from; at < from + 9000; at += 1) memory.record(at, "performer", [(value = 1 - value)]);
    };
    more(0);
    const moments = memory.moments(memory.oldest!, Infinity);
    moments.next();
    more(9000);
    expect(moments.next().value!.at).toBe(memory.oldest);
  });

  it("has times that never go back", () => {
    const memory = filled();
    memory.record(100, "model", [0.1, 0.1]);
    expect(memory.at(memory.end - 1)).toBe(1500);
  });
});

describe("strokes", () => {
  it("join movements of one control that follow each other soon", () => {
    const memory = filled();
    const { performer, model, busy } = strokesBetween(memory, 0, 2000);
    expect(performer.map((each) => Math.round(100 * each))).toEqual([
      100_000, 50, 100_000, 50, 100_000, 50, 110_000, 70,
    ]);
    expect(model).toHaveLength(8); // two beginnings
    expect(busy).toEqual({ performer: [1000, 1000, 1000, 1100], model: [1500, 1500] });
  });

  it("are the same drawn at once and as they come", () => {
    const memory = new Memory(1);
    const pen = new Pen(1);
    const live: number[] = [];
    for (let at = 0; at < 50; at += 1) {
      const from = memory.end;
      memory.record(100 * at + (at > 20 ? 900 : 0), "model", [Math.abs(Math.sin(at))]);
      live.push(...pen.draw(memory, from, memory.end).model);
    }
    expect(live).toEqual(strokesBetween(memory, 0, 10_000).model);
  });

  it("leave out what trembles", () => {
    const memory = new Memory(1, { model: [0.5] });
    for (let at = 0; at < 9; at += 1) memory.record(at, "model", [0.6 + 0.002 * (at % 2)]);
    expect(memory.end).toBe(9);
    expect(strokesBetween(memory, 0, 100).model).toHaveLength(4);
  });
});

describe("the view", () => {
  it("has now at five sixths, and each time at its place", () => {
    expect(placeOf(5000, 5000, 1200)).toBe(1000);
    expect(placeOf(5000 - 20_000, 5000, 1200)).toBe(0);
    for (const place of [0, 33, 1200]) expect(placeOf(timeAt(place, 777, 1200), 777, 1200)).toBeCloseTo(place);
  });

  it("stays within what is known, and near now is now", () => {
    expect(looked(500, null, 9000)).toBe(null);
    expect(looked(-Infinity, 1000, 9000)).toBe(1000);
    expect(looked(5000, 1000, 9000)).toBe(5000);
    expect(looked(8950, 1000, 9000)).toBe(null);
    expect(headOf(5000, 9000, true)).toBe(5000);
  });

  it("moves in steps where motion is not wanted", () => {
    expect([9100, 9900, 10_000].map((now) => headOf(null, now, true))).toEqual([10_000, 10_000, 10_000]);
    expect(headOf(null, 9100, false)).toBe(9100);
  });

  it("has words", () => {
    expect([0, 1, 59, 125].map(agoText)).toEqual([
      "0 seconds ago",
      "1 second ago",
      "59 seconds ago",
      "2:05 minutes ago",
    ]);
    expect(spoken("Now", { performer: 1, model: 2, marks: 0 })).toBe(
      "Now; in the 20 seconds before: you 1 movement, the model 2 movements",
    );
    expect(spoken("Now", { performer: 0, model: 0, marks: 1 })).toMatch(/, 1 mark$/);
  });
});

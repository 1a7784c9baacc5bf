import { describe, expect, it } from "vitest";
import { chosenAtFirst, dimensions, sums } from "../src/learn/choice";
import { bestEpoch, epochsShown, heights, merged } from "../src/learn/curve";
import type { DatasetStatistics } from "../src/protocol";
import { bars, enough, gap, share, sentences } from "../src/learn/statistics";
import { SIZES, advisedSize, elapsedOf, epochs, goesOn, pace, progress, timeLeft } from "../src/learn/words";
import type { Take } from "../src/protocol";
import type { Run } from "../src/protocol";

const take = (changes: Partial<Take>): Take => ({
  name: "a.log",
  title: "",
  started: null,
  seconds: 60,
  events: 100,
  answers: 50,
  dimension: 9,
  tags: [],
  excluded: false,
  pauses: 0,
  paused: 0,
  trim_pauses: 0,
  journal: false,
  participant: "",
  condition: "",
  size: 1000,
  live: false,
  looking: false,
  problem: "",
  ...changes,
});

const run = (changes: Partial<Run>): Run => ({
  id: "1",
  dataset: "d.npz",
  size: "xs",
  status: "running",
  started: "2026-01-01T00:00:00",
  seconds: 90,
  waiting: false,
  epoch: 5,
  epochs: 20,
  pace: 30,
  left: 60,
  losses: [],
  best: null,
  model: null,
  resumable: false,
  options: {},
  sentence: "",
  ...changes,
});

describe("how long a training has gone on", () => {
  it("goes on between two messages", () => {
    expect(elapsedOf(run({}), 0)).toBe(90);
    expect(elapsedOf(run({}), 2500)).toBe(92.5);
    expect(elapsedOf(run({}), -10)).toBe(90);
  });
});

describe("choosing takes", () => {
  it("begins with all that can be learned from and are not set aside", () => {
    const takes = [
      take({ name: "good" }),
      take({ name: "aside", excluded: true }),
      take({ name: "empty", events: 0 }),
      take({ name: "damaged", problem: "cut off" }),
    ];
    expect([...chosenAtFirst(takes)]).toEqual(["good"]);
  });

  it("puts the workspace's own dimension first, then the one with most events", () => {
    const takes = [
      take({ dimension: 4, events: 10 }),
      take({ dimension: 9, events: 900 }),
      take({ dimension: 3, events: 50 }),
    ];
    expect(dimensions(takes, 4)).toEqual([4, 9, 3]);
    expect(dimensions(takes, null)).toEqual([9, 3, 4]);
    expect(dimensions([], 4)).toEqual([]);
  });

  it("adds up", () => {
    expect(sums([take({ events: 5, seconds: 1 }), take({ events: 7, seconds: 2 })])).toEqual({
      takes: 2,
      events: 12,
      seconds: 3,
    });
  });
});

describe("training in words", () => {
  it("says how long still", () => {
    const words = [null, -1, 2, 12, 48, 70, 200, 3500, 3700, 5400, 9000, 40_000].map(timeLeft);
    expect(words).toEqual([
      "",
      "",
      "nearly there",
      "about 10 s left",
      "about 50 s left",
      "about a minute left",
      "about 3 minutes left",
      "about 58 minutes left",
      "about an hour left",
      "about 1½ hours left",
      "about 2½ hours left",
      "about 11 hours left",
    ]);
  });

  it("says pace and epochs, and nothing where nothing is known", () => {
    expect(pace(30.11)).toBe("30 ms a step");
    expect(pace(2.345)).toBe("2.3 ms a step");
    expect(pace(null)).toBe("");
    expect(epochs({ epoch: 3, epochs: 20 })).toBe("epoch 3 of 20");
    expect(epochs({ epoch: 3, epochs: null })).toBe("epoch 3");
  });

  it("knows how far a run is", () => {
    expect(progress(run({}))).toBe(0.25);
    expect(progress(run({ epoch: 0 }))).toBeNull();
    expect(progress(run({ epochs: null }))).toBeNull();
    expect(progress(run({ status: "done" }))).toBe(1);
    expect(goesOn(run({ status: "stopping" }))).toBe(true);
    expect(goesOn(run({ status: "failed" }))).toBe(false);
  });

  it("advises a larger network for more playing", () => {
    const order = SIZES.map(({ value }) => value);
    const advised = [0, 5_000, 50_000, 1_000_000, 9e9].map(advisedSize);
    expect(advised).toEqual(["xxs", "xs", "s", "m", "l"]);
    expect(advised.map((size) => order.indexOf(size))).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("the curve", () => {
  const loss = (epoch: number, train: number | null, held_out: number | null) => ({ epoch, train, held_out });

  it("joins what was sentences at different times", () => {
    const joined = merged([loss(1, 5, 5), loss(2, 4, 4)], [loss(2, 3, 3), loss(3, 2, 2)]);
    expect(joined).toEqual([loss(1, 5, 5), loss(2, 3, 3), loss(3, 2, 2)]);
  });

  it("forgets what is learned again after a crash", () => {
    expect(merged([loss(1, 5, 5), loss(2, 4, 4)], [loss(1, 5, 5)], 1)).toEqual([loss(1, 5, 5)]);
  });

  it("does not let the first epochs flatten all others", () => {
    const losses = Array.from({ length: 20 }, (_, index) =>
      loss(index + 1, index === 0 ? 900 : 10 - index / 4, 11 - index / 4),
    );
    const [low, high] = heights(losses);
    expect(high).toBeLessThan(20);
    expect(low).toBeLessThan(5.25);
    expect(heights([loss(1, 900, 5)])[1]).toBeGreaterThan(899);
    expect(heights([loss(1, null, null)])).toEqual([0, 1]);
  });

  it("shows what is planned, and not only emptiness when that is much", () => {
    expect(epochsShown(3, 20)).toEqual([1, 10]);
    expect(epochsShown(12, 20)).toEqual([1, 18]);
    expect(epochsShown(20, 20)).toEqual([1, 20]);
    expect(epochsShown(2, 300)).toEqual([1, 10]);
    expect(epochsShown(1, null)).toEqual([1, 2]);
  });

  it("finds the epoch that is kept", () => {
    expect(bestEpoch([loss(1, 1, 5), loss(2, 1, null), loss(3, 1, -2), loss(4, 1, 3)])).toBe(3);
    expect(bestEpoch([])).toBeNull();
  });
});

describe("what is in a dataset", () => {
  const statistics: DatasetStatistics = {
    dimension: 9,
    performances: 35,
    events: 94603,
    seconds: 22230,
    lengths: [],
    windows: 92853,
    time_median: 0.012,
    time_mean: 0.23,
    time_longest: 764,
    time_edges: [0, 0.001, 0.003, 0.01, 0.03],
    time_counts: [0, 5, 10, 0, 0],
    pauses: 3,
    moving: [0.14, 0.8597, 0.0003],
    controls: [],
    advice: [],
  };

  it("says it in sentences", () => {
    expect(sentences(statistics)).toEqual([
      "35 performances with 94,603 events in 6 h 11 min.",
      "Usually 12 ms between two events; the longest pause is 13 min.",
      "One control moves in 86 % of events.",
    ]);
    expect(sentences({ ...statistics, moving: [0.1, 0.2, 0.7] })[2]).toContain("Several controls move at once in 70 %");
    expect(sentences({ ...statistics, moving: [0.9, 0.1, 0] })[2]).toContain("Nothing moves in 90 %");
    expect(sentences({ ...statistics, events: 0 })).toEqual(["There is nothing in it."]);
  });

  it("says shares and gaps", () => {
    expect([0, 0.003, 0.5, 0.995, 1].map(share)).toEqual(["0 %", "under 1 %", "50 %", "over 99 %", "100 %"]);
    expect([0, 0.0004, 0.08, 0.123, 3, 45].map(gap)).toEqual(["0 ms", "under 1 ms", "80 ms", "0.12 s", "3 s", "45 s"]);
  });

  it("draws bars of those times that occur", () => {
    const drawn = bars(statistics.time_edges, statistics.time_counts);
    expect(drawn.map(({ share: high }) => high)).toEqual([0.5, 1]);
    expect(drawn[0]?.label).toBe("1 ms to 3 ms");
    expect(bars([0, 1], [0, 3])[0]?.label).toBe("1 s and longer");
    expect(bars([0, 1], [0, 0])).toEqual([]);
  });

  it("says whether it is enough", () => {
    expect([10, 5_000, 50_000].map((events) => enough(events).level)).toEqual(["bad", "warn", "good"]);
  });
});

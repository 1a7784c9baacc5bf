import { describe, expect, it } from "vitest";
import { held, heightOf, indexAt, isBlank, laidOut, laneAt, laned } from "../src/record/lanes";
import { areTrimmed, learnedSeconds, pauseWords, withPauses } from "../src/record/pauses";
import { Playhead } from "../src/record/playhead";
import { sparkline, stepPath, thinned } from "../src/record/sparkline";
import { suggested, tagFault, tagsInUse, tidy, withTags, withoutTag } from "../src/record/tags";
import type { Picture, Take } from "../src/protocol";
import { called, fileName, found } from "../src/record/take";
import { about, counted, sentence, tooLong } from "../src/record/words";

const take = (changes: Partial<Take>): Take => ({
  name: "2026-09-26T10-00-00-9d-mdrnn.log",
  title: "",
  started: "2026-09-26T10:00:00",
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

describe("finding takes", () => {
  const a = take({ name: "a.log", title: "Slow morning", started: "2026-01-01T10:00:00", tags: ["duo"], seconds: 500 });
  const b = take({ name: "b.log", title: "Fast", started: "2026-02-01T10:00:00", tags: ["solo", "duo"], events: 900 });
  const c = take({ name: "c.log", title: "Old", started: "2025-02-01T10:00:00", live: true });
  const names = (takes: Take[]) => takes.map(({ name }) => name[0]).join("");

  it("puts what is recorded now on top, then the newest", () => {
    expect(names(found([a, b, c], "", [], "newest"))).toBe("cba");
    expect(names(found([a, b, c], "", [], "oldest"))).toBe("cab");
    expect(names(found([a, b], "", [], "longest"))).toBe("ab");
    expect(names(found([a, b], "", [], "events"))).toBe("ba");
    expect(names(found([a, b], "", [], "title"))).toBe("ba");
  });

  it("needs every word and every tag", () => {
    expect(names(found([a, b, c], "MORN slow", [], "newest"))).toBe("a");
    expect(names(found([a, b, c], "duo", [], "newest"))).toBe("ba");
    expect(names(found([a, b, c], "", ["duo", "solo"], "newest"))).toBe("b");
    expect(found([a, b, c], "nowhere", [], "newest")).toEqual([]);
  });

  it("does without a date", () => {
    const undated = take({ name: "x.log", started: null });
    expect(called(undated)).toBe("x.log");
    expect(names(found([undated, a], "", [], "newest"))).toBe("ax");
  });

  it("leaves the list that it is given as it is", () => {
    const all = [a, b, c];
    found(all, "", [], "newest");
    expect(names(all)).toBe("abc");
  });
});

describe("words", () => {
  it("counts", () => {
    expect(counted(1, "take")).toBe("1 take");
    expect(counted(1234, "event")).toBe("1,234 events");
  });

  it("says about how long", () => {
    expect([0.3, 8, 75, 3000, 3600, 22230].map(about)).toEqual(["0.3 s", "8 s", "75 s", "50 min", "1 h", "6 h 11 min"]);
    expect(about(Number.NaN)).toBe("–");
  });

  it("makes sentences of what programs say", () => {
    expect(sentence("mine.tflite was deleted")).toBe("mine.tflite was deleted.");
    expect(sentence("datasets/day 1.npz is back")).toBe("datasets/day 1.npz is back.");
    expect(sentence("done: the schedule is complete")).toBe("Done: the schedule is complete.");
    expect(sentence("Why?")).toBe("Why?");
    expect(sentence("")).toBe("");
  });

  it("takes the file out of a path of any system", () => {
    expect(fileName("/home/me/logs/a.log")).toBe("a.log");
    expect(fileName("C:\\logs\\a.log")).toBe("a.log");
    expect(fileName("a.log")).toBe("a.log");
  });
});

describe("tags", () => {
  it("tidies and keeps each once, whatever its case", () => {
    expect(tidy("  #slow   one ")).toBe("slow one");
    expect(withTags(["Duo"], "duo, solo , ,solo")).toEqual(["Duo", "solo"]);
    expect(withoutTag(["a", "b"], "a")).toEqual(["b"]);
  });

  it("says what is too much, and cuts nothing", () => {
    expect(tagFault([], `short, ${"x".repeat(40)}`)).toBeUndefined();
    expect(tagFault([], `short, ${"x".repeat(41)}`)).toBe("A tag has at most 40 characters; this one has 41.");
    const many = Array.from({ length: 19 }, (_, index) => `tag${index}`).join(",");
    expect(tagFault(["a"], many)).toBeUndefined();
    expect(tagFault(["a", "b"], many)).toBe("A take has at most 20 tags; it would have 21.");
    expect(tidy("x".repeat(90))).toHaveLength(90);
    expect(tooLong("abc", 2, "A title")).toBe("A title has at most 2 characters; this one has 3.");
  });

  it("offers the most used ones first, and none that is there", () => {
    const inUse = tagsInUse([{ tags: ["b", "a"] }, { tags: ["a"] }, { tags: ["c"] }]);
    expect(inUse).toEqual(["a", "b", "c"]);
    expect(suggested(inUse, ["A"])).toEqual(["b", "c"]);
  });
});

describe("small pictures", () => {
  it("keeps every peak however few columns there are", () => {
    const times = Array.from({ length: 1000 }, (_, index) => index / 10);
    const values = times.map((_, index) => (index === 501 ? 1 : index === 777 ? 0 : 0.5));
    const kept = thinned(times, values, 10);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.map(([, value]) => value)).toEqual(expect.arrayContaining([0, 0.5, 1]));
    expect(kept).toEqual([...kept].sort((a, b) => a[0] - b[0]));
  });

  it("leaves out what is not known", () => {
    expect(thinned([0, 1, 2], [null, 0.5, null], 3)).toEqual([[1, 0.5]]);
    expect(thinned([], [], 3)).toEqual([]);
  });

  it("draws steps to the right edge, and what does not change as one line", () => {
    const steps: [number, number][] = [
      [0, 0],
      [5, 0],
      [6, 1],
    ];
    expect(stepPath(steps, 10, 100, 20)).toBe("M0 20H60V0H100");
    expect(stepPath([], 10, 100, 20)).toBe("");
    expect(stepPath([[0, 0.5]], 0, 100, 20)).toBe("M0 10H100");
  });

  it("shows the controls that move most, of both players", () => {
    const picture: Picture = {
      seconds: 2,
      begin: 0,
      end: 2,
      times: [0, 1, 2],
      performer: [
        [0, 0, 0],
        [0, 1, 0],
        [0.5, 0.6, 0.5],
      ],
      model: [
        [null, null, null],
        [null, 0.2, 0.9],
        [null, 0.5, 0.5],
      ],
      labels: ["a", "b", "c"],
    };
    const drawn = sparkline(picture, 100, 10, 1);
    expect(drawn.performer).toEqual(["M0 10H50V0H100V10H100"]);
    expect(drawn.model).toEqual(["M50 8H100V1H100"]);
    expect(sparkline(picture, 100, 10).performer).toHaveLength(2);
  });
});

describe("lanes", () => {
  it("puts the first control on top, each in its own", () => {
    expect(laned(0.5, 0, 3)).toBeCloseTo(2.5);
    expect(laned(0.5, 2, 3)).toBeCloseTo(0.5);
    for (const value of [0, 1]) for (const lane of [0, 1, 2]) expect(laneAt(laned(value, lane, 3), 3)).toBe(lane);
    expect(laneAt(-1, 3)).toBe(2);
    expect(laneAt(9, 3)).toBe(0);
  });

  const picture: Picture = {
    seconds: 1,
    begin: 0,
    end: 1,
    times: [0, 1],
    performer: [
      [0, 1],
      [0.5, 0.5],
    ],
    model: [
      [null, null],
      [null, 1],
    ],
    labels: [],
  };

  it("draws the performer first, and nothing for who never played", () => {
    const laid = laidOut(picture, [0, 1], "overlay");
    expect(laid.map(({ who, control }) => `${who}${control}`)).toEqual(["performer0", "performer1", "model1"]);
    expect(laid[2]?.values).toEqual([null, 1]);
    const [only] = laidOut(picture, [1], "lanes");
    expect(only?.values[0]).toBeCloseTo(0.5);
  });

  it("knows when there is nothing to draw", () => {
    expect(isBlank(picture)).toBe(false);
    expect(isBlank({ ...picture, performer: [[null, null]], model: [] })).toBe(true);
  });

  it("finds the moment that holds", () => {
    expect([-1, 0, 0.5, 3, 9].map((at) => indexAt([0, 1, 3], at))).toEqual([-1, 0, 0, 2, 2]);
    expect(indexAt([], 1)).toBe(-1);
  });

  it("finds the value that holds", () => {
    expect(held([null, 0.2, null, null], 3)).toBe(0.2);
    expect(held([null, 0.2], 0)).toBeNull();
    expect(held(undefined, 0)).toBeNull();
  });

  it("is high enough for few and for many", () => {
    expect(heightOf(1, "lanes")).toBeGreaterThanOrEqual(200);
    expect(heightOf(64, "lanes")).toBeLessThanOrEqual(1000);
    expect(heightOf(16, "lanes")).toBeGreaterThan(heightOf(8, "lanes"));
  });
});

describe("where a playback is", () => {
  it("goes on between two messages at the pace of the last ones", () => {
    const head = new Playhead();
    head.hear(10, 100);
    expect(head.at(100.1)).toBeCloseTo(10.1);
    head.hear(10.2, 100.1);
    expect(head.at(100.2)).toBeCloseTo(10.4);
  });

  it("stands still when nothing is heard any more", () => {
    const head = new Playhead();
    head.hear(10, 100);
    expect(head.at(200)).toBeLessThan(12);
  });

  it("begins anew where it is put", () => {
    const head = new Playhead();
    head.hear(50, 100);
    head.hear(5, 100.1);
    expect(head.at(100.2)).toBeCloseTo(5.1);
  });
});

describe("long pauses", () => {
  const rested = take({ name: "rested", pauses: 3, paused: 750 });

  it("are told, of one take and of several", () => {
    expect(pauseWords([take({})])).toBe("");
    expect(pauseWords([rested])).toBe("3 pauses of more than 30 s, 13 min in all.");
    expect(pauseWords([rested, take({}), take({ pauses: 1, paused: 45 })])).toBe(
      "4 pauses of more than 30 s in 2 of 3 takes, 13 min in all.",
    );
  });

  it("are trimmed where they are in all that have some", () => {
    const trimmed = { ...rested, trim_pauses: 30 };
    expect([[], [take({})], [rested], [rested, trimmed]].map(areTrimmed)).toEqual([false, false, false, false]);
    expect([[trimmed], [trimmed, take({})]].map(areTrimmed)).toEqual([true, true]);
    expect(pauseWords([trimmed])).toBe("3 pauses of more than 30 s, 13 min in all: not learned.");
    expect(pauseWords([{ ...trimmed, trim_pauses: 12 }])).toBe("Pauses of more than 12 s are not learned.");
    expect(withPauses([trimmed, rested, take({})]).length).toBe(2);
  });

  it("do not count as playing once they are trimmed", () => {
    expect(learnedSeconds({ ...rested, seconds: 1000 })).toBe(1000);
    expect(learnedSeconds({ ...rested, seconds: 1000, trim_pauses: 30 })).toBe(250);
  });
});

import { describe, expect, it } from "vitest";
import {
  gainWords,
  idleWords,
  learningWords,
  leftWords,
  pairOf,
  readyWords,
  whichPlays,
  works,
  workWords,
} from "../src/perform/likeness";
import type { LearningState } from "../src/protocol";

describe("how much better it foresees", () => {
  it.each([
    [1.2, "much better than before"],
    [0.5, "much better than before"],
    [0.2, "phrases better than before"],
    [0.02, "about as well as before"],
    [-0.02, "about as well as before"],
    [-0.4, "does not foresee your last phrases as well"],
  ])("%f nats an event", (gain, words) => expect(gainWords(gain)).toContain(words));
});

describe("the new model", () => {
  const models = { before: "models/a.tflite", now: "models/b.tflite" };
  it("is compared with the one before", () => {
    expect(readyWords({ ...models, gain: 0.8 })).toBe(
      "The new model foresees your last phrases much better than before. Listen to both, and decide.",
    );
    expect(readyWords({ ...models, gain: -0.8 })).toContain("More playing helps.");
    expect(readyWords({ ...models, gain: null })).toBe("The new model is there. Listen to both, and decide.");
  });
  it("may be the first", () => expect(readyWords({ before: "", gain: null })).toContain("Keep it"));
});

describe("the button", () => {
  it("says how much playing it takes while there is less", () => {
    expect(idleWords(430)).toContain("It takes 1,000 events; this session has 430 so far.");
    for (const heard of [null, 1000]) expect(idleWords(heard)).not.toContain("1,000");
  });
});

describe("its making", () => {
  const own = {
    stopping: false,
    sentence: "Learning from 1,200 events",
    stage: "training",
    progress: 0.5,
    waiting: false,
  } as const;
  it("says what it does, how long, and that it stops", () => {
    expect(workWords(own)).toBe("Learning from 1,200 events …");
    expect(workWords({ ...own, progress: null })).toContain("The first step takes a while");
    expect(workWords({ ...own, stopping: true })).toBe("Stopping …");
    expect(workWords({ ...own, waiting: true })).toContain("It waits for the processor");
    expect(leftWords({ left: 31, seconds: 12 })).toBe("about 30 s left");
    expect(leftWords({ left: null, seconds: 72 })).toBe("for 1:12");
    expect(leftWords({ left: null, seconds: null })).toBe("");
  });
  it("goes on in three stages", () => {
    const stages = ["idle", "collecting", "training", "comparing", "ready"] as const;
    expect(stages.filter((stage) => works({ stage }))).toEqual(["collecting", "training", "comparing"]);
  });
});

const LEARNING: LearningState = {
  on: true,
  events: 0,
  steps: 0,
  updates: 0,
  gain: null,
  base: "a.tflite",
  learns: "",
  earlier: "",
  kept: "",
  can_keep: false,
  can_forget: false,
  pid: 1,
  words: "It listens.",
};

describe("learning while playing", () => {
  it("says what it has come to", () => {
    expect(learningWords(LEARNING)).toBe("It listens.");
    expect(learningWords({ ...LEARNING, on: false, words: "Learning is off." })).toBe("Learning is off.");
    const better = "and foresees your last phrases better than before.";
    expect(learningWords({ ...LEARNING, events: 1280, gain: 0.2 })).toBe(
      `It has learned from 1,280 events of yours, ${better}`,
    );
    expect(learningWords({ ...LEARNING, events: 1, gain: 0.2 })).toContain("from 1 event of yours");
    expect(learningWords({ ...LEARNING, base: "", gain: 0.2, words: "Better than chance." })).toBe(
      "Better than chance.",
    );
  });
  it("keeps the two models to hear together until another plays", () => {
    const files = ["a.tflite", "b.tflite", "c.tflite"];
    const saved = { model: "a.tflite + 90 events", learning: { ...LEARNING, kept: "b.tflite" } };
    const pair = { before: "a.tflite", now: "b.tflite" };
    expect(pairOf(saved, files, null)).toEqual(pair);
    expect(pairOf(saved, ["a.tflite"], null)).toBeNull();
    expect(pairOf({ model: "a.tflite", learning: LEARNING }, files, pair)).toEqual(pair);
    const other = { model: "c.tflite", learning: { ...LEARNING, base: "c.tflite" } };
    expect(pairOf(other, files, pair)).toBeNull();
    expect(pairOf({ model: "a.tflite" }, files, null)).toBeNull();
  });
  it("knows which of them plays", () => {
    const pair = { before: "a.tflite", now: "b.tflite" };
    expect(whichPlays({ model: "b.tflite" }, pair)).toBe("now");
    const learned = "a.tflite + 90 events";
    expect(whichPlays({ model: learned, learning: LEARNING }, pair)).toBe("before");
    expect(whichPlays({ model: learned, learning: { ...LEARNING, kept: "b.tflite" } }, pair)).toBe("now");
    expect(whichPlays({ model: "c.tflite" }, pair)).toBeNull();
    expect(whichPlays({ model: "" }, { before: "", now: "b.tflite" })).toBeNull();
  });
});

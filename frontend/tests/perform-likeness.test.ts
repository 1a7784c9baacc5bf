import { describe, expect, it } from "vitest";
import { gainWords, learningWords, leftWords, readyWords, works, workWords } from "../src/perform/likeness";

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

describe("its making", () => {
  const own = { stopping: false, sentence: "Learning from 1,200 events", stage: "training", progress: 0.5 } as const;
  it("says what it does, how long, and that it stops", () => {
    expect(workWords(own)).toBe("Learning from 1,200 events …");
    expect(workWords({ ...own, progress: null })).toContain("The first step takes a while");
    expect(workWords({ ...own, stopping: true })).toBe("Stopping …");
    expect(leftWords({ left: 31 })).toBe("about 30 s left");
    expect(leftWords({ left: null })).toBe("");
  });
  it("goes on in three stages", () => {
    const stages = ["idle", "collecting", "training", "comparing", "ready"] as const;
    expect(stages.filter((stage) => works({ stage }))).toEqual(["collecting", "training", "comparing"]);
  });
});

describe("learning while playing", () => {
  const on = { on: true, events: 0, updates: 0, gain: null };
  it("says what it has come to", () => {
    expect(learningWords({ ...on, on: false })).toBe("Off: its model stays as it is.");
    expect(learningWords(on)).toBe("It learns from what you play from now on.");
    expect(learningWords({ ...on, events: 1 })).toContain("from 1 event of yours, and does not foresee you better yet");
    expect(learningWords({ ...on, events: 1280, updates: 2, gain: 0.2 })).toBe(
      "It has learned from 1,280 events of yours, and foresees your last phrases better than before.",
    );
    expect(learningWords({ ...on, events: 1280, updates: 2 })).toBe("It has learned from 1,280 events of yours.");
    expect(learningWords({ on: false, events: 1280, updates: 2, gain: 0.2 })).toContain("1,280 events");
  });
});

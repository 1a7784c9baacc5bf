import { describe, expect, it } from "vitest";
import type { Model } from "../src/protocol";
import { facts, inOrder, misfit } from "../src/models/model";

const model = (changes: Partial<Model>): Model => ({
  name: "a.tflite",
  dimension: 9,
  size: "xs",
  layers: 2,
  units: 32,
  mixtures: 5,
  parameters: 24822,
  architecture: "residual",
  format: "tflite",
  runs: "",
  bytes: 100_000,
  made: "",
  changed: "2026-01-01T00:00:00",
  in_use: false,
  report: false,
  verdict: [],
  evaluating: false,
  files: ["a.tflite"],
  facts: {},
  looking: false,
  problem: "",
  ...changes,
});

describe("facts of a model", () => {
  it("tells what its maker says", () => {
    const told = facts(
      model({
        facts: {
          made_by: "IMPSY 2",
          trained_on: { dataset: "d.npz", events: 94603, minutes: 370.5 },
          figures: { held_out_nll: -18.3969, seconds: 77, steps: 2400, ended: "the schedule is complete" },
        },
      }),
    );
    expect(Object.fromEntries(told)).toMatchObject({
      Network: "2 layers of 32 units, 5 mixture components",
      Parameters: "24,822",
      "Trained on": "d.npz (94,603 events, 6 h 11 min)",
      "Held-out loss": "−18.4 nats an event (lower is better)",
      "Trained for": "77 s, 2,400 steps",
      "Made by": "IMPSY 2",
    });
  });

  it("believes nothing of a stranger's facts that is not what it should be", () => {
    const odd = { trained_on: [1, 2], figures: { held_out_nll: "low", seconds: null }, made_by: { html: "<b>" } };
    const names = facts(model({ facts: odd })).map(([name]) => name);
    expect(names).toEqual(["Network", "Parameters", "Architecture"]);
    expect(facts(model({ layers: null, units: null, parameters: null, architecture: null }))).toEqual([]);
  });
});

describe("whether a model fits", () => {
  it("says why not", () => {
    expect(misfit(model({}), 9)).toBe("");
    expect(misfit(model({}), null)).toBe("");
    expect(misfit(model({ dimension: 2 }), 9)).toContain("It plays 1 control (dimension 2)");
    expect(misfit(model({ dimension: 2, problem: "damaged" }), 9)).toBe("");
  });

  it("puts what plays first, then what fits, then the newest", () => {
    const models = [
      model({ name: "other", dimension: 4, changed: "2026-09-01" }),
      model({ name: "old", changed: "2025-01-01" }),
      model({ name: "new", changed: "2026-08-01" }),
      model({ name: "used", in_use: true, changed: "2020-01-01" }),
    ];
    expect(inOrder(models, 9).map(({ name }) => name)).toEqual(["used", "new", "old", "other"]);
  });
});

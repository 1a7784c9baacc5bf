import { describe, expect, it } from "vitest";
import { controlWords, limitsOf, tablesOf, withKey, withLimit } from "../src/setup/hands";

describe("the tables of controls", () => {
  it("are one for each control, and what is no table is an empty one", () => {
    expect(tablesOf({ controls: [{ name: "cutoff" }, 3] })).toEqual([{ name: "cutoff" }, {}]);
    expect(tablesOf({ controls: "none" })).toEqual([]);
    expect(tablesOf(null)).toEqual([]);
  });

  it("grow up to the control that is given a value, and leave the others", () => {
    const before = [{ name: "cutoff" }];
    expect(withKey(before, 2, "repeat", 1)).toEqual([{ name: "cutoff" }, {}, { repeat: 1 }]);
    expect(before).toEqual([{ name: "cutoff" }]);
  });

  it("lose those at the end that say nothing any more, and no others", () => {
    expect(withKey([{}, {}, { name: "a" }], 2, "name", undefined)).toEqual([]);
    expect(withKey([{}, { gate: 1 }, { name: "a" }], 2, "name", undefined)).toEqual([{}, { gate: 1 }]);
    expect(withKey([{ name: "a" }, {}], 0, "name", "b")).toEqual([{ name: "b" }, {}]);
  });

  it("say what a control is called", () => {
    const values = { controls: [{ name: " cutoff " }, { name: 5 }] };
    expect([0, 1, 2].map((index) => controlWords(values, index))).toEqual([
      "Control 1 (cutoff)",
      "Control 2",
      "Control 3",
    ]);
  });

  it("have both limits or none", () => {
    expect(withLimit([null, null], 0, 36, 127)).toEqual([36, 127]);
    expect(withLimit([36, 127], 1, 84, 127)).toEqual([36, 84]);
    expect(withLimit([36, 84], 0, null, 127)).toEqual([0, 84]);
    expect(withLimit([0.2, 1], 0, null, 1)).toBeUndefined();
    expect(limitsOf({ limits: [0.1, "x"] })).toEqual([0.1, null]);
    expect(limitsOf({})).toEqual([null, null]);
  });
});

import { describe, expect, it } from "vitest";
import { eventsOfPreset } from "../src/instrument/commands";
import { faultOf, isSetting } from "../src/instrument/engine/settings";
import { type Numbers, presetOf, valuesOf } from "../src/perform/presets";
import { PRESETS } from "../src/protocol";

const playing = (values: Readonly<Record<string, number>>, source = "internal") =>
  ({ ...values, clock_source: source }) as unknown as Numbers;

describe("the preset that fits", () => {
  it.each(PRESETS)("is $name, with its numbers, also as 32 bits", ({ name, values }) => {
    expect(presetOf(playing(values))).toBe(name);
    const rounded = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Math.fround(value)]));
    expect(presetOf(playing(rounded))).toBe(name);
  });

  it.each(PRESETS)("is not $name where one number is another", ({ name, values }) => {
    for (const [key, value] of Object.entries(values))
      expect(presetOf(playing({ ...values, [key]: value + 0.001 }))).not.toBe(name);
  });

  it.each(PRESETS)("is $name whatever quantise is, without shared time", ({ name, values }) => {
    expect(presetOf(playing({ ...values, quantise: 0.123 }, "off"))).toBe(name);
    expect(presetOf(playing({ ...values, quantise: 0.123 }, "midi"))).toBeNull();
  });

  it("is none for other numbers", () => {
    expect(presetOf(playing({ ...PRESETS[0].values, timescale: 7 }))).toBeNull();
  });
});

describe("a preset by its name", () => {
  it("sets what the engine takes", () => {
    for (const { name, values } of PRESETS) {
      const events = eventsOfPreset(name);
      expect(events).toHaveLength(Object.keys(values).length);
      for (const event of events) {
        if (event.kind !== "set" || !isSetting(event.name)) throw new Error(`${name} sets no setting`);
        expect(faultOf(event.name, event.value)).toBe("");
      }
    }
  });

  it("is found as somebody writes it", () => {
    expect(valuesOf(" Calm ")).toBe(PRESETS[0].values);
    expect(valuesOf("")).toBeNull();
    expect(() => eventsOfPreset("kalm")).toThrow("there are calm, close, free, wild");
  });
});

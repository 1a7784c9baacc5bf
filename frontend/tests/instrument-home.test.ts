/** The parts of the page that plays by itself which need no page. */

import { beforeEach, describe, expect, it, vi } from "vitest";
import { eventOf } from "../src/instrument/commands";
import { encodeForecast } from "../src/instrument/forecast";
import { Lateness } from "../src/instrument/lateness";
import { changesOf, sceneOf, Scenes } from "../src/instrument/scenes";
import { SETTINGS } from "../src/protocol";

const kept = new Map<string, string>();

beforeEach(() => {
  kept.clear();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
});

describe("commands", () => {
  it("knows each live setting that needs no process", () => {
    for (const row of SETTINGS.filter(({ name }) => name !== "while_playing")) {
      const value = row.kind === "number" ? 20 : row.kind === "flag" ? true : row.choices[0]!;
      const most = row.within?.[1] ?? Infinity;
      const event = eventOf({ name: row.command, value });
      expect(event).toEqual({ kind: "set", name: row.name, value: row.kind === "number" ? Math.min(20, most) : value });
    }
  });

  it("is pressed without a value", () => {
    expect(eventOf({ name: "panic", value: null })).toEqual({ kind: "panicButton" });
    expect(eventOf({ name: "tap", value: null })).toEqual({ kind: "tap" });
  });

  it("says in a sentence what is wrong with a value", () => {
    expect(() => eventOf({ name: "tempo", value: "fast" })).toThrow("it must be a number from 20 to 400");
    expect(() => eventOf({ name: "mode", value: "solo" })).toThrow("there is no mode");
  });

  it("leaves to others what is not the engine's", () => {
    for (const name of ["learn", "keep", "forget"] as const) expect(eventOf({ name, value: true })).toBeNull();
  });
});

describe("scenes", () => {
  const verse = sceneOf("verse", { mode: "duet", sigmatemp: 0.5, strange: 1, model: "models/a.tflite" });

  it("sets what it names, the mode last", () => {
    expect(changesOf(verse)).toEqual([
      { name: "sigma_temperature", value: 0.5 },
      { name: "mode", value: "duet" },
    ]);
  });

  it("keeps what was saved and what was deleted, beside those of the configuration", () => {
    const first = new Scenes("Kitchen", [verse]);
    first.set("chorus", sceneOf("chorus", { mode: "battle" }));
    first.set("verse", null);
    const again = new Scenes("Kitchen", [verse]);
    expect(again.list.map(({ name, mode }) => [name, mode])).toEqual([["chorus", "battle"]]);
    expect(new Scenes("Hall", [verse]).list).toEqual([verse]);
  });

  it.each(["", "7", '{"a": 1}', '[["a"]]', '[["a", 3], 4, null, [5, {}]]', '[["a", {"mode": {}}]]'])(
    "reads whatever the browser has: %s",
    (text) => {
      kept.set("impsy.scenes Kitchen", text);
      const { list } = new Scenes("Kitchen", [verse]);
      expect(list).toContainEqual(verse);
      expect(list.every(({ name, mode }) => typeof name === "string" && (mode === null || mode === "duet"))).toBe(true);
    },
  );
});

describe("forecast", () => {
  const settings = { dimension: 2, pi_temperature: 1, sigma_temperature: 0.25 };
  const planned = { due: 2, what: "event", revision: 1 } as const;

  it("has the largest components, temperatures applied", () => {
    const mu = [1, 5, 2, 6];
    const sigma = [0.1, 0.2, 0.3, 0.4];
    const logits = [0, Math.log(3)];
    const next = encodeForecast(planned, new Float32Array([...mu, ...sigma, ...logits]), settings, 0.5);
    expect(next).toEqual({
      in: 1.5,
      what: "event",
      weights: [0.25, 0.75],
      means: [[0.5], [0.6]],
      spreads: [[0.01], [0.02]],
      dt: [0.1, 0.2],
    });
  });

  it("is empty where a network gives what is no number", () => {
    const next = encodeForecast(planned, new Float32Array([NaN, 5, 0.1, 0.2, 0]), settings, 3);
    expect(next).toEqual({ in: 0, what: "event", weights: [], means: [], spreads: [], dt: [] });
  });
});

describe("lateness", () => {
  it("is that of the recent events, and the most of all", () => {
    const late = new Lateness();
    expect(late.summary()).toEqual({ p50: 0, p99: 0, max: 0, count: 0 });
    late.add(0.5);
    for (let count = 0; count < 1000; count += 1) late.add(0.002);
    expect(late.summary()).toEqual({ p50: 2, p99: 2, max: 500, count: 1001 });
  });
});

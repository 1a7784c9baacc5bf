import { describe, expect, it } from "vitest";
import { Engine } from "../src/instrument/engine/engine";
import type { Command } from "../src/instrument/engine/events";
import { faultOf, type Settings, SettingsError, settingsOf, withinUseful } from "../src/instrument/engine/settings";
import { handOf } from "../src/instrument/mapping/hands";
import { modulo, roundHalfEven } from "../src/instrument/numbers";
import { SeededRandom } from "../src/instrument/random";
import { ScriptedPredictor } from "./traces/given-numbers";

const MODEL = [
  [0.25, 0.7, 0.8],
  [0.5, 0.9, 1.0],
];
const EXACTLY = { sigma_temperature: 0 };

function engineOf(settings: Partial<Settings> = {}) {
  const live = settingsOf({ dimension: 3, ...EXACTLY, ...settings });
  return new Engine(live, new ScriptedPredictor(MODEL), new SeededRandom(1), 0, { start: [0.5, 0.5] });
}

/** What is done until a time, the engine being woken at each of its deadlines. */
function until(engine: Engine, time: number): Command[] {
  const commands: Command[] = [];
  for (let now = engine.deadline; now !== null && now < time; now = engine.deadline)
    commands.push(...engine.advance(now));
  return commands;
}

const plays = (commands: readonly Command[]) =>
  commands.flatMap((each) => (each.kind === "play" ? [[each.due, ...each.values]] : []));

describe("the engine", () => {
  it("answers after the threshold, in the model's own time", () => {
    const engine = engineOf({ threshold: 0.1 });
    engine.receive({ kind: "interaction", values: [0.1, 0.2], port: "page" }, 1);
    expect(engine.turn).toBe("performer");
    const played = plays(until(engine, 2));
    expect(played.map(([due]) => due)).toEqual([expect.closeTo(1.35), expect.closeTo(1.85)]);
    expect(played.map(([, ...values]) => values)).toEqual([
      [0.7, 0.8],
      [0.9, 1.0],
    ]);
    expect(engine.turn).toBe("model");
  });

  it("says that a model does not fit, and plays on", () => {
    const wide = new ScriptedPredictor([[0.1, 0.5, 0.5, 0.5]]);
    const live = settingsOf({ dimension: 3 });
    expect(() => new Engine(live, wide, new SeededRandom(1), 0, { model: "wide" })).toThrow(SettingsError);
    const engine = engineOf({ mode: "battle" });
    const [told] = engine.receive({ kind: "setPredictor", predictor: wide, name: "wide" }, 0.1);
    expect(told).toMatchObject({ kind: "report", topic: "model-dimension", level: "error" });
    expect(plays(until(engine, 1))).not.toEqual([]);
  });

  it("shares nothing with a copy that runs ahead", () => {
    const engine = engineOf({ mode: "battle" });
    until(engine, 1);
    const before = JSON.stringify(engine.snapshot(1));
    const copy = engine.fork();
    copy.wake();
    const ahead = plays(until(copy, 5));
    expect(JSON.stringify(engine.snapshot(1))).toBe(before);
    expect(plays(until(engine, 5))).toEqual(ahead);
  });

  it("plays as the hands of its controls say", () => {
    const engine = engineOf({ mode: "battle", hands: [handOf({ low: 0, high: 0.5 }), handOf({ enabled: false })] });
    for (const [, first, second] of plays(until(engine, 3))) {
      expect(first).toBeLessThanOrEqual(0.5);
      expect(second).toBe(0.5);
    }
  });
});

describe("settings", () => {
  it("have the program's defaults", () => {
    expect(settingsOf({ dimension: 3 })).toMatchObject({ mode: "callresponse", threshold: 0.1, tempo: 120, hands: [] });
  });

  it("are refused with what is wanted", () => {
    expect(() => settingsOf({ dimension: 1 })).toThrow("it is at least 2");
    expect(() => settingsOf({ dimension: 3, clock_source: "link" })).toThrow("choose one of off, internal, midi");
    for (const value of [Number.NaN, -1, "1", null, true, {}, [1]]) {
      expect(faultOf("threshold", value)).toContain("it must be a number of seconds, 0 or more");
    }
    expect(faultOf("tempo", 500)).toBe("tempo cannot be 500; it must be a number from 20 to 400");
  });

  it("are brought within what is useful", () => {
    expect([withinUseful("tempo", 999), withinUseful("timescale", 1e-6), withinUseful("hold", 1)]).toEqual([
      400, 0.01, 1,
    ]);
  });
});

describe("numbers", () => {
  it("are rounded and divided as Python does", () => {
    expect([0.5, 1.5, 2.5, -1.5, 2.4, -2.6].map(roundHalfEven)).toEqual([0, 2, 2, -2, 2, -3]);
    expect([modulo(-0.25, 1), modulo(5.5, 2), modulo(-4, 3)]).toEqual([0.75, 1.5, 2]);
  });

  it("of chance are those of their seed, and even and normal", () => {
    const draw = (seed: number, count: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: count }, () => [random.uniform(), random.normal()] as const);
    };
    expect(draw(7, 20)).toEqual(draw(7, 20));
    expect(draw(7, 20)).not.toEqual(draw(8, 20));
    const drawn = draw(7, 20_000);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const uniform = drawn.map(([value]) => value);
    const normal = drawn.map(([, value]) => value);
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
    // Five standard errors, and the seed is fixed.
    expect(Math.abs(mean(uniform) - 1 / 2)).toBeLessThan(0.0103);
    expect(Math.abs(mean(uniform.map((value) => value ** 2)) - 1 / 3)).toBeLessThan(0.0106);
    expect(Math.abs(mean(normal))).toBeLessThan(0.036);
    expect(Math.abs(mean(normal.map((value) => value ** 2)) - 1)).toBeLessThan(0.05);
    expect(Math.abs(mean(normal.map((value) => value ** 4)) - 3)).toBeLessThan(0.35);
  });

  it("of chance go on the same in a copy", () => {
    const random = new SeededRandom(3);
    random.normal();
    const copy = random.fork();
    expect([copy.normal(), copy.uniform()]).toEqual([random.normal(), random.uniform()]);
  });
});

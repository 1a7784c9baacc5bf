import { describe, expect, it } from "vitest";
import { Beat, evenly } from "../src/sound/beat";
import { Gate } from "../src/sound/gate";
import { CEILING, softClip } from "../src/sound/mix";
import { room, string } from "../src/sound/noise";
import { merged } from "../src/sound/ensemble";
import type { Section } from "../src/sound/mix";
import type { Patch } from "../src/sound/patch";
import { forceOf, playedNote, Player, velocityOf } from "../src/sound/player";
import { groupsOf, partsOf } from "../src/sound/roles";
import { scaleOf } from "../src/sound/scales";
import { DEFAULTS, parseSettings } from "../src/sound/settings";
import { meterOf } from "../src/sound/scope";
import { takenOf } from "../src/sound/taken";
import { Voices } from "../src/sound/voices";

const roles = (kinds: string[]) => partsOf(kinds).map((part) => part.role);

describe("roles", () => {
  it("gives every control of 1 to 64 a role, and always a pitch", () => {
    for (let count = 1; count <= 64; count += 1) {
      const parts = partsOf(Array<string>(count).fill("cc"));
      expect(parts.map((part) => part.index)).toEqual(Array.from({ length: count }, (_, at) => at));
      expect(parts.some((part) => part.role === "pitch")).toBe(true);
      for (const part of parts) {
        expect(part.side).toBeGreaterThanOrEqual(-1);
        expect(part.side).toBeLessThanOrEqual(1);
        expect(part.height).toBeGreaterThanOrEqual(0);
        expect(part.height).toBeLessThanOrEqual(1);
      }
      expect(groupsOf(parts)).toBe(Math.ceil(count / 8));
    }
  });

  it("begins with pitch and adds what shapes it", () => {
    expect(roles(["cc"])).toEqual(["pitch"]);
    expect(roles(["cc", "cc", "cc"])).toEqual(["pitch", "timbre", "space"]);
    expect(roles(Array<string>(8).fill("cc")).filter((role) => role === "pitch")).toHaveLength(5);
  });

  it("plays notes as notes, and shapes them by the others", () => {
    expect(roles(["note", "velocity", "cc", "cc", "bend", "cc"])).toEqual([
      "note",
      "velocity",
      "timbre",
      "space",
      "motion",
      "pitch",
    ]);
  });
});

describe("what the performer takes over", () => {
  it("is what differs", () => {
    expect(takenOf([], [0.5, 0.2])).toEqual([0.5, 0.2]);
    expect(takenOf([0.5, 0.2], [0.5, 0.3])).toEqual([NaN, 0.3]);
    expect(merged([0.1, 0.2], [NaN, 0.3])).toEqual([0.1, 0.3]);
    expect(merged([], [0.4])).toEqual([0.4]);
  });

  it("is not played by the model's voice, and what it moves is", () => {
    const heard: [number, number][] = [];
    const patch = { move: (part: { index: number }, value: number) => heard.push([part.index, value]) };
    const parts = partsOf(["cc"]);
    const player = new Player(
      {} as Section,
      patch as unknown as Patch,
      parts,
      { scale: scaleOf("major"), root: 0 },
      [0],
      0,
    );
    player.place([0.6], 1);
    player.play([0.6], 2);
    expect(heard).toEqual([]);
    player.play([0.7], 3);
    expect(heard).toEqual([[0, 0.7]]);
  });
});

describe("a gate", () => {
  it("lets single notes through, and keeps one control from two at once", () => {
    const gate = new Gate(0.1, 10, 5);
    expect(gate.pass(0, 1)).toBe(true);
    expect(gate.pass(0, 1.05)).toBe(false);
    expect(gate.pass(0, 1.11)).toBe(true);
  });

  it("never lets more through than its purse and its rate", () => {
    const gate = new Gate(0.05, 10, 5);
    let passed = 0;
    for (let at = 0; at < 2000; at += 1) if (gate.pass(at % 40, at / 200)) passed += 1;
    expect(passed).toBeGreaterThan(90);
    expect(passed).toBeLessThanOrEqual(105);
  });
});

describe("the limiter's curve", () => {
  it("is straight where it is quiet, rises always, and never passes the ceiling", () => {
    let before = -2;
    for (let x = -1; x <= 1; x += 1 / 512) {
      const y = softClip(x);
      expect(Math.abs(y)).toBeLessThanOrEqual(CEILING);
      expect(y).toBeGreaterThanOrEqual(before);
      if (Math.abs(x) < 0.35) expect(y).toBeCloseTo(2 * x, 10);
      before = y;
    }
    expect(CEILING).toBeLessThan(1);
  });
});

describe("sounds that are made of samples", () => {
  it("makes a room that fades, with the energy of 1, other in each ear", () => {
    const [left, right] = [room(8000, 1, 1), room(8000, 1, 2)];
    const energy = (samples: Float32Array) => samples.reduce((sum, sample) => sum + sample * sample, 0);
    expect(energy(left)).toBeCloseTo(1, 3);
    expect(energy(left.subarray(6000))).toBeLessThan(0.01);
    expect(left).not.toEqual(right);
    expect(room(8000, 1, 1)).toEqual(left);
  });

  it("makes strings of the right pitch that ring and end", () => {
    const { samples, rate } = string(44100, 220, 1.5);
    expect(samples.every((sample) => Math.abs(sample) <= 1)).toBe(true);
    expect(Math.abs(samples.at(-1)!)).toBeLessThan(1e-3);
    expect(rate).toBeGreaterThan(0.98);
    expect(rate).toBeLessThan(1.02);
    // The best delay to meet itself again is its period.
    const part = (at: number) => samples.subarray(4000 + at, 8000 + at);
    let best = 0;
    let most = -Infinity;
    for (let lag = 100; lag < 300; lag += 1) {
      const shifted = part(lag);
      const sum = part(0).reduce((total, sample, at) => total + sample * shifted[at]!, 0);
      if (sum > most) [best, most] = [lag, sum];
    }
    expect((44100 / best) * rate).toBeGreaterThan(220 * 0.99);
    expect((44100 / best) * rate).toBeLessThan(220 * 1.01);
  });
});

describe("a beat", () => {
  it("counts sixteenths, and goes on from the same step at another tempo", () => {
    const beat = new Beat(120);
    beat.begin(1);
    expect(beat.step).toBeCloseTo(0.125);
    expect(beat.stepAt(1.13)).toBe(2);
    expect(beat.time(2)).toBeCloseTo(1.25);
    beat.setTempo(60, 1.3);
    expect(beat.time(3)).toBeCloseTo(1.375);
    expect(beat.time(4)).toBeCloseTo(1.625);
    expect(beat.stepAt(1.4)).toBe(4);
  });

  it("spreads hits evenly", () => {
    for (let hits = 0; hits <= 16; hits += 1) {
      expect(Array.from({ length: 16 }, (_, step) => evenly(step, hits)).filter(Boolean)).toHaveLength(hits);
    }
    expect(evenly(16, 4)).toBe(evenly(0, 4));
  });
});

describe("voices", () => {
  it("lets the oldest make room", () => {
    const voices = new Voices(2);
    const stopped: string[] = [];
    const voice = (name: string, end: number) => ({ end, stop: () => void stopped.push(name) });
    voices.add(voice("a", 5), 0);
    voices.add(voice("b", 6), 1);
    voices.add(voice("c", 7), 2);
    expect(stopped).toEqual(["a"]);
    voices.add(voice("d", 9), 6.5);
    expect(stopped).toEqual(["a"]);
    expect(voices.end).toBe(9);
    voices.stop(7);
    expect(stopped).toEqual(["a", "c", "d"]);
    expect(voices.end).toBe(0);
  });
});

describe("a player", () => {
  it("hears fast movements as hard ones", () => {
    expect(forceOf(0.01, 0.1)).toBeLessThan(0.4);
    expect(forceOf(0.5, 30)).toBe(1);
    expect(forceOf(-0.2, 0.01)).toBe(1);
  });

  it("plays notes of the scale in an octave that can be heard", () => {
    const scale = scaleOf("major");
    for (let value = 0; value <= 1; value += 0.01) {
      const note = playedNote(value, scale, 0);
      expect(note).toBeGreaterThanOrEqual(28);
      expect(note).toBeLessThanOrEqual(100);
      expect(scale.steps).toContain(note % 12);
    }
    expect(playedNote(60 / 127, scale, 0)).toBe(60);
  });

  it("pairs a note with the next velocity", () => {
    const parts = partsOf(["velocity", "note", "velocity", "note"]);
    expect(velocityOf(parts, 1)).toBe(2);
    expect(velocityOf(parts, 3)).toBe(2);
    expect(velocityOf(partsOf(["note", "cc"]), 0)).toBeNull();
  });
});

describe("settings that were kept", () => {
  it("are as at the beginning where nothing or nonsense was kept", () => {
    for (const text of [
      null,
      "",
      "{",
      "null",
      "7",
      "[]",
      '{"patch":"drum","volume":"loud","root":null,"performer":3}',
    ]) {
      expect(parseSettings(text)).toEqual(DEFAULTS);
    }
  });

  it("are believed within their ranges", () => {
    const told = parseSettings(
      '{"patch":"pulse","volume":9,"root":-4,"tempo":1e9,"scale":"dorian","model":{"on":false}}',
    );
    expect(told).toMatchObject({ patch: "pulse", volume: 1, root: 0, tempo: 180, scale: "dorian" });
    expect(told.model).toEqual({ on: false, volume: DEFAULTS.model.volume });
    expect(parseSettings(JSON.stringify(told))).toEqual(told);
  });
});

describe("the meter", () => {
  it("goes from 54 dB below full to full", () => {
    expect(meterOf(0)).toBe(0);
    expect(meterOf(1e-4)).toBe(0);
    expect(meterOf(1)).toBe(1);
    expect(meterOf(10 ** (-27 / 20))).toBeCloseTo(0.5);
  });
});

import { describe, expect, it } from "vitest";
import { beatAt, brightness, type Clock, clockWords } from "../src/perform/beat";
import { DEFAULTS, TEMPO, withTempo } from "../src/sound/settings";

const clock = (change: Partial<Clock> = {}): Clock => ({
  source: "internal",
  tempo: 120,
  beat: 4,
  locked: true,
  ...change,
});

describe("the beat light", () => {
  it("knows the beat between two states", () => {
    expect(beatAt(clock(), 0)).toBe(4);
    expect(beatAt(clock(), 250)).toBeCloseTo(4.5);
    expect(beatAt(clock({ beat: 0 }), 250)).toBeNull();
  });

  it("flashes on each beat, the first of four more", () => {
    expect(brightness(4)).toBe(1);
    expect(brightness(5)).toBeLessThan(1);
    expect(brightness(5)).toBeGreaterThan(brightness(5.1));
    expect(brightness(4.9)).toBe(0.15);
    expect(brightness(-4)).toBe(1);
    expect(brightness(null)).toBe(0.15);
  });

  it("says whose beat it is", () => {
    expect(clockWords(clock())).toBe("its own tempo");
    expect(clockWords(clock({ source: "midi", locked: false }))).toBe("no MIDI clock comes");
    expect(clockWords(clock({ source: "unknown" }))).toBe("");
  });
});

describe("the sound's tempo", () => {
  it("is the shared one where there is one", () => {
    expect(withTempo(DEFAULTS, null)).toBe(DEFAULTS);
    expect(withTempo(DEFAULTS, 96.5).tempo).toBe(96.5);
  });

  it("is doubled or halved until the echo fits", () => {
    for (const shared of [20, 30, 120, 350, 400, 1e9]) {
      const { tempo } = withTempo(DEFAULTS, shared);
      expect(tempo).toBeGreaterThanOrEqual(TEMPO.least);
      expect(tempo).toBeLessThanOrEqual(2 * TEMPO.most);
    }
    expect(withTempo(DEFAULTS, 0)).toBe(DEFAULTS);
  });
});

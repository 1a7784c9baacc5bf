import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { bandOf } from "../src/perform/cloud";
import { actionOf, banksOf, DOWN_ROW, faderOf, isTyping, keyName, UP_ROW } from "../src/perform/keys";
import { columnsOf, sizeOf } from "../src/perform/layout";
import { Rates, rateText } from "../src/perform/rates";
import { alike, logarithmic, power, shown, throttled } from "../src/perform/values";
import {
  bannerOf,
  healthOf,
  millisecondsText,
  limitWords,
  nextWords,
  ringOf,
  rangesText,
  secondsText,
  voiceWords,
} from "../src/perform/words";
import type { VoiceState } from "../src/protocol";

describe("rulers", () => {
  it("go there and back", () => {
    for (const ruler of [logarithmic(0.1, 10), power(2, 4), power(10, 3)]) {
      for (let place = 0; place <= 1; place += 0.05) expect(ruler.place(ruler.value(place))).toBeCloseTo(place, 2);
      expect(ruler.value(0)).toBeCloseTo(ruler.least);
      expect(ruler.value(1)).toBeCloseTo(ruler.most);
      expect(ruler.place(1e9)).toBe(1);
      expect(ruler.place(-1)).toBe(0);
      expect(ruler.place(0)).toBe(0);
    }
  });

  it("have normal speed in the middle of a logarithmic one", () => {
    expect(logarithmic(0.1, 10).value(0.5)).toBe(1);
    expect(logarithmic(0.1, 10).place(1)).toBeCloseTo(0.5);
  });

  it("show numbers as people write them", () => {
    expect([0, 0.01, 1, 0.123456, 1234.5, 1e-9, NaN].map(shown)).toEqual([
      "0",
      "0.01",
      "1",
      "0.123",
      "1230",
      "1e-9",
      "?",
    ]);
    expect(alike(0.1, 0.1 + 1e-9)).toBe(true);
    expect(alike(0.1, 0.101)).toBe(false);
  });
});

describe("throttled", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  it("is at once at first, seldom then, and never forgets the last", () => {
    const told: number[] = [];
    const tell = throttled((value: number) => told.push(value), 50);
    tell(1);
    tell(2);
    tell(3);
    expect(told).toEqual([1]);
    vi.advanceTimersByTime(50);
    expect(told).toEqual([1, 3]);
    vi.advanceTimersByTime(500);
    expect(told).toEqual([1, 3]);
    tell(4);
    expect(told).toEqual([1, 3, 4]);
  });
});

describe("rates", () => {
  it("are over the last seconds", () => {
    const rates = new Rates(3);
    expect(rates.read(10, [100, 0])).toEqual([0, 0]);
    expect(rates.read(11, [120, 5])).toEqual([20, 5]);
    for (let at = 12; at < 20; at += 1) rates.read(at, [120, 5]);
    expect(rates.read(20, [120, 8])).toEqual([0, 1]);
  });

  it("begin anew with another session, and never divide by nothing", () => {
    const rates = new Rates();
    rates.read(100, [1000]);
    expect(rates.read(1, [3])).toEqual([0]);
    expect(rates.read(1, [4])).toEqual([0]);
    expect(rates.read(2, [14])).toEqual([10]);
  });

  it("are written short", () => {
    expect([0, 0.44, 9.94, 9.96, 123.4].map(rateText)).toEqual(["0", "0.4", "9.9", "10", "123"]);
  });
});

describe("keys", () => {
  const key = (code: string, text = "", more = {}) => actionOf({ code, key: text, ...more });

  it("play ten faders by two rows, wherever letters stand", () => {
    expect(key("KeyA", "q")).toEqual({ do: "glide", column: 0, up: true });
    expect(key("Slash", "-")).toEqual({ do: "glide", column: 9, up: false });
    expect(UP_ROW).toHaveLength(10);
    expect(DOWN_ROW).toHaveLength(10);
  });

  it("choose faders, and scenes with Shift", () => {
    expect(key("Digit1", "1")).toEqual({ do: "focus", column: 0 });
    expect(key("Digit0", "0")).toEqual({ do: "focus", column: 9 });
    expect(key("Digit3", "#", { shiftKey: true })).toEqual({ do: "scene", place: 2 });
    expect(key("Digit0", ")", { shiftKey: true })).toBeNull();
  });

  it("say what letters say, whatever the layout", () => {
    expect(key("KeyR", "p")).toEqual({ do: "pause" });
    expect(key("KeyR", "R", { shiftKey: true })).toEqual({ do: "reset" });
    expect(key("KeyR", "r")).toBeNull(); // it is above the keys that play, and a reset cannot be undone
    expect(key("Escape", "Escape")).toEqual({ do: "panic" });
    expect(key("KeyO", "o")).toEqual({ do: "another" });
    expect(key("Slash", "?", { shiftKey: true })).toEqual({ do: "help" });
    expect(key("KeyP", "P", { shiftKey: true })).toEqual({ do: "pause" });
  });

  it("mark a moment with Shift, as M alone plays a fader", () => {
    expect(key("KeyM", "M", { shiftKey: true })).toEqual({ do: "mark" });
    expect(key("KeyM", "m")).toEqual({ do: "glide", column: 6, up: false });
  });

  it("leave the browser its own", () => {
    expect(key("KeyR", "r", { ctrlKey: true })).toBeNull();
    expect(key("KeyA", "a", { metaKey: true })).toBeNull();
    expect(key("KeyA", "A", { shiftKey: true })).toBeNull();
    expect(key("Tab", "Tab")).toBeNull();
    expect(key("KeyQ", "q")).toBeNull();
  });

  it("play the ten that are chosen, and none that is not there", () => {
    expect(faderOf(3, 0, 8)).toBe(3);
    expect(faderOf(8, 0, 8)).toBeNull();
    expect(faderOf(3, 6, 64)).toBe(63);
    expect(faderOf(4, 6, 64)).toBeNull();
    expect([1, 10, 11, 64].map(banksOf)).toEqual([1, 1, 2, 7]);
  });

  it("are called what stands on them", () => {
    expect(keyName("KeyA")).toBe("A");
    expect(keyName("Semicolon")).toBe(";");
    expect(keyName("KeyA", new Map([["KeyA", "q"]]))).toBe("Q");
  });

  it("go into fields where there is one", () => {
    expect(isTyping("INPUT", "number")).toBe(true);
    expect(isTyping("INPUT", "")).toBe(true);
    expect(isTyping("SELECT")).toBe(true);
    expect(isTyping("DIV", "", true)).toBe(true);
    expect(isTyping("INPUT", "range")).toBe(false);
    expect(isTyping("BUTTON", "button")).toBe(false);
  });
});

describe("the banner", () => {
  it("says who plays in each mode", () => {
    const say = (
      mode: "callresponse" | "polyphony" | "battle" | "useronly" | "duet",
      turn: "performer" | "model" | "both" | "nobody",
      paused = false,
    ) => bannerOf({ mode, turn, paused });
    expect(say("callresponse", "performer")).toEqual({ who: "performer", words: "You play, the model listens" });
    expect(say("callresponse", "model").who).toBe("model");
    expect(say("callresponse", "nobody").words).toContain("Your turn");
    expect(say("polyphony", "both").who).toBe("both");
    expect(say("battle", "nobody").who).toBe("model");
    expect(say("useronly", "nobody").words).toContain("records");
    expect(say("callresponse", "model", true).words).toContain("Paused");
    expect(say("duet", "both")).toEqual({ who: "both", words: "You play together: what you move is yours" });
    expect(say("duet", "performer").words).toContain("the model waits");
  });

  it("goes by the turn where several models play", () => {
    const bass = { name: "bass", model: "b", mode: "battle", turn: "model", controls: [1] } satisfies VoiceState;
    const say = (turn: "both" | "model") =>
      bannerOf({ mode: "useronly", paused: false, turn, voices: [bass] as VoiceState[] }).words;
    expect(say("both")).toBe("You play together");
    expect(say("model")).toBe("The model plays");
    expect(voiceWords({ mode: "battle", turn: "model" })).toBe("plays");
    expect(voiceWords({ mode: "useronly", turn: "performer" })).toBe("is yours");
    expect(voiceWords({ mode: "useronly", turn: "nobody" })).toBe("rests");
    expect(rangesText([1, 2, 3, 5, 8, 7])).toBe("1-3, 5, 8, 7");
    expect(rangesText([])).toBe("");
  });

  it("says what comes, and leaves the time to the ring", () => {
    expect(nextWords("answer", 0.31)).toBe("The model answers");
    expect(nextWords("event", 0.01)).toBe("The model's next event");
    expect([1.01, 4.2, 61].map((left) => nextWords("event", left))).toEqual(Array(3).fill("The model thinks"));
    expect(nextWords("event", 4.2, 8)).toBe("The model thinks, at most 8 s");
    expect(nextWords("event", 0.9, 8)).toBe("The model's next event");
    expect(nextWords("event", 0.9)).toBe("The model's next event");
    expect(nextWords("event", -2)).toBe("");
    expect(nextWords(null, 1)).toBe("");
    expect(nextWords("answer", null)).toBe("");
    expect([0.04, 9.96, 42, 200].map(secondsText)).toEqual(["0.0 s", "10.0 s", "42 s", "3 min"]);
  });

  it("names the limit of a wait, where there is one", () => {
    expect(limitWords(8)).toBe("No wait is longer than 8.0 s (Longest wait)");
    expect(limitWords(0)).toBe("");
  });

  it("has a ring that empties", () => {
    expect(ringOf(2, 2)).toBe(1);
    expect(ringOf(2, 1)).toBe(0.5);
    expect(ringOf(0.1, 0.1)).toBeCloseTo(0.25);
    expect(ringOf(2, -1)).toBe(0);
    expect(ringOf(null, null)).toBe(0);
  });
});

describe("facts", () => {
  it("say how a port is, and an error first", () => {
    expect(healthOf({ state: "receiving", error: "" })).toEqual({ word: "receiving", tone: "good" });
    expect(healthOf({ state: "open", error: "taken" })).toEqual({ word: "trouble", tone: "bad" });
  });

  it("write milliseconds short", () => {
    expect([0, 0.1234, 1, 9.5, 34.4].map(millisecondsText)).toEqual(["0 ms", "0.12 ms", "1 ms", "9.5 ms", "34 ms"]);
  });
});

describe("faders", () => {
  it("stand in even rows of at most sixteen", () => {
    expect([1, 8, 16, 17, 32, 64].map((count) => columnsOf(count))).toEqual([1, 8, 16, 9, 16, 16]);
    for (let count = 1; count <= 200; count += 1) {
      const columns = columnsOf(count);
      expect(columns).toBeLessThanOrEqual(16);
      expect(Math.ceil(count / columns)).toBe(Math.ceil(count / 16));
    }
    expect([1, 7, 8, 16, 64].map((count) => columnsOf(count, 318, 4))).toEqual([1, 7, 4, 6, 7]);
    expect(columnsOf(8, 344, 3)).toBe(8);
    expect([0, -5, 39].map((width) => columnsOf(8, width, 4))).toEqual([1, 1, 1]);
    expect([1, 2, 4].map(sizeOf)).toEqual(["tall", "middle", "short"]);
  });

  it("have clouds around what is meant, seen even where they are certain or wide", () => {
    const band = bandOf(0.25, 0.1, 1);
    expect(band.top + band.height / 2).toBeCloseTo(0.75);
    expect(bandOf(0.5, 0, 1).height).toBeGreaterThan(0.01);
    expect(bandOf(0.5, 50, 1).height).toBeLessThanOrEqual(2.5);
    expect(bandOf(0.5, 0.1, 0.1).alpha).toBeLessThan(bandOf(0.5, 0.1, 0.9).alpha);
    expect(bandOf(0.5, 0, 1).alpha).toBeLessThan(1);
    expect(bandOf(0.5, 5, 0.02).alpha).toBeGreaterThan(0);
  });
});

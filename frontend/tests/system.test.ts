import { describe, expect, test } from "vitest";
import type { Finding, Line } from "../src/protocol";
import { asText, clock, filtered, report, verdict, worstFirst } from "../src/system/facts";

const finding = (level: Finding["level"], text: string = level, advice = ""): Finding => ({
  check: "test",
  level,
  text,
  advice,
});
const line = (level: Line["level"], text: string): Line => ({ time: "2026-02-03T04:05:06.789", level, text });

describe("the verdict", () => {
  test("says whether it would play", () => {
    expect(verdict([finding("good")])).toBe("Everything is ready to play.");
    expect(verdict([finding("note"), finding("good")])).toBe("Ready to play, with one thing to note.");
    expect(verdict([finding("note"), finding("note")])).toBe("Ready to play, with 2 things to note.");
  });

  test("names problems first", () => {
    expect(verdict([finding("problem")])).toBe("One thing keeps it from playing.");
    expect(verdict([finding("problem"), finding("problem"), finding("note")])).toMatch(
      /^2 things keep it from playing/,
    );
  });

  test("the worst come first, else in their order", () => {
    const all = [finding("good", "a"), finding("note", "b"), finding("good", "c"), finding("problem", "d")];
    expect(worstFirst(all).map((each) => each.text)).toEqual(["d", "b", "a", "c"]);
  });
});

describe("the output", () => {
  const lines = [line("info", "one"), line("warning", "two"), line("error", "three"), line("debug", "four")];

  test("is filtered by level", () => {
    expect(filtered(lines, "all")).toHaveLength(4);
    expect(filtered(lines, "warning").map((each) => each.text)).toEqual(["two", "three"]);
    expect(filtered(lines, "error").map((each) => each.text)).toEqual(["three"]);
  });

  test("shows the time of day", () => {
    expect(clock("2026-02-03T04:05:06.789")).toBe("04:05:06");
    expect(clock("now")).toBe("now");
  });

  test("is text to be copied", () => {
    expect(asText(lines.slice(0, 2))).toBe("2026-02-03T04:05:06.789 info one\n2026-02-03T04:05:06.789 warning two");
  });
});

test("a report has versions, findings and output", () => {
  const system = {
    versions: { impsy: "1.0", python: "3.11" },
    findings: [finding("note", "No model", "Train one")],
    workspace: "/home/player/music",
    disk: null,
    memory: { total: 1, available: 1, web: 1, session: null, training: null },
    uptime: 1,
  };
  const text = report(system, [line("info", "hello")]);
  expect(text).toContain("impsy 1.0");
  expect(text).toContain("note: No model (Train one)");
  expect(text.endsWith("hello\n")).toBe(true);
});

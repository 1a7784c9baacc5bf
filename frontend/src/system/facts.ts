/** The texts of the System page. */

import type { Finding, Line, System } from "../protocol";

/** A summary of the findings. */
export function verdict(findings: readonly Finding[]): string {
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  const [problems, notes] = [count("problem"), count("note")];
  const noted = notes === 1 ? "one thing to note" : `${notes} things to note`;
  if (problems > 0) {
    const wrong = problems === 1 ? "One thing keeps it from playing" : `${problems} things keep it from playing`;
    return notes > 0 ? `${wrong}; besides, ${noted}.` : `${wrong}.`;
  }
  return notes > 0 ? `Ready to play, with ${noted}.` : "Everything is ready to play.";
}

const ORDER = { problem: 0, note: 1, good: 2 };

/** Findings, the worst first and otherwise as they came. */
export const worstFirst = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((one, other) => ORDER[one.level] - ORDER[other.level]);

export type Shown = "all" | "warning" | "error";

const RANK: Record<Line["level"], number> = { debug: 0, info: 1, warning: 2, error: 3 };
const LEAST: Record<Shown, number> = { all: -1, warning: 2, error: 3 };

/** The lines at or above a level. */
export function filtered(lines: readonly Line[], shown: Shown): Line[] {
  return lines.filter((line) => RANK[line.level] >= LEAST[shown]);
}

/** The time of day of a line; other texts stay as they are. */
export function clock(time: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time;
}

export const asText = (lines: readonly Line[]): string =>
  lines.map((line) => `${line.time} ${line.level} ${line.text}`).join("\n");

/** The text to send to somebody who helps. */
export function report(system: System, lines: readonly Line[]): string {
  const versions = Object.entries(system.versions).map(([name, version]) => `${name} ${version}`);
  const findings = system.findings.map(
    (each) => `${each.level}: ${each.text}${each.advice ? ` (${each.advice})` : ""}`,
  );
  return [...versions, "", ...findings, "", asText(lines)].join("\n").trim() + "\n";
}

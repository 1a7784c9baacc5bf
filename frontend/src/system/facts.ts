/** What the System page shows, made of what the web process tells. */

import type { OutputLine } from "../types";

export interface Finding {
  check?: string;
  level: "good" | "note" | "problem";
  text: string;
  advice: string;
}

export interface System {
  versions: Record<string, string>;
  findings: Finding[];
  disk: { free: number; total: number } | null;
  memory: { total: number; available: number; web: number; session: number | null; training?: number | null };
  uptime: number;
}

export interface Deleted {
  id: string;
  what: string;
  name: string;
  time: string;
}

/** How it looks, in a sentence. */
export function verdict(findings: readonly Finding[]): string {
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  const [problems, notes] = [count("problem"), count("note")];
  const noted = notes === 1 ? "one thing to note" : `${notes} things to note`;
  if (problems > 0) {
    const wrong = problems === 1 ? "One thing keeps it from playing" : `${problems} things keep it from playing`;
    return notes > 0 ? `${wrong}; besides, ${noted}.` : `${wrong}.`;
  }
  return notes > 0 ? `It would play. There ${notes === 1 ? "is" : "are"} ${noted}.` : "Everything is ready to play.";
}

const ORDER = { problem: 0, note: 1, good: 2 };

/** Findings, the worst first and otherwise as they came. */
export const worstFirst = (findings: readonly Finding[]): Finding[] =>
  [...findings].sort((one, other) => ORDER[one.level] - ORDER[other.level]);

export type Shown = "all" | "warning" | "error";

const RANK: Record<string, number> = { debug: 0, info: 1, warning: 2, error: 3, critical: 4 };
const LEAST: Record<Shown, number> = { all: -1, warning: 2, error: 3 };

/** The lines at or above a level. */
export function filtered(lines: readonly OutputLine[], shown: Shown): OutputLine[] {
  return lines.filter((line) => (RANK[line.level.toLowerCase()] ?? 1) >= LEAST[shown]);
}

/** The time of day of a line; what is no time stays as it is. */
export function clock(time: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time;
}

export const asText = (lines: readonly OutputLine[]): string =>
  lines.map((line) => `${line.time} ${line.level} ${line.text}`).join("\n");

/** All that somebody who helps would ask for. */
export function report(system: System, lines: readonly OutputLine[]): string {
  const versions = Object.entries(system.versions).map(([name, version]) => `${name} ${version}`);
  const findings = system.findings.map(
    (each) => `${each.level}: ${each.text}${each.advice ? ` (${each.advice})` : ""}`,
  );
  return [...versions, "", ...findings, "", asText(lines)].join("\n").trim() + "\n";
}

/** What passed the ports, as the monitor keeps, filters and writes it. Newest first. */

import type { LeftOut, MessageKind, PortMessage, Way } from "../protocol";

export interface Row extends PortMessage {
  /** Rises with each message. */
  id: number;
}

/** Messages that are kept; older ones go. */
export const KEPT = 500;
/** Of those that fit the filter, so many are drawn. */
export const DRAWN = 150;
/** For so long a light is on after a message, in ms: longer than the time between two reports of the session. */
export const LIT = 150;

export type Shown = MessageKind | "all" | "most";

export const KINDS: readonly { value: Shown; label: string }[] = [
  { value: "most", label: "All but clock" },
  { value: "all", label: "Everything" },
  { value: "note", label: "Notes" },
  { value: "controller", label: "Controllers" },
  { value: "other", label: "Other MIDI" },
  { value: "clock", label: "Clock" },
  { value: "osc", label: "OSC" },
  { value: "line", label: "Lines of text" },
];

export interface Filter {
  /** The name of a port; "": all. */
  port: string;
  kind: Shown;
}

let last = 0;

/** The kept rows and newer messages, which come oldest first. */
export function added(rows: readonly Row[], messages: readonly PortMessage[]): Row[] {
  const fresh = messages.map((message) => ({ ...message, id: ++last })).reverse();
  return [...fresh, ...rows].slice(0, KEPT);
}

export function fits(row: PortMessage, { port, kind }: Filter): boolean {
  if (port !== "" && row.port !== port) return false;
  return kind === "all" || (kind === "most" ? row.kind !== "clock" : row.kind === kind);
}

export const filtered = (rows: readonly Row[], filter: Filter): Row[] => rows.filter((row) => fits(row, filter));

/** How many messages passed that are not shown, at the ports of the filter. */
export const leftOutAt = (counts: readonly LeftOut[], { port }: Filter): number =>
  counts.reduce((sum, each) => (port === "" || each.port === port ? sum + each.count : sum), 0);

/** A port one way, as lights are named. */
export const laneOf = ({ port, way }: { port: string; way: Way }): string => `${way} ${port}`;

const two = (number: number): string => String(number).padStart(2, "0");

/** The time of day, to a millisecond. */
export function timeOf(at: number): string {
  const date = new Date(at * 1000);
  const seconds = `${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}:${seconds}`;
}

/** The bytes in hex; of a long message the first, and how many there are. */
export function bytesOf({ data, size }: PortMessage): string {
  const known = data === "" ? 0 : (data.length + 1) / 3;
  return size > known ? `${data} … (${size} bytes)` : data;
}

/** What a message did: which controls it moved, or why none. */
export function effectOf({ changes, remark }: PortMessage, nameOf: (index: number) => string): string {
  const moved = changes.map(([index, value]) => `${nameOf(index)} ${value.toFixed(2)}`).join(", ");
  return [moved, remark].filter(Boolean).join("; ");
}

/** Rows as text, oldest first, with tabs between, to be pasted into a sheet or a report. */
export function asText(rows: readonly Row[], nameOf: (index: number) => string): string {
  const lines = [...rows]
    .reverse()
    .map((row) =>
      [timeOf(row.at), row.way, row.port, row.words, effectOf(row, nameOf), bytesOf(row), row.peer]
        .map((cell) => cell.replaceAll("\t", " "))
        .join("\t"),
    );
  return ["time\tway\tport\tmessage\teffect\tbytes\tpeer", ...lines].join("\n");
}

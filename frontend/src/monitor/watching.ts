/** The messages that pass the ports, for as long as somebody looks at them. */

import { effect, signal } from "@preact/signals";
import { isOwner } from "../guest";
import type { LeftOut, Traffic } from "../protocol";
import { connection, on, send } from "../socket";
import { added, laneOf, LIT, type Row } from "./passed";

export const rows = signal<readonly Row[]>([]);
/** How many are not among them since the last clearing, by port and way. */
export const leftOut = signal<readonly LeftOut[]>([]);
/** The ports, with their way, at which something passed just now. */
export const lit = signal<ReadonlySet<string>>(new Set());
/** Rows as they were when they were held; null: they go on. */
export const held = signal<readonly Row[] | null>(null);

const litUntil = new Map<string, number>();
let darkening = 0;

function light(lanes: Iterable<string>): void {
  const now = performance.now();
  for (const lane of lanes) litUntil.set(lane, now + LIT);
  refresh();
}

function refresh(): void {
  const now = performance.now();
  for (const [lane, until] of litUntil) if (until <= now) litUntil.delete(lane);
  if (litUntil.size !== lit.peek().size || [...litUntil.keys()].some((lane) => !lit.peek().has(lane)))
    lit.value = new Set(litUntil.keys());
  clearTimeout(darkening);
  if (litUntil.size > 0)
    darkening = window.setTimeout(refresh, Math.max(1, Math.min(...litUntil.values()) - performance.now()));
}

function count(counts: readonly LeftOut[]): void {
  if (counts.length === 0) return;
  const sums = new Map(leftOut.peek().map((each) => [laneOf(each), each]));
  for (const each of counts) {
    const lane = laneOf(each);
    sums.set(lane, { ...each, count: each.count + (sums.get(lane)?.count ?? 0) });
  }
  leftOut.value = [...sums.values()];
}

function take({ messages, left_out }: Traffic): void {
  rows.value = added(rows.peek(), messages);
  count(left_out);
  light([...messages, ...left_out].map(laneOf));
}

export function clear(): void {
  rows.value = [];
  leftOut.value = [];
  if (held.peek() !== null) held.value = [];
}

/** Look: from now on the messages come. Returns how to end that. */
export function watch(): () => void {
  const stopHearing = on("traffic", take);
  const stopAsking = effect(() => {
    if (connection.value === "open" && isOwner.value) send({ type: "ports", on: true });
  });
  return () => {
    stopAsking();
    stopHearing();
    send({ type: "ports", on: false });
    clearTimeout(darkening);
    litUntil.clear();
    lit.value = new Set();
    held.value = null;
  };
}

/** Training in words: how far, how long, how well. */

import type { Run, Size } from "../protocol";

export const SIZES: readonly { value: Size; name: string; words: string }[] = [
  { value: "xxs", name: "Tiny", words: "For a first try: trained in a minute or so. Runs on anything." },
  { value: "xs", name: "Small", words: "Good with some minutes of playing. Light enough for a Raspberry Pi." },
  { value: "s", name: "Medium", words: "The usual one: for half an hour of playing and more." },
  { value: "m", name: "Large", words: "For hours of playing. Takes a few times longer to train." },
  { value: "l", name: "Very large", words: "For very many hours. Be patient, or use a GPU." },
  { value: "xl", name: "Huge", words: "Three layers: for archives, and a GPU. Too heavy for small computers." },
];

/** Events up to which a size is advised: a much larger network would overfit. */
const ADVISED: readonly (readonly [number, Size])[] = [
  [3_000, "xxs"],
  [30_000, "xs"],
  [300_000, "s"],
  [3_000_000, "m"],
  [Infinity, "l"],
];

export const advisedSize = (events: number): Size => ADVISED.find(([most]) => events <= most)![1];

export const STATUS: Record<Run["status"], string> = {
  running: "Training",
  stopping: "Stopping …",
  done: "Done",
  stopped: "Stopped",
  failed: "Failed",
  interrupted: "Interrupted",
};

export const goesOn = (run: Run) => run.status === "running" || run.status === "stopping";

/** The remaining time, rounded. */
export function timeLeft(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 5) return "nearly there";
  if (seconds < 55) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s left`;
  const minutes = seconds / 60;
  if (minutes < 1.5) return "about a minute left";
  if (minutes < 59.5) return `about ${Math.round(minutes)} minutes left`;
  const halves = Math.round(minutes / 30) / 2;
  if (halves === 1) return "about an hour left";
  if (halves < 10) return `about ${String(halves).replace(".5", "½")} hours left`.replace(" 0½", " ½");
  return `about ${Math.round(minutes / 60)} hours left`;
}

/** Seconds that a run has taken, `milliseconds` after the message about it. */
export const elapsedOf = ({ seconds }: Pick<Run, "seconds">, milliseconds: number): number =>
  seconds + Math.max(0, milliseconds) / 1000;

/** Milliseconds a step. */
export function pace(milliseconds: number | null): string {
  if (milliseconds === null || !Number.isFinite(milliseconds) || milliseconds <= 0) return "";
  return `${milliseconds >= 10 ? Math.round(milliseconds) : milliseconds.toFixed(1)} ms a step`;
}

/** "epoch 3 of 20" */
export function epochs(run: Pick<Run, "epoch" | "epochs">): string {
  return run.epochs !== null && run.epochs > 0
    ? `epoch ${Math.min(run.epoch, run.epochs)} of ${run.epochs}`
    : `epoch ${run.epoch}`;
}

/** How far a run is, 0 to 1; null before its first epoch. */
export function progress(run: Run): number | null {
  if (run.status === "done") return 1;
  if (run.epochs === null || run.epochs <= 0 || (run.epoch === 0 && run.status === "running")) return null;
  return Math.min(1, run.epoch / run.epochs);
}

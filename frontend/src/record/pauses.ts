/** Long pauses in takes, which need not be learned. */

import type { Take } from "../protocol";
import { about, counted } from "./words";

/** Seconds; `impsy.data.pauses` says the same. */
export const LONG_PAUSE = 30;

/** Those that have long pauses, or whose pauses are trimmed. */
export const withPauses = (takes: readonly Take[]) => takes.filter((take) => take.pauses > 0 || take.trim_pauses > 0);

/** Whether no long pause of these is learned. */
export const areTrimmed = (takes: readonly Take[]) =>
  takes.some((take) => take.trim_pauses > 0) && takes.every((take) => take.pauses === 0 || take.trim_pauses > 0);

/** How many long pauses there are, and how long they are together; "" where there are none. */
export function pauseWords(takes: readonly Take[]): string {
  const found = withPauses(takes);
  const [one] = found;
  if (!one) return "";
  const trims = new Set(found.map((take) => take.trim_pauses).filter((trim) => trim > 0 && trim !== LONG_PAUSE));
  if (trims.size > 0 && areTrimmed(found)) {
    return `Pauses of more than ${trims.size === 1 ? `${[...trims][0]} s` : "the set length"} are not learned.`;
  }
  const pauses = found.reduce((sum, take) => sum + take.pauses, 0);
  const seconds = found.reduce((sum, take) => sum + take.paused, 0);
  const where = takes.length > 1 ? ` in ${found.length} of ${counted(takes.length, "take")}` : "";
  const end = areTrimmed(found) ? ": not learned." : ".";
  return `${counted(pauses, "pause")} of more than ${LONG_PAUSE} s${where}, ${about(seconds)} in all${end}`;
}

/** How long the playing of a take is that is learned, in seconds. */
export const learnedSeconds = (take: Take): number =>
  take.trim_pauses > 0 ? Math.max(0, take.seconds - take.paused) : take.seconds;

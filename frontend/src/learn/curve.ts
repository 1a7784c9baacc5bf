/** The curve of a training: its points, and the range of heights to show. */

import type { Loss } from "../protocol";

/**
 * The losses of two messages about one run; the newer one counts where both have an epoch. Epochs beyond `epoch` were lost
 * in a crash and are left out.
 */
export function merged(older: readonly Loss[], newer: readonly Loss[], epoch = Infinity): Loss[] {
  const known = new Map(older.map((loss) => [loss.epoch, loss]));
  for (const loss of newer) known.set(loss.epoch, loss);
  return [...known.values()].filter((loss) => loss.epoch <= epoch).sort((a, b) => a.epoch - b.epoch);
}

const finite = (value: number | null): value is number => value !== null && Number.isFinite(value);

/**
 * The heights to show. The first epochs begin so high that nothing after them could be seen: once there are eight, the
 * upper edge is where all but the first eighth and the rarest outliers lie.
 */
export function heights(losses: readonly Loss[]): [number, number] {
  const late = losses.length >= 8 ? losses.slice(Math.ceil(losses.length / 8)) : losses;
  const seen = late
    .flatMap(({ train, held_out }) => [train, held_out])
    .filter(finite)
    .sort((a, b) => a - b);
  if (seen.length === 0) return [0, 1];
  const low = seen[0]!;
  const high = seen[Math.min(seen.length - 1, Math.floor(seen.length * 0.98))]!;
  const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.01, 0.01);
  return [low - room, high + room];
}

/** The epochs to show: those that are planned, unless there are many more of them than there were. */
export function epochsShown(last: number, planned: number | null): [number, number] {
  return [1, Math.max(2, last, Math.min(planned ?? 0, Math.max(10, Math.ceil(last * 1.5))))];
}

/** The epoch whose held-out loss is the lowest: it is the one that is kept. */
export function bestEpoch(losses: readonly Loss[]): number | null {
  let [best, lowest]: [number | null, number] = [null, Infinity];
  for (const { epoch, held_out } of losses)
    if (finite(held_out) && held_out < lowest) [best, lowest] = [epoch, held_out];
  return best;
}

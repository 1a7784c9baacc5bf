/** How many faders of a finger's size there is room for. */

/** A fader is at least so wide and high, in pixels of the page: a finger at any zoom. */
export const WIDEST_FINGER = 52;
const SHORTEST = 110;

export interface Bank {
  from: number;
  until: number;
}

/** How many fit into a room of this size, at least one; `gap` between two. */
export function fitting(width: number, height: number, gap: number): number {
  const columns = Math.max(1, Math.floor((width + gap) / (WIDEST_FINGER + gap)));
  const rows = Math.max(1, Math.floor((height + gap) / (SHORTEST + gap)));
  return columns * rows;
}

/** The faders in banks of `size` at most, as even as can be. */
export function banksFor(count: number, size: number): Bank[] {
  const banks = Math.max(1, Math.ceil(count / Math.max(1, size)));
  const each = Math.ceil(count / banks);
  return Array.from({ length: banks }, (_, bank) => ({
    from: bank * each,
    until: Math.min(count, (bank + 1) * each),
  })).filter(({ from, until }) => until > from || from === 0);
}

/** How faders stand. */

const WIDEST_ROW = 16;

/** A finger needs so much, in pixels. */
export const NARROWEST = 40;

/**
 * How many faders stand in a row of `width` pixels with `gap` between them: at most sixteen, as many as fit, and
 * rows as even as can be. Without a width: of a wide page.
 */
export function columnsOf(count: number, width = Infinity, gap = 0, narrowest = NARROWEST): number {
  const fitting = Math.max(1, Math.min(WIDEST_ROW, Math.floor((width + gap) / (narrowest + gap)) || 1));
  const rows = Math.max(1, Math.ceil(count / fitting));
  return Math.max(1, Math.ceil(count / rows));
}

/** How high faders can be in so many rows, so that all fit well. */
export function sizeOf(rows: number): "tall" | "middle" | "short" {
  if (rows <= 1) return "tall";
  return rows === 2 ? "middle" : "short";
}

/** Which stretch of a whole is looked at: zooming and moving never leave the whole. */

export type Range = readonly [from: number, to: number];

/** How much closer one press of + comes. */
export const STEP = 2;

/** No closer than this share of the whole: below it there is nothing more to see. */
const CLOSEST = 1 / 100_000;

const width = ([from, to]: Range) => to - from;

/** `range` put in order, moved and cut so that it lies within `whole`. */
export function within(range: Range, whole: Range): Range {
  const [low, high] = range[0] <= range[1] ? range : [range[1], range[0]];
  const wide = Math.min(width(whole), Math.max(high - low, width(whole) * CLOSEST));
  const middle = (low + high) / 2;
  const from = Math.min(whole[1] - wide, Math.max(whole[0], high - low < wide ? middle - wide / 2 : low));
  return [from, from + wide];
}

/** Come closer (factor above 1) or go away, where `at` stays in its place on the screen. */
export function zoomed(range: Range, whole: Range, factor: number, at = (range[0] + range[1]) / 2): Range {
  const held = Math.min(range[1], Math.max(range[0], at));
  return within([held - (held - range[0]) / factor, held + (range[1] - held) / factor], whole);
}

/** Move by a share of what is seen: 0.25 is a quarter to the right. */
export function moved(range: Range, whole: Range, share: number): Range {
  const by = width(range) * share;
  return within([range[0] + by, range[1] + by], whole);
}

export const isWhole = (range: Range, whole: Range) => width(range) >= width(whole) * 0.9999;

/** What to ask for when `range` is looked at: some more at both sides, so that moving shows something at once. */
export function asked(range: Range, whole: Range): Range {
  const more = width(range) / 2;
  return [Math.max(whole[0], range[0] - more), Math.min(whole[1], range[1] + more)];
}

/** What a key does to the range; null: nothing. */
export function byKey(key: string, range: Range, whole: Range): Range | null {
  switch (key) {
    case "+":
    case "=":
      return zoomed(range, whole, STEP);
    case "-":
    case "_":
      return zoomed(range, whole, 1 / STEP);
    case "0":
      return whole;
    case "ArrowLeft":
      return moved(range, whole, -0.25);
    case "ArrowRight":
      return moved(range, whole, 0.25);
    case "Home":
      return within([whole[0], whole[0] + width(range)], whole);
    case "End":
      return within([whole[1] - width(range), whole[1]], whole);
    default:
      return null;
  }
}

/** Two fingers that came down at the places `before`, and are now at the shares `now` of the width. */
export function pinched(
  range: Range,
  whole: Range,
  before: readonly [number, number],
  now: readonly [number, number],
): Range {
  const [a, b] = now;
  if (Math.abs(b - a) < 0.02 || before[0] === before[1]) return range;
  const wide = (before[1] - before[0]) / (b - a);
  if (wide <= 0) return range;
  const from = before[0] - a * wide;
  return within([from, from + wide], whole);
}

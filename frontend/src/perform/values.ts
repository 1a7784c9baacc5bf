/** Sliders that are not linear: steps are small for small values, and large for large ones. */

export interface Ruler {
  /** The least and the most that the slider reaches; a number that is typed may be beyond. */
  least: number;
  most: number;
  /** Where a value is on the slider, 0 to 1. */
  place: (value: number) => number;
  /** What a place on the slider means. */
  value: (place: number) => number;
}

const within = (value: number) => Math.min(1, Math.max(0, value));

/** Equal steps multiply. `least` above 0. */
export function logarithmic(least: number, most: number): Ruler {
  const range = Math.log(most / least);
  return {
    least,
    most,
    place: (value) => (value <= least ? 0 : within(Math.log(value / least) / range)),
    value: (place) => significant(least * Math.exp(within(place) * range)),
  };
}

/** From 0 up, ever faster: for values that may be 0. */
export function power(most: number, exponent: number): Ruler {
  return {
    least: 0,
    most,
    place: (value) => within((Math.max(0, value) / most) ** (1 / exponent)),
    value: (place) => significant(most * within(place) ** exponent),
  };
}

/** Three digits that count, as a number. */
export const significant = (value: number): number => Number(value.toPrecision(3));

/** As a number is shown: at most three digits that count, no needless zeros, never 1e-7. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (value === 0) return "0";
  const rounded = significant(value);
  return Math.abs(rounded) < 1e-6 ? rounded.toExponential() : String(rounded);
}

/** Whether two values are the same but for rounding on their way. */
export const alike = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-5 * Math.max(Math.abs(a), Math.abs(b));

/** Call `work` with the newest value, at most every `apart` ms; the last value always arrives. */
export function throttled<T>(work: (value: T) => void, apart: number): (value: T) => void {
  let last = -Infinity;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let newest: T;
  const now = () => performance.now();
  const run = () => {
    timer = null;
    last = now();
    work(newest);
  };
  return (value) => {
    newest = value;
    if (timer !== null) return;
    const wait = last + apart - now();
    if (wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
}

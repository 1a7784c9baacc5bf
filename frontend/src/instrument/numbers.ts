/** Arithmetic as Python has it, where JavaScript's is another. */

/** The nearest whole number; of two, the even one. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const part = value - below;
  if (part !== 0.5) return part < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/** The remainder with the sign of the divisor. */
export function modulo(value: number, divisor: number): number {
  const rest = value % divisor;
  return rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest;
}

export const rising = (numbers: Iterable<number>): number[] => [...numbers].sort((one, other) => one - other);

/** The smallest of these that are there; null: none is. */
export function earliest(...times: (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length > 0 ? Math.min(...known) : null;
}

/** A number and what is counted, such as "1 event" and "1,200 events"; as `impsy.text.counted`. */
export const counted = (count: number, one: string): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : `${one}s`}`;

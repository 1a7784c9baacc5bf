/** Shades of one colour, so that many lines of one player can be distinguished. */

type Triple = readonly [number, number, number];

/** Red, green and blue, 0 to 255, of #rgb or #rrggbb; null if it is something else. */
export function channels(colour: string): Triple | null {
  const text = colour.trim().replace(/^#/, "");
  const long = /^[\da-f]{3}$/i.test(text) ? [...text].map((digit) => digit + digit).join("") : text;
  if (!/^[\da-f]{6}([\da-f]{2})?$/i.test(long)) return null;
  const at = (index: number) => parseInt(long.slice(index, index + 2), 16);
  return [at(0), at(2), at(4)];
}

function mixed(a: Triple, b: Triple, share: number): string {
  const parts = a.map((value, index) => Math.round(value + (b[index]! - value) * share));
  return `#${parts.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * `count` shades of `colour`: from itself towards `ink` and towards `paper`, by turns and ever further, so that the
 * first few are the farthest from each other.
 */
export function shades(colour: string, ink: string, paper: string, count: number): string[] {
  const [base, light, dark] = [channels(colour), channels(ink), channels(paper)];
  if (base === null || light === null || dark === null) return Array<string>(count).fill(colour);
  const pairs = Math.max(1, Math.ceil((count - 1) / 2));
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return mixed(base, base, 0);
    const share = (0.62 * Math.ceil(index / 2)) / pairs;
    return index % 2 === 1 ? mixed(base, light, share) : mixed(base, dark, share * 0.8);
  });
}

/** Of a large number, such as a time: float64 has 15 digits or so. */
const ROUNDING = 1e-12;

/** Where two plain things differ, in a sentence; null: nowhere. Numbers may be off by `tolerance`. */
export function difference(found: unknown, expected: unknown, tolerance: number, where = ""): string | null {
  const differ = () => `${where || "it"} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`;
  if (typeof expected === "number" && typeof found === "number") {
    return Math.abs(found - expected) <= tolerance + ROUNDING * Math.abs(expected) ? null : differ();
  }
  if (typeof expected !== "object" || expected === null || typeof found !== "object" || found === null) {
    return found === expected ? null : differ();
  }
  const [keys, others] = [Object.keys(found), Object.keys(expected)];
  if (keys.length !== others.length || others.some((key) => !(key in found))) return differ();
  for (const key of others) {
    const [one, other] = [(found as Record<string, unknown>)[key], (expected as Record<string, unknown>)[key]];
    const inside = difference(one, other, tolerance, `${where}.${key}`);
    if (inside) return inside;
  }
  return null;
}

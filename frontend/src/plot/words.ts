/** Numbers beside an axis. */

/** How far apart times stand beside an axis, in seconds: by tens below ten, then as clocks count. */
export const TIME_STEPS = [
  ...[0.001, 0.01, 0.1].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30],
  ...[60, 120, 300, 600, 900, 1800],
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240, 480, 960].map((hours) => hours * 3600),
];

/** The same for epochs. */
export const COUNT_STEPS = [1, 10, 100, 1000, 10_000].flatMap((unit) => [unit, 2 * unit, 5 * unit]);

/** A time in a piece of music, as fine as steps of `step` seconds need: 0:07, 0:07.5, 1:02:03. */
export function clock(seconds: number, step = 1): string {
  const digits = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3;
  const scale = 10 ** digits;
  const units = Math.round(Math.abs(seconds) * scale);
  const whole = Math.floor(units / scale);
  const fraction = digits > 0 ? `.${String(units % scale).padStart(digits, "0")}` : "";
  const two = (number: number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const head = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${seconds < 0 && units > 0 ? "−" : ""}${head}:${two(whole % 60)}${fraction}`;
}

/** A figure of no known size, short: −18.4, 0.032, 1,200. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  const text = size.toLocaleString("en", {
    maximumFractionDigits: digits,
    minimumFractionDigits: size >= 1 ? digits : 0,
  });
  return value < 0 && Number(text.replace(/,/g, "")) !== 0 ? `−${text}` : text;
}

/** Rows of a performance log, byte for byte as `impsy.codecs.log` writes them. */

const digits = (value: number, count: number): string => String(value).padStart(count, "0");

/** Local time without a zone, to the second, with `between` hours, minutes and seconds. */
function toSecond(date: Date, between: string): string {
  const day = [digits(date.getFullYear(), 4), digits(date.getMonth() + 1, 2), digits(date.getDate(), 2)];
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => digits(part, 2));
  return `${day.join("-")}T${time.join(between)}`;
}

/** The file name of a take that began then. */
export const logName = (began: Date, dimension: number): string => `${toSecond(began, "-")}-${dimension}d-mdrnn.log`;

/** A number as Python writes it: the shortest that reading makes the same number of, always with a point or exponent. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const [mantissa, power] = value.toExponential().split("e") as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) return Number.isInteger(value) ? `${value}.0` : String(value);
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits(Math.abs(exponent), 2)}`;
}

/**
 * One line, newline included.
 *
 * `time`: milliseconds since 1970, with a fraction. `source`: `interface` is the performer, `rnn` the model.
 */
export function encodeRow(time: number, source: "interface" | "rnn", values: readonly number[]): string {
  const microseconds = Math.round(1000 * time);
  const seconds = Math.floor(microseconds / 1e6);
  const moment = `${toSecond(new Date(1000 * seconds), ":")}.${digits(microseconds - 1e6 * seconds, 6)}`;
  return `${moment},${source},${values.map(numberText).join(",")}\n`;
}

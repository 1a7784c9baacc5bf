/** Numbers and sentences for reading. */

export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

/** About how long, in words: "40 s", "12 min", "3 h 5 min". */
export function about(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 10) return `${seconds < 0.95 ? seconds.toPrecision(1) : Math.round(seconds)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60).toLocaleString("en")} h${rest > 0 ? ` ${rest} min` : ""}`;
}

/** With a capital letter, unless the text begins with a file name. */
export const capital = (text: string) =>
  /^\S*[._/\\\d]\S/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);

/** What is wrong with a text of more than `most` characters; undefined: nothing. */
export const tooLong = (text: string, most: number, what: string): string | undefined =>
  text.length > most ? `${what} has at most ${most} characters; this one has ${text.length}.` : undefined;

/** A text with a capital letter and a full stop. */
export function sentence(text: string): string {
  const whole = capital(text);
  return whole === "" || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

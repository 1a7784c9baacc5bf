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

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A text with a capital letter and a full stop. */
export function sentence(text: string): string {
  const whole = capital(text);
  return whole === "" || /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/**
 * Which key does what.
 *
 * Two rows play ten faders: A S D F … raise them, Z X C V … lower them, for as long as they are held. Playing goes by where
 * a key is (its code), so it is the same on every layout; letters that stand for a word go by what is on them.
 */

export type Action =
  | { do: "glide"; column: number; up: boolean }
  | { do: "focus"; column: number }
  | { do: "bank"; by: 1 | -1 }
  | { do: "scene"; place: number }
  | { do: "pause" }
  | { do: "reset" }
  | { do: "tap" }
  | { do: "another" }
  | { do: "mark" }
  | { do: "stage" }
  | { do: "panic" }
  | { do: "help" };

export interface Key {
  code: string;
  key: string;
  shiftKey?: boolean;
  ctrlKey?: boolean;
  altKey?: boolean;
  metaKey?: boolean;
}

export const COLUMNS = 10;

export const UP_ROW = ["KeyA", "KeyS", "KeyD", "KeyF", "KeyG", "KeyH", "KeyJ", "KeyK", "KeyL", "Semicolon"] as const;
export const DOWN_ROW = ["KeyZ", "KeyX", "KeyC", "KeyV", "KeyB", "KeyN", "KeyM", "Comma", "Period", "Slash"] as const;

const CODES = new Map<string, Action>();
UP_ROW.forEach((code, column) => CODES.set(code, { do: "glide", column, up: true }));
DOWN_ROW.forEach((code, column) => CODES.set(code, { do: "glide", column, up: false }));
for (let digit = 0; digit <= 9; digit += 1) {
  CODES.set(`Digit${digit}`, { do: "focus", column: (digit + 9) % 10 });
}
CODES.set("BracketLeft", { do: "bank", by: -1 });
CODES.set("BracketRight", { do: "bank", by: 1 });

const LETTERS: Record<string, Action> = {
  p: { do: "pause" },
  t: { do: "tap" },
  o: { do: "another" },
  escape: { do: "panic" },
  "?": { do: "help" },
};

/** These need Shift: their keys play faders, or are next to keys that do. */
const SHIFTED: Record<string, Action> = { r: { do: "reset" }, m: { do: "mark" }, f: { do: "stage" } };

/** The action of a key; null: none. */
export function actionOf(key: Key): Action | null {
  if (key.ctrlKey || key.altKey || key.metaKey) return null;
  // "?" is Shift and a key of the row below on many layouts: what is on the key wins there.
  const letter = LETTERS[key.key.toLowerCase()];
  if (letter) return letter;
  const action = CODES.get(key.code) ?? null;
  const shifted = key.shiftKey ? SHIFTED[key.key.toLowerCase()] : undefined;
  if (shifted) return shifted;
  if (key.shiftKey) return action?.do === "focus" && action.column < 9 ? { do: "scene", place: action.column } : null;
  return action;
}

/** The fader of a column of keys, where `bank` tens are passed; null: there is none. */
export function faderOf(column: number, bank: number, count: number): number | null {
  const index = bank * COLUMNS + column;
  return index < count ? index : null;
}

export const banksOf = (count: number): number => Math.max(1, Math.ceil(count / COLUMNS));

const NAMES: Record<string, string> = { Semicolon: ";", Comma: ",", Period: ".", Slash: "/" };

/** What stands on a key of a common keyboard; `layout` comes first, where the browser gives it. */
export const keyName = (code: string, layout?: ReadonlyMap<string, string>): string =>
  (layout?.get(code) ?? NAMES[code] ?? code.replace(/^Key/, "")).toUpperCase();

const TYPING = new Set(["text", "search", "url", "email", "password", "number", "tel", "date", "time"]);

/** Whether keys go into a field here. */
export function isTyping(tag: string, type = "", editable = false): boolean {
  const name = tag.toLowerCase();
  return (
    editable ||
    name === "textarea" ||
    name === "select" ||
    (name === "input" && TYPING.has(type.toLowerCase() || "text"))
  );
}

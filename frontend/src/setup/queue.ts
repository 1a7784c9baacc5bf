/**
 * Changes of a text that the web process edits: in their order, a few at a time.
 *
 * A change is sent with the text as it is, and the text that comes back takes its place; what
 * is changed meanwhile waits and goes together. A text that is typed or loaded replaces all of that.
 */

import type { CheckedText, EditedText } from "../protocol";
import type { Change } from "./types";

export interface Doors {
  edit: (text: string, changes: readonly Change[]) => Promise<EditedText>;
  check: (text: string) => Promise<CheckedText>;
  /** The text, or what waits to be put into it, is another now; with `reading`, what it says. */
  moved: (reading?: CheckedText) => void;
  /** Something could not be done; true: try it again later. */
  failed: (error: unknown) => boolean;
}

export const SOON = 200;
const TYPING = 350;
const AGAIN = 2000;

export class EditQueue {
  #text: string;
  #pending: Change[] = [];
  #sent: readonly Change[] = [];
  #unchecked = false;
  #generation = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #work: Promise<boolean> | null = null;

  constructor(
    text: string,
    private readonly doors: Doors,
  ) {
    this.#text = text;
  }

  get text(): string {
    return this.#text;
  }

  /** Changes that the text does not hold yet. */
  get waiting(): readonly Change[] {
    return [...this.#sent, ...this.#pending];
  }

  /** Change by key. */
  push(changes: readonly Change[]): void {
    for (const change of changes) {
      const last = this.#pending.at(-1);
      const again = last && !("remove" in last) && !("remove" in change) && same(last.key, change.key);
      if (again && !isObject(change.value)) this.#pending.pop();
      this.#pending.push(change);
    }
    this.#later(SOON);
    this.doors.moved();
  }

  /** Replace the text. `reading`: what it says, if that is known. */
  replace(text: string, reading?: CheckedText): void {
    this.#generation += 1;
    this.#text = text;
    this.#pending = [];
    this.#sent = [];
    this.#unchecked = reading === undefined;
    clearTimeout(this.#timer);
    if (this.#unchecked) this.#later(TYPING);
    this.doors.moved(reading);
  }

  /** Send now what is waiting; resolves to whether all of it is in the text. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    let whole = true;
    while (whole && (this.#work !== null || this.#pending.length > 0 || this.#unchecked)) {
      this.#work ??= this.#run();
      whole = await this.#work;
    }
    return whole;
  }

  #later(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), wait);
  }

  async #run(): Promise<boolean> {
    const generation = this.#generation;
    const changes = this.#pending;
    this.#pending = [];
    this.#sent = changes;
    this.#unchecked = false;
    try {
      const text = this.#text;
      const reading: CheckedText & { text?: string } =
        changes.length > 0 ? await this.doors.edit(text, changes) : await this.doors.check(text);
      if (generation !== this.#generation) return true;
      this.#sent = [];
      this.#text = reading.text ?? text;
      this.doors.moved(reading);
      return true;
    } catch (error) {
      if (generation !== this.#generation) return true;
      const again = this.doors.failed(error);
      this.#sent = [];
      if (again) {
        this.#pending = [...changes, ...this.#pending];
        this.#unchecked = changes.length === 0;
        this.#later(AGAIN);
      }
      this.doors.moved();
      return false;
    } finally {
      this.#work = null;
    }
  }
}

const same = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((step, i) => step === other[i]);
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A take: its rows as our log has them, and its markers; kept until the page is closed. */

import { signal } from "@preact/signals";
import type { Record } from "./engine/events";
import { encodeRow, logName } from "./log";

/** Rows of one take; beyond it the newest are left out, which the page tells. */
const MOST_ROWS = 1_000_000;

export class Recording {
  /** How many rows there are that have not been saved. */
  readonly unsaved = signal(0);
  rows = 0;
  error = "";
  private lines: string[] = [];
  private readonly began = new Date();

  /** `logged`: whose rows are kept. */
  constructor(
    readonly dimension: number,
    private readonly logged: { interface: boolean; rnn: boolean },
  ) {}

  /** The name of its file; empty as long as there is nothing in it. */
  get file(): string {
    return this.rows > 0 ? logName(this.began, this.dimension) : "";
  }

  add({ source, values, time }: Record): void {
    if (!this.logged[source] || this.error) return;
    if (this.rows >= MOST_ROWS) {
      this.error = "The take has its full length: save it, and start a new one.";
      return;
    }
    this.lines.push(encodeRow(performance.timeOrigin + 1000 * time, source, values));
    this.rows += 1;
    this.unsaved.value += 1;
  }

  /** Mark a moment, by a line that those who read logs leave out. */
  mark(text: string, time: number): void {
    if (this.rows === 0 || this.error) return;
    const [moment] = encodeRow(performance.timeOrigin + 1000 * time, "interface", []).split(",");
    this.lines.push(`# ${moment} mark ${text.replaceAll(/\p{C}/gu, " ")}`.trimEnd() + "\n");
  }

  /** The file, and from now on it counts as saved. */
  save(): File {
    this.unsaved.value = 0;
    return new File(this.lines, this.file, { type: "text/plain" });
  }
}

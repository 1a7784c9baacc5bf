/** How late the model's events are sent: as the session reports it. */

import type { LatenessSummary } from "../protocol";

const MOST = 1000;

const rounded = (seconds: number): number => Math.round(seconds * 1e6) / 1e3;

export class Lateness {
  private recent: number[] = [];
  private most = 0;
  private count = 0;

  /** An event was sent so many seconds after it was due. */
  add(seconds: number): void {
    this.recent[this.count % MOST] = seconds;
    this.count += 1;
    this.most = Math.max(this.most, seconds);
  }

  /** In milliseconds, of the last thousand events; the maximum is that of all. */
  summary(): LatenessSummary {
    const sorted = [...this.recent].sort((one, other) => one - other);
    const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
    return { p50: at(0.5), p99: at(0.99), max: rounded(this.most), count: this.count };
  }
}

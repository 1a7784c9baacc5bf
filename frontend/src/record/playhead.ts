/** Where a playback is between two messages about it. */

/** How long to go on without a message; then something is wrong and the line stands still. */
const PATIENCE = 1.5;
const FASTEST = 16;

export class Playhead {
  private last = 0;
  private lastAt = 0;
  private rate = 1;

  /** A message gave `at` seconds, at the page's time `now` in seconds. `speed`: as requested, if it is known. */
  hear(at: number, now: number, speed?: number): void {
    const passed = now - this.lastAt;
    if (speed !== undefined) this.rate = speed;
    else if (at < this.last || passed > PATIENCE) this.rate = 1;
    else if (passed > 0.02) this.rate = Math.min(FASTEST, (at - this.last) / passed);
    this.last = at;
    this.lastAt = now;
  }

  /** Where it is at `now`. */
  at(now: number): number {
    return this.last + this.rate * Math.min(PATIENCE, Math.max(0, now - this.lastAt));
  }
}

/** Where a playback is between two messages about it. */

/** How long to go on without a message; then something is wrong and the line stands still. */
const PATIENCE = 1.5;
const FASTEST = 16;

export class Playhead {
  private heard = 0;
  private heardAt = 0;
  private rate = 1;

  /** A message said `at` seconds, at the page's time `now` in seconds. `speed`: as it was asked for, if it is known. */
  hear(at: number, now: number, speed?: number): void {
    const passed = now - this.heardAt;
    if (speed !== undefined) this.rate = speed;
    else if (at < this.heard || passed > PATIENCE) this.rate = 1;
    else if (passed > 0.02) this.rate = Math.min(FASTEST, (at - this.heard) / passed);
    this.heard = at;
    this.heardAt = now;
  }

  /** Where it is at `now`. */
  at(now: number): number {
    return this.heard + this.rate * Math.min(PATIENCE, Math.max(0, now - this.heardAt));
  }
}

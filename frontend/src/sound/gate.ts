/**
 * Limits the number of notes, however fast controls move.
 *
 * Each control waits a little between two notes, and all together have a budget of notes that grows at a steady
 * rate. Times are seconds and never go back.
 */
export class Gate {
  private readonly last = new Map<number, number>();
  private purse: number;
  private filled = 0;

  constructor(
    private readonly apart = 0.075,
    private readonly perSecond = 14,
    private readonly most = 7,
  ) {
    this.purse = most;
  }

  /** May this control sound a note now? If so, that is counted. */
  pass(index: number, when: number): boolean {
    this.purse = Math.min(this.most, this.purse + Math.max(0, when - this.filled) * this.perSecond);
    this.filled = Math.max(this.filled, when);
    if (this.purse < 1 || when - (this.last.get(index) ?? -1) < this.apart) return false;
    this.purse -= 1;
    this.last.set(index, when);
    return true;
  }
}

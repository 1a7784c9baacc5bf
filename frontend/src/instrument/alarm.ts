/**
 * Rings once at a time, in a hidden tab too.
 *
 * Browsers let the timers of hidden pages wait for a second and more, but not those of workers.
 */

const SCRIPT =
  "let timer;onmessage=({data})=>{clearTimeout(timer);if(data!==null)timer=setTimeout(postMessage,data,0)}";

function workerOf(script: string): Worker | null {
  try {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    return new Worker(address);
  } catch {
    return null; // where a page may have none, its own timer has to do
  }
}

export class Alarm {
  private readonly worker = workerOf(SCRIPT);
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When it rings, in the page's milliseconds; null: it does not. */
  private due: number | null = null;

  constructor(private readonly ring: () => void) {
    if (this.worker) this.worker.onmessage = () => this.rang();
  }

  /** Ring at this time (the page's milliseconds) instead of any other; null: not at all. */
  set(due: number | null): void {
    if (due === this.due) return;
    this.due = due;
    // Timers count whole milliseconds: one that is cut off would ring too early, and again.
    const wait = due === null ? null : Math.max(0, Math.ceil(due - performance.now()));
    if (this.worker) {
      this.worker.postMessage(wait);
    } else {
      clearTimeout(this.timer);
      if (wait !== null) this.timer = setTimeout(() => this.rang(), wait);
    }
  }

  close(): void {
    this.worker?.terminate();
    clearTimeout(this.timer);
    this.due = null;
  }

  private rang(): void {
    if (this.due === null) return;
    this.due = null;
    this.ring();
  }
}

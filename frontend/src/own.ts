/**
 * What this page plays and the session has not confirmed yet.
 *
 * The page's sound answers a finger at once. The session's echo of the same values arrives later, merged, and maybe
 * behind the finger: it must not strike again. A value that the page has not played, such as another player's, wins.
 * Times are the page's milliseconds.
 */

interface Played {
  value: number;
  at: number;
}

/** An echo that has not come by then does not come. */
const ECHO_WITHIN = 10_000;
/** How long values are known as this page's own: the model's vectors repeat them where both share the controls. */
const KNOWN_FOR = 10_000;
const MOST_KNOWN = 1024;
/** Values are rounded on their way. */
const ROUNDING = 2e-4;

const same = (a: number | undefined, b: number | undefined): boolean =>
  a !== undefined && b !== undefined && Math.abs(a - b) <= ROUNDING;

export class OwnPlaying {
  /** Of each control: what was played and not confirmed, the oldest first. */
  private readonly waiting = new Map<number, Played[]>();
  /** Of each control: all that was played lately. */
  private readonly known = new Map<number, Played[]>();
  /** What the session sent last. */
  private heard: readonly number[] = [];

  /** Play changes over what is known of the performer; returns the values that sound, NaN where none is known. */
  play(changes: Iterable<readonly [number, number]>, now: number): number[] {
    for (const [index, value] of changes) {
      const waiting = (this.waiting.get(index) ?? []).filter(({ at }) => now - at < ECHO_WITHIN);
      if (!same(waiting.at(-1)?.value, value)) waiting.push({ value, at: now });
      else waiting.at(-1)!.at = now;
      this.waiting.set(index, waiting.slice(-MOST_KNOWN));
      const known = (this.known.get(index) ?? []).filter(({ at }) => now - at < KNOWN_FOR);
      this.known.set(index, [...known.slice(1 - MOST_KNOWN), { value, at: now }]);
    }
    const length = Math.max(this.heard.length, ...[...this.waiting.keys()].map((index) => index + 1));
    return Array.from({ length }, (_, index) => this.waiting.get(index)?.at(-1)?.value ?? this.heard[index] ?? NaN);
  }

  /** The session sent the performer's values; returns those that sound now. */
  hear(values: readonly number[], now: number): number[] {
    const before = this.heard;
    this.heard = values;
    return values.map((value, index) => this.settle(index, value, before[index], now));
  }

  private settle(index: number, value: number, before: number | undefined, now: number): number {
    const waiting = this.waiting.get(index)?.filter(({ at }) => now - at < ECHO_WITHIN) ?? [];
    const place = waiting.findIndex((each) => same(each.value, value));
    const left = waiting.slice(place + 1);
    const last = left.at(-1);
    if (last !== undefined && (place >= 0 || same(value, before))) {
      this.waiting.set(index, left);
      return last.value;
    }
    this.waiting.delete(index);
    return value;
  }

  /** A vector that contains the performer's values, as the page has them now: older ones of its own are replaced. */
  newest(values: readonly number[], now: number): number[] {
    return values.map((value, index) => {
      const known = this.known.get(index);
      if (!known?.some((each) => now - each.at < KNOWN_FOR && same(each.value, value))) return value;
      return known.at(-1)!.value;
    });
  }
}

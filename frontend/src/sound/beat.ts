/** A clock in sixteenths that both players share. It begins when somebody plays, so the first note is never late. */
export class Beat {
  private anchor = 0;
  private anchorStep = 0;

  constructor(private beatsPerMinute: number) {}

  /** Seconds of a sixteenth. */
  get step(): number {
    return 15 / this.beatsPerMinute;
  }

  /** Step 0 is here. */
  begin(when: number): void {
    this.anchor = when;
    this.anchorStep = 0;
  }

  time(step: number): number {
    return this.anchor + (step - this.anchorStep) * this.step;
  }

  /** The first step that is not before `when`. */
  stepAt(when: number): number {
    return Math.ceil((when - this.anchor) / this.step - 1e-6) + this.anchorStep;
  }

  /** Go on at another tempo, from the first step after `when`. */
  setTempo(beatsPerMinute: number, when: number): void {
    if (beatsPerMinute === this.beatsPerMinute) return;
    const step = this.stepAt(when);
    this.anchor = this.time(step);
    this.anchorStep = step;
    this.beatsPerMinute = beatsPerMinute;
  }
}

/** Whether step `step` of sixteen is one of `hits` that are spread as evenly as can be (Toussaint's Euclidean rhythms). */
export const evenly = (step: number, hits: number): boolean => ((((step % 16) + 16) % 16) * hits) % 16 < hits;

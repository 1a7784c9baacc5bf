/** Where the beat is: a straight line from seconds to beats; as `impsy.timing.line`. */

import { LINE } from "../tables";

const { SECONDS_A_MINUTE } = LINE;

/** At `time` (seconds) it is `beat` (quarter notes, a fraction), and `tempo` of them pass in a minute. */
export class Line {
  constructor(
    readonly time: number,
    readonly beat: number,
    readonly tempo: number,
  ) {}

  /** The beat at a time. */
  beatAt(time: number): number {
    return this.beat + ((time - this.time) * this.tempo) / SECONDS_A_MINUTE;
  }

  /** The time of a beat. */
  timeOf(beat: number): number {
    return this.time + ((beat - this.beat) * SECONDS_A_MINUTE) / this.tempo;
  }

  /** Another tempo from `now` on; the beat does not jump. */
  atTempo(tempo: number, now: number): Line {
    return new Line(now, this.beatAt(now), tempo);
  }
}

/** MIDI clock <-> what it says; as `impsy.codecs.midiclock`. */

import type { MidiClock, MidiMessage } from "./engine/events";
import { FOLLOWING } from "./tables";

const POSITION = 0xf2;
const TICK = 0xf8;
const START = 0xfa;
const CONTINUE = 0xfb;
const STOP = 0xfc;

const SINGLE: Readonly<Record<number, MidiMessage>> = {
  [TICK]: "tick",
  [START]: "start",
  [CONTINUE]: "continue",
  [STOP]: "stop",
};

const { TICKS_A_BEAT, SIXTEENTHS_A_BEAT } = FOLLOWING;
const TICKS_A_SIXTEENTH = TICKS_A_BEAT / SIXTEENTHS_A_BEAT;
const POSITIONS = 1 << 14;

/** What a message says about time; null: nothing. */
export function clockEvent(message: ArrayLike<number>, port: string): MidiClock | null {
  const [status = 0, low = -1, high = -1] = Array.from(message);
  if (message.length === 3 && status === POSITION && low < 128 && high < 128) {
    return { kind: "midiClock", message: "position", port, position: (high << 7) | low };
  }
  const meant = message.length === 1 ? SINGLE[status] : undefined;
  return meant === undefined ? null : { kind: "midiClock", message: meant, port, position: 0 };
}

/** What the receiver of the clock is sent: ticks, and when it starts, stops and continues. */
export class ClockSending {
  private rolling = false;
  /** The tick that its song began with. */
  private origin: number | null = null;

  /** The messages of one tick. `position`: ticks since beat 0; `rolling`: whether it is to play. */
  tick(position: number, rolling: boolean): number[][] {
    return rolling ? [...this.begin(position), [TICK]] : [...this.stop(), [TICK]];
  }

  /** The messages that stop it. `forget`: it starts from the beginning next time. */
  stop(forget = false): number[][] {
    const { rolling } = this;
    this.rolling = false;
    if (forget) this.origin = null;
    return rolling ? [[STOP]] : [];
  }

  private begin(position: number): number[][] {
    if (this.rolling) return [];
    if (this.origin === null || position < this.origin) {
      if (position % TICKS_A_BEAT !== 0) return [];
      this.origin = position;
      this.rolling = true;
      return [[START]];
    }
    const ticks = position - this.origin;
    if (ticks % TICKS_A_SIXTEENTH !== 0) return [];
    this.rolling = true;
    const at = (ticks / TICKS_A_SIXTEENTH) % POSITIONS;
    return [[POSITION, at & 0x7f, at >> 7], [CONTINUE]];
  }
}

/** The MIDI messages of the browser's devices, for the monitor of a page that plays by itself. */

import type { LeftOut, MessageKind, PortMessage, ServerMessage, Way } from "../protocol";
import { overhear } from "../sound/midi/ports";
import { describeMidi } from "./words";

/** Between two reports, in ms. */
const EVERY = 1000 / 15;
/** Messages in one report; of more the newest. */
const MOST = 48;
/** Bytes of a message that are shown. */
const BYTES = 512;

const CLOCK: readonly number[] = [0xf1, 0xf2, 0xf8, 0xfa, 0xfb, 0xfc];

function kindOf(status: number): MessageKind {
  if (CLOCK.includes(status)) return "clock";
  if (status >= 0xf0) return "other";
  const kind = status & 0xf0;
  return kind === 0x90 || kind === 0x80 ? "note" : kind === 0xb0 ? "controller" : "other";
}

/** A message as the monitor shows it. `at`: Unix time, in seconds. */
export function passed(way: Way, port: string, data: ArrayLike<number>, at: number): PortMessage {
  const bytes = Array.from({ length: Math.min(data.length, BYTES) }, (_, place) => data[place]!);
  return {
    port,
    way,
    at,
    kind: kindOf(bytes[0] ?? 0),
    words: describeMidi(bytes),
    data: bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    size: data.length,
    changes: [],
    peer: "",
    remark: "",
  };
}

/** Reports what passes while somebody looks; else the devices do not know of it. */
export class MidiTraffic {
  private waiting: PortMessage[] = [];
  private leftOut = new Map<string, LeftOut>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (message: ServerMessage) => void) {}

  show(on: boolean): void {
    overhear(on ? (way, port, data) => this.hear(passed(way, port, data, Date.now() / 1000)) : null);
    if (on) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waiting = [];
    this.leftOut.clear();
  }

  private hear(message: PortMessage): void {
    this.waiting.push(message);
    if (this.waiting.length > MOST) {
      const { port, way } = this.waiting.shift()!;
      const key = `${way} ${port}`;
      this.leftOut.set(key, { port, way, count: (this.leftOut.get(key)?.count ?? 0) + 1 });
    }
    this.timer ??= setTimeout(() => this.report(), EVERY);
  }

  private report(): void {
    this.timer = undefined;
    const [messages, counts] = [this.waiting, [...this.leftOut.values()]];
    this.waiting = [];
    this.leftOut.clear();
    this.tell({ type: "traffic", messages, left_out: counts });
  }
}

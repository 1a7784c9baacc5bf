/** The browser's MIDI devices, mapped as the configuration says, and MIDI clock in and out. */

import { effect } from "@preact/signals";
import type { Control } from "../protocol";
import { wordsOf } from "../sound/midi/messages";
import { choice, routeMidi, transmit } from "../sound/midi/ports";
import type { EndNotes, EngineEvent, Play, SendStop, SendTick } from "./engine/events";
import { InputMapping } from "./mapping/input";
import { OutputMapping } from "./mapping/output";
import { clockEvent, ClockSending } from "./midiclock";

/** Each control with the entries that it is received by, those of several ports once. */
function* receivedBy(controls: readonly Control[]) {
  for (const { index, received } of controls) {
    const different = new Map(received.map((entry) => [wordsOf(entry), entry]));
    for (const entry of different.values()) yield [index, entry] as const;
  }
}

export class Devices {
  private input = new InputMapping([]);
  private output: OutputMapping | null = null;
  private readonly clock = new ClockSending();

  /** `receive` gets what is done at a device. */
  constructor(receive: (event: EngineEvent) => void) {
    routeMidi({
      takes: (message, port) => {
        const event = clockEvent(message, port) ?? this.input.event(message, port);
        if (event) receive(event);
        return event !== null;
      },
      plays: () => this.mapping !== null,
    });
    // What sounds at a device ends before another one is chosen.
    effect(() => {
      if (choice.value) this.silence();
    });
  }

  /** Other controls. */
  configure(controls: readonly Control[]): void {
    this.silence();
    this.input = new InputMapping(receivedBy(controls));
    const sent = controls.map((control) => control.sent[0]);
    const all = sent.filter((entry) => entry !== undefined);
    this.output = all.length > 0 && all.length === sent.length ? new OutputMapping(all) : null;
  }

  /** What plays what the configuration maps; null: it maps nothing, or the visitor has chosen otherwise. */
  private get mapping(): OutputMapping | null {
    return choice.peek().as === "config" ? this.output : null;
  }

  play({ values, moved, origin }: Play): void {
    const { mapping } = this;
    if (mapping) transmit(moved === null ? mapping.encode(values) : mapping.passOn(values, moved, origin));
  }

  endNotes({ keys, origin }: EndNotes): void {
    transmit(this.output?.endNotes(keys, origin) ?? []);
  }

  silence(): void {
    transmit(this.output?.allNotesOff() ?? []);
  }

  panic(): void {
    transmit(this.output?.panic() ?? []);
  }

  tick({ position, rolling }: SendTick): void {
    transmit(this.clock.tick(position, rolling));
  }

  stop({ forget }: SendStop): void {
    transmit(this.clock.stop(forget));
  }
}

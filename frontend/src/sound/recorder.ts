/** The sound of a performance as a WAV file, taken sample by sample where it leaves the synthesiser. */

import { signal } from "@preact/signals";
import { home } from "../home";
import { saveAs } from "../record/saving";
import { notify } from "../store";
import { soundEngine } from "./state";
import { HEADER_BYTES, pcm, wavHeader } from "./wav";

const CHANNELS = 2;
const BITS = 16;
/** Frames that are encoded together; the browser keeps what is encoded, on the disk where it is much. */
const PIECE = 1 << 18;
/** Seconds after which the visitor is told how large the file is, and after which it ends by itself. */
export const WARN_AFTER = 30 * 60;
export const MOST_SECONDS = 90 * 60;
const FRAMES_AT_ONCE = 16_384;
const WORKLET = "/recording.js";

export interface Taped {
  seconds: number;
  bytes: number;
}

/** What is being recorded; null: nothing. */
export const taping = signal<Taped | null>(null);

/** Collects frames, encoded in pieces; one that is begun is all that is held as numbers. */
export class Tape {
  frames = 0;
  private readonly pieces: Blob[] = [];
  private waiting: Float32Array[][] = [];
  private held = 0;

  constructor(readonly rate: number) {}

  /** Samples of both channels, which are kept as they are: they must be copies. */
  add(channels: Float32Array[]): void {
    const frames = channels[0]!.length;
    this.waiting.push(channels);
    this.held += frames;
    this.frames += frames;
    if (this.held >= PIECE) this.encode();
  }

  private encode(): void {
    if (this.waiting.length > 0) this.pieces.push(new Blob(this.waiting.map((each) => pcm(each, BITS))));
    this.waiting = [];
    this.held = 0;
  }

  get seconds(): number {
    return this.frames / this.rate;
  }

  get bytes(): number {
    return HEADER_BYTES + (this.frames * CHANNELS * BITS) / 8;
  }

  file(): Blob {
    this.encode();
    return new Blob([wavHeader(this.frames, CHANNELS, this.rate, BITS), ...this.pieces], { type: "audio/wav" });
  }
}

type Hear = (channels: Float32Array[]) => void;

/** A node that hears each sample in the audio thread; where a page may have none, in the page's own. */
async function listener(context: AudioContext, hear: Hear): Promise<AudioNode> {
  if (home().hasProcesses && context.audioWorklet !== undefined) {
    try {
      await context.audioWorklet.addModule(WORKLET);
      const node = new AudioWorkletNode(context, "recording", { channelCount: CHANNELS, channelCountMode: "explicit" });
      node.port.onmessage = (event: MessageEvent<Float32Array[]>) => hear(event.data);
      return node;
    } catch {
      // The page's own thread does it.
    }
  }
  const node = context.createScriptProcessor(FRAMES_AT_ONCE, CHANNELS, CHANNELS);
  node.onaudioprocess = ({ inputBuffer }) =>
    hear([inputBuffer.getChannelData(0).slice(), inputBuffer.getChannelData(1).slice()]);
  return node;
}

let stop: (() => void) | null = null;
/** Which recording is on: one that was ended before its node was ready must not begin. */
let latest = 0;

/** Record what sounds from now on. Nothing happens where it is recorded already, or nothing can sound. */
export async function startTaping(): Promise<void> {
  const engine = soundEngine();
  if (engine === null || taping.value !== null) return;
  const { context, node } = engine.output;
  const tape = new Tape(context.sampleRate);
  taping.value = { seconds: 0, bytes: 0 };
  const mine = ++latest;
  engine.keepAwake(true);
  let warned = false;
  const listening = await listener(context, (channels) => {
    if (stop === null) return;
    tape.add(channels);
    taping.value = { seconds: tape.seconds, bytes: tape.bytes };
    if (!warned && tape.seconds > WARN_AFTER) {
      warned = true;
      const minutes = MOST_SECONDS / 60;
      notify(
        "warning",
        `The sound has been recorded for half an hour. It is saved by itself after ${minutes} minutes.`,
      );
    }
    if (tape.seconds >= MOST_SECONDS) stopTaping();
  });
  if (mine !== latest) {
    if (taping.value === null) engine.keepAwake(false);
    return;
  }
  const began = new Date();
  stop = () => {
    listening.disconnect();
    node.disconnect(listening);
    engine.keepAwake(false);
    saveAs(tape.file(), `impsy-${stamp(began)}.wav`);
  };
  node.connect(listening);
  listening.connect(context.destination); // it is silent; without an end, browsers do not run it
}

/** End the recording and save it. */
export function stopTaping(): void {
  const end = stop;
  stop = null;
  latest += 1;
  taping.value = null;
  end?.();
}

/** Local time, for the name of a file. */
export function stamp(date: Date): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
}

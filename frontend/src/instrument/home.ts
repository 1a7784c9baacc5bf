/** The home of pages that play by themselves: messages and requests are answered in the page. */

import { signal } from "@preact/signals";
import { ApiError } from "../api";
import { plainControl } from "../controls";
import type { Answer, Connection, Home } from "../home";
import type { Control, Instrument, Overview, PageMessage, ServerMessage, Session as SessionAnswer } from "../protocol";
import { eventOf, eventsOfPreset } from "./commands";
import { type Settings, settingsOf } from "./engine/settings";
import { type Entry, Library } from "./library";
import { Devices } from "./midi";
import type { NetworkPredictor } from "./model/network-predictor";
import { SeededRandom } from "./random";
import { Recording } from "./recording";
import { changesOf, Scenes, sceneOf } from "./scenes";
import { Session } from "./session";
import { MidiTraffic } from "./traffic";

/** The name of the page among the ports that the engine hears. */
const PORT = "page";

/** Those of a model of another dimension than the configuration's. */
const plainControls = (count: number): Control[] =>
  Array.from({ length: count }, (_, index) => plainControl(index, `x ${index + 1}`));

export class LocalHome implements Home {
  readonly hasProcesses = false;
  readonly showsPorts = "requestMIDIAccess" in navigator;
  readonly library: Library;
  /** The take that is being recorded. */
  readonly recording = signal<Recording>(null!);
  /** Takes that ended before they were saved. */
  readonly earlier = signal<readonly Recording[]>([]);
  private readonly devices = new Devices((event) => this.session?.receive(event));
  private readonly traffic = new MidiTraffic((message) => this.tell(message));
  private readonly scenes: Scenes;
  private session: Session | null = null;
  private playing: Entry | null = null;
  private sentence = "";
  private recalled = "";
  private tell: (message: ServerMessage) => void = () => undefined;

  constructor(private readonly content: Instrument) {
    this.library = new Library(content.models);
    this.scenes = new Scenes(content.title, content.scenes);
    this.recording.value = this.newRecording(content.dimension);
  }

  open(receive: (message: ServerMessage) => void, report: (state: Connection) => void): void {
    this.tell = receive;
    report("open");
    receive({ type: "hello", version: this.content.version });
    void this.start();
  }

  send(message: PageMessage): boolean {
    switch (message.type) {
      case "play":
        this.hear(message.changes);
        return true;
      case "touch":
        this.session?.receive({ kind: "touched", controls: message.controls });
        return true;
      case "ports":
        this.traffic.show(message.on);
        return true;
      case "ping":
        this.tell({ type: "pong", t: message.t });
        return true;
      case "command":
        this.command(message.name, message.value);
        return true;
    }
  }

  async ask(method: string, path: string, body?: BodyInit): Promise<Answer> {
    const [, , group = "", name = ""] = path.split("/");
    const of = `${method} ${group}`;
    if (of === "GET overview") return { status: 200, content: this.overview() };
    if (of === "GET session" && name === "") return { status: 200, content: this.answer() };
    if (of === "POST session" && name === "start") {
      await this.start();
      return { status: 200, content: this.answer() };
    }
    if (of === "PUT scenes" || of === "DELETE scenes") {
      const given = method === "PUT" ? (JSON.parse(String(body)) as Record<string, unknown>) : null;
      const called = decodeURIComponent(name);
      this.scenes.set(called, given && sceneOf(called, given));
      this.session?.changed();
      return { status: 200, content: {} };
    }
    throw new ApiError("This page plays by itself, and has no such thing.", 404);
  }

  /** Play with a model; one with another number of controls begins a new take. Rejects with a sentence. */
  async playWith(entry: Entry, opened?: NetworkPredictor): Promise<void> {
    const predictor = opened ?? (await this.library.open(entry));
    this.playing = entry;
    this.sentence = "";
    if (this.session?.dimension === predictor.dimension) {
      this.session.receive({ kind: "setPredictor", predictor, name: entry.name });
    } else {
      this.begin(entry, predictor);
    }
    this.tell({ type: "changed", what: "models" });
  }

  /** End the take, and begin another one. */
  newTake(): void {
    this.beginTake(this.recording.value.dimension);
    this.session?.record(this.recording.value);
  }

  /** Whether something that was recorded would be lost with the page. */
  get hasUnsaved(): boolean {
    return [this.recording.value, ...this.earlier.value].some((take) => take.unsaved.value > 0);
  }

  private beginTake(dimension: number): void {
    const takes = [...this.earlier.value, this.recording.value];
    this.earlier.value = takes.filter((take) => take.unsaved.value > 0);
    this.recording.value = this.newRecording(dimension);
  }

  private async start(): Promise<void> {
    if (this.session !== null) return;
    const entry = this.library.entries.value[0];
    try {
      if (entry === undefined) throw new Error("There is no model in this page. Open a .tflite file under Files.");
      await this.playWith(entry);
    } catch (error) {
      this.sentence = (error as Error).message;
      this.tell({ type: "session", ...this.answer() });
    }
  }

  private newRecording(dimension: number): Recording {
    return new Recording(dimension, { interface: this.content.log_input, rnn: this.content.log_predictions });
  }

  private begin(entry: Entry, predictor: NetworkPredictor): void {
    this.session?.close();
    const { dimension } = predictor;
    const own = dimension === this.content.dimension;
    const given = { ...this.content.settings, dimension, hands: own ? this.content.hands : [] };
    if (this.recording.value.dimension !== dimension) this.beginTake(dimension);
    this.devices.configure(own ? this.content.controls : plainControls(dimension - 1));
    this.session = new Session(
      settingsOf(given as unknown as Settings),
      predictor,
      SeededRandom.unseeded(),
      entry.name,
      this.recording.value,
      this.devices,
      (message) => this.tell(message),
      (settings) => ({ scenes: this.scenes.list.map(({ name }) => name), scene: this.sceneOf(settings) }),
    );
  }

  private hear(changes: readonly (readonly [number, number])[]): void {
    if (this.session === null) return;
    const known = changes.filter(([index]) => index < this.session!.dimension - 1);
    if (known.length > 0) this.session.receive({ kind: "update", changes: known, port: PORT, struck: false });
  }

  private command(
    name: Extract<PageMessage, { type: "command" }>["name"],
    value: boolean | number | string | null,
  ): void {
    const { session } = this;
    if (session === null) return;
    try {
      if (name === "mark") session.mark(String(value ?? ""));
      else if (name === "scene") this.recall(String(value));
      else if (name === "preset") for (const event of eventsOfPreset(String(value))) session.receive(event);
      else if (name === "model") this.switchTo(String(value));
      else {
        const event = eventOf({ name, value });
        if (event === null) throw new Error("This page plays by itself, and does not learn.");
        session.receive(event);
      }
    } catch (error) {
      this.tell({ type: "sentence", level: "error", text: (error as Error).message });
    }
  }

  private switchTo(path: string): void {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const entry = this.library.find(name);
    if (entry === undefined) throw new Error(`There is no model ${name} in this page. Open its file under Files.`);
    this.playWith(entry).catch((error: Error) => {
      this.tell({ type: "sentence", level: "error", text: error.message });
    });
  }

  private recall(name: string): void {
    const scene = this.scenes.find(name);
    if (scene === undefined) throw new Error(`There is no scene “${name}”.`);
    this.recalled = name;
    if (scene.model && !scene.model.endsWith(`/${this.playing?.name}`)) this.switchTo(scene.model);
    for (const change of changesOf(scene)) this.session?.receive({ kind: "set", ...change });
  }

  /** The scene that was recalled last; empty if something that it set has changed since. */
  private sceneOf(settings: Settings): string {
    const scene = this.scenes.find(this.recalled);
    const holds = scene && changesOf(scene).every(({ name, value }) => settings[name as keyof Settings] === value);
    return holds ? this.recalled : "";
  }

  private answer(): SessionAnswer {
    if (this.session !== null) {
      return { status: "running", ours: true, pid: 1, sentence: "", state: this.session.state() };
    }
    return {
      status: this.sentence ? "failed" : "starting",
      ours: true,
      pid: null,
      sentence: this.sentence,
      state: null,
    };
  }

  private overview(): Overview {
    const { version, title, controls, dimension: configured } = this.content;
    const dimension = this.session?.dimension ?? configured;
    return {
      version,
      title,
      workspace: "",
      demo: false,
      configured: true,
      dimension,
      mode: null,
      controls: dimension === configured ? controls : plainControls(dimension - 1),
      scenes: this.scenes.list,
      models: this.library.names(dimension),
    };
  }
}

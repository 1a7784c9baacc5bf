/** Both players, their patch and the mix: all that sounds, in any context, live or not. */

import { Beat } from "./beat";
import { Drift } from "./drift";
import { Glass } from "./glass";
import { Mix, type Section, type Who } from "./mix";
import type { Patch, Tuning } from "./patch";
import { Player } from "./player";
import { Pulse } from "./pulse";
import { type Part, partsOf } from "./roles";
import { scaleOf } from "./scales";
import type { PatchName, SoundSettings } from "./settings";

const PLAYERS: readonly Who[] = ["performer", "model"];

type Maker = (section: Section, tuning: Tuning, others: () => boolean) => Patch;

const PATCH_MAKERS: Record<PatchName, Maker> = {
  glass: (section, tuning) => new Glass(section, tuning),
  drift: (section, tuning) => new Drift(section, tuning),
  pulse: (section, tuning, others) => new Pulse(section, tuning, others),
};

/** `values`, and what they were before where a number is none. */
export const merged = (before: readonly number[], values: readonly number[]): number[] =>
  values.map((value, index) => (Number.isFinite(value) ? value : (before[index] ?? value)));

interface Seat {
  patch: Patch;
  player: Player;
}

export class Ensemble {
  readonly mix: Mix;
  private readonly beat: Beat;
  private seats!: Record<Who, Seat>;
  private readonly last: Record<Who, readonly number[]>;

  /** `kinds`: those of the controls; `now`: where the controls are already, which is not played. */
  constructor(
    context: BaseAudioContext,
    private settings: SoundSettings,
    private kinds: readonly string[],
    now: Record<Who, readonly number[]> = { performer: [], model: [] },
  ) {
    this.mix = new Mix(context, settings);
    this.beat = new Beat(settings.tempo);
    this.last = { ...now };
    this.seat(context.currentTime);
  }

  private seat(when: number): void {
    const parts: readonly Part[] = partsOf(this.kinds);
    const tuning: Tuning = { scale: scaleOf(this.settings.scale), root: this.settings.root, beat: this.beat };
    const patches = new Map<Who, Patch>();
    const make = (who: Who): Seat => {
      const section = this.mix.sections[who];
      const others = () => [...patches].some(([other, each]) => other !== who && each.end === Infinity);
      const patch = PATCH_MAKERS[this.settings.patch](section, tuning, others);
      patches.set(who, patch);
      return { patch, player: new Player(section, patch, parts, tuning, this.last[who], when) };
    };
    this.seats = { performer: make("performer"), model: make("model") };
  }

  /** A player's controls are at these values now. */
  play(values: readonly number[], who: Who, when: number): void {
    this.last[who] = values;
    if (this.settings[who].on) this.seats[who].player.play(values, when);
  }

  /** A player goes on from these values; NaN: from its own. */
  place(values: readonly number[], who: Who, when: number): void {
    this.last[who] = merged(this.last[who], values);
    if (this.settings[who].on) this.seats[who].player.place(values, when);
  }

  /** Where a player's controls are, without a sound. */
  remember(values: readonly number[], who: Who): void {
    this.last[who] = values;
  }

  /** Schedule what happens by itself until then. */
  advance(until: number): void {
    for (const who of PLAYERS) this.seats[who].patch.advance(until);
  }

  /** Use other settings from now on. Another patch or tuning starts again; the rest changes while it sounds. */
  set(settings: SoundSettings, when: number): void {
    const before = this.settings;
    this.settings = settings;
    this.mix.set(settings, when);
    this.beat.setTempo(settings.tempo, when);
    const anew =
      settings.patch !== before.patch ||
      settings.scale !== before.scale ||
      settings.root !== before.root ||
      PLAYERS.some((who) => settings[who].on !== before[who].on);
    if (anew) this.reseat(when);
  }

  /** Other controls. */
  setKinds(kinds: readonly string[], when: number): void {
    if (kinds.join() === this.kinds.join()) return;
    this.kinds = [...kinds];
    this.reseat(when);
  }

  /** Start again, from where the controls are. */
  reseat(when: number): void {
    this.stop(when);
    this.seat(when);
  }

  /** End all that sounds. */
  stop(when: number): void {
    for (const who of PLAYERS) this.seats[who].patch.stop(when);
  }

  /** When the last note is over; the room still sounds a little. */
  get end(): number {
    return Math.max(...PLAYERS.map((who) => this.seats[who].patch.end));
  }
}

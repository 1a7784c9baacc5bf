/** What the model will play unless somebody interrupts: computed by copies of the engine, while it rests. */

import { type Engine } from "./engine/engine";
import type { EngineEvent, Play } from "./engine/events";
import { Plan, type Planned } from "./engine/plan";

/** Between two plans at least, in ms. */
const ROUND = 50;
/** At most in a round: the densest playing needs 50. */
const STEPS_A_ROUND = 256;
/** Events of the engine that may wait to be compared with the plan. */
const MOST_PLAYED = 1000;

/** Events that do not change what the model plays. Nor do clocks, where nothing is pulled to their beats. */
const ENDS_NOTES: ReadonlySet<string> = new Set(["released", "unplugged"]);

export class Ahead {
  private plan: Plan | null = null;
  private played: Planned[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = true;

  /** `show` gets each plan; null: there was one, and it may not come. */
  constructor(
    private readonly engine: Engine,
    private readonly now: () => number,
    private readonly show: (events: readonly Planned[] | null) => void,
  ) {}

  /** Something has happened that may change what the model plays. */
  interrupted(event: EngineEvent | null = null, quantise = 0): void {
    if (event && (ENDS_NOTES.has(event.kind) || (event.kind === "midiClock" && quantise === 0))) return;
    this.wanted = true;
    this.plan = null;
    this.show(null);
    this.later(0);
  }

  /** The engine has played this. */
  follow(play: Play): void {
    if (play.source !== "rnn" || this.plan === null) return;
    this.played.push({ due: play.due, values: play.values });
    if (this.played.length > MOST_PLAYED) this.played.shift();
    this.later(0);
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.plan = null;
    this.wanted = false;
  }

  private later(wait: number): void {
    this.timer ??= setTimeout(() => this.round(), Math.max(ROUND, wait));
  }

  private round(): void {
    this.timer = undefined;
    try {
      if (this.wanted) this.begin();
      this.goOn();
    } catch {
      // A model that fails here fails where it plays, too, and is reported there.
      this.plan = null;
      this.show([]);
    }
  }

  private begin(): void {
    const copy = this.engine.fork();
    copy.wake();
    this.wanted = false;
    this.played = [];
    this.plan = new Plan(copy, this.now());
  }

  private goOn(): void {
    const { plan } = this;
    if (plan === null) return;
    for (let step = 0; step < STEPS_A_ROUND && plan.wantsMore(this.now()); step += 1) plan.step();
    if (!plan.follow(this.played, this.now())) {
      this.interrupted();
      return;
    }
    this.show(plan.coming(this.now()));
    const more = plan.moreAt(this.now());
    if (more !== null) this.later(1000 * (more - this.now()));
  }
}

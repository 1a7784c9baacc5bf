/** The model that plays, and what it has heard; as `impsy.engine.hearing`. */

import { copied } from "../copying";
import type { Predictor, Random } from "../model/predictor";
import { HEARING } from "../tables";
import type { Values } from "./events";
import type { Given } from "./holding";

/**
 * A predictor with its name, and the vectors that it has heard: one that takes its place hears the latest too.
 *
 * `primed`: it has heard something since it was reset, and can be asked. `revision` increases whenever what it predicts
 * may have changed.
 */
export class Hearing {
  revision = 0;
  primed = false;
  private context: Values[] = [];
  /** The state of the predictor that a copy begins with. */
  private saved: unknown = null;

  constructor(
    public predictor: Predictor,
    public name: string,
  ) {}

  /** A copy that shares nothing that changes, but for the predictor: it has that one's state until it wakes. */
  fork(): Hearing {
    return copied<Hearing>(this, { context: [...this.context], saved: this.predictor.save() });
  }

  /** Let a copy have a predictor of its own. */
  wake(): void {
    const twin = this.predictor.twin();
    twin.restore(this.saved);
    this.saved = null;
    this.predictor = twin;
  }

  /** The network takes a step. */
  hear(vector: Values): void {
    this.predictor.hear(vector);
    this.context.push(vector);
    if (this.context.length > HEARING.CONTEXT) this.context.shift();
    this.primed = true;
    this.revision += 1;
  }

  /** Let one that has heard nothing hear the latest vector again, or `opening` if there is none. */
  prime(opening: Values): void {
    if (!this.primed) this.hear(this.latest ?? opening);
  }

  /** The vector that was heard last; null: there is none that another predictor would hear. */
  get latest(): Values | null {
    return this.context.at(-1) ?? null;
  }

  /** Draw `[dt, x_1 … x_n]` from what it predicts next, given these values of controls. */
  sample(random: Random, piTemperature: number, sigmaTemperature: number, given: Given): number[] {
    if (given.size > 0) return this.predictor.sampleGiven(random, piTemperature, sigmaTemperature, given);
    return this.predictor.sample(random, piTemperature, sigmaTemperature);
  }

  /** Back to the state before the first vector. `forget`: one that takes its place hears none of them. */
  reset(forget = false): void {
    this.predictor.reset();
    this.primed = false;
    this.revision += 1;
    if (forget) this.context = [];
  }

  /** Another one plays from now on, and has heard the latest vectors. */
  replace(predictor: Predictor, name: string): void {
    for (const vector of this.context) predictor.hear(vector);
    this.predictor = predictor;
    this.name = name;
    this.primed = this.context.length > 0;
    this.revision += 1;
  }

  /** A copy of what it predicts next; null if it has heard nothing since it was reset. */
  mixture(): Float32Array | null {
    return this.primed ? this.predictor.mixture() : null;
  }
}

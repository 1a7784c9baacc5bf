// The head of a gesture network: see `impsy.models.architectures.Gestures`.
import { eluPlusOne, type Head, logTime, rint, sign, Standing } from "./heads";
import { SIGMA_FLOOR } from "./sizes";
import type { GestureConstants, Weights } from "./weights";

/** How a computed number of the mixture counts. */
const AS_IT_IS = 0;
const ONE_SIDED = 1;
const MOMENTUM = 2;

/** Only the live numbers of its mixture are computed: time, and the controls that a component moves. */
export class GestureHead implements Head {
  readonly carried;
  private readonly standing: Standing;
  private readonly gesture: Float32Array;
  private readonly way: Float64Array;
  /** Whether anything was heard, 0 or 1. */
  private readonly heard = new Float32Array(1);
  private readonly perThreshold: Float32Array;
  private readonly live: Live;
  private readonly dimension: number;
  private readonly mixtures: number;

  constructor(
    weights: Weights,
    private readonly fixed: GestureConstants,
  ) {
    this.dimension = weights.dimension;
    this.mixtures = weights.mixtures;
    this.live = liveOf(fixed, this.dimension);
    this.standing = new Standing(fixed);
    this.gesture = new Float32Array(fixed.grid.length);
    this.way = new Float64Array(fixed.grid.length);
    this.perThreshold = fixed.threshold.map((threshold) => 1 / threshold);
    this.carried = [this.standing.base, this.gesture, this.heard];
  }

  features(scaled: Float32Array, out: Float32Array): void {
    const { standing, fixed, gesture } = this;
    const { base, move, low, high } = standing;
    const n = base.length;
    standing.hear(scaled);
    if (!this.heard[0]) move.fill(0);
    this.heard[0] = 1;
    const moved = move.some((each, i) => this.turns(each, i) !== 0);
    if (moved) gesture.set(move);
    out[0] = logTime(scaled[0]!);
    for (let i = 0; i < n; i++) {
      const way = (this.way[i] = sign(this.turns(gesture[i]!, i)));
      const change = Math.tanh(fixed.changeScale[i]! * move[i]!);
      out[1 + i] = base[i]!;
      out[1 + n + i] = change;
      out[1 + 2 * n + i] = change * change;
      out[1 + 3 * n + i] = low[i]!;
      out[1 + 4 * n + i] = high[i]!;
      out[1 + 5 * n + i] = Math.tanh((fixed.changeScale[i]! / 2) * gesture[i]!);
      out[1 + 6 * n + i] = Math.abs(way);
    }
    out[1 + 7 * n] = moved ? 1 : 0;
  }

  mixture(dense: Float32Array, parameters: Float32Array): void {
    const { dimension, mixtures, fixed, standing, live } = this;
    const width = mixtures * dimension;
    for (let r = 0; r < live.resting.length; r++) {
      const place = live.resting[r]!;
      const i = (place % dimension) - 1;
      parameters[place] = standing.base[i]!;
      parameters[width + place] = fixed.rest[i]!;
    }
    const count = live.place.length;
    for (let q = 0; q < count; q++) {
      const i = live.control[q]!;
      const place = live.place[q]!;
      const sigma = fixed.sigmaScale[q]! * (eluPlusOne(dense[count + q]!) + SIGMA_FLOOR) + fixed.sigmaFloor[q]!;
      if (i < 0) {
        parameters[place] = dense[q]!;
        parameters[width + place] = sigma;
        continue;
      }
      const way = live.continues[q] ? this.way[i]! : 1;
      parameters[place] = standing.after(i, this.travel(q, i, dense[q]!, sigma) * live.direction[q]! * way);
      parameters[width + place] = way === 0 ? fixed.rest[i]! : sigma;
    }
    for (let k = 0; k < mixtures; k++) parameters[2 * width + k] = dense[2 * count + k]!;
  }

  reset(): void {
    this.standing.reset();
    this.gesture.fill(0);
    this.heard[0] = 0;
  }

  /** How far a component moves a control, forward counting from where it points. */
  private travel(q: number, i: number, raw: number, sigma: number): number {
    const { unit, margin } = this.fixed;
    const kind = this.live.kind[q];
    if (kind === AS_IT_IS) return raw;
    const least = 0.5 * unit[i]! + margin * sigma;
    return kind === ONE_SIDED ? unit[i]! * eluPlusOne(raw) + least : Math.max(Math.abs(this.gesture[i]!) + raw, least);
  }

  /** How many thresholds control `i` moved, rounded. */
  private turns(move: number, i: number): number {
    return rint(Math.fround(move * this.perThreshold[i]!));
  }
}

/** The live numbers, in their order. */
interface Live {
  /** Where in mu, and in sigma, the others lie. */
  resting: Int32Array;
  /** Where in mu, and in sigma, each lies. */
  place: Int32Array;
  /** −1: time. */
  control: Int32Array;
  direction: Float32Array;
  kind: Uint8Array;
  continues: Uint8Array;
}

function liveOf(fixed: GestureConstants, dimension: number): Live {
  const n = dimension - 1;
  const rows = [];
  const resting = [];
  for (let k = 0; k < fixed.direction.rows; k++) {
    const kind = fixed.oneSided[k] ? ONE_SIDED : fixed.momentum[k] ? MOMENTUM : AS_IT_IS;
    rows.push({ place: k * dimension, control: -1, direction: 1, kind: AS_IT_IS, continues: 0 });
    for (let i = 0; i < n; i++) {
      const direction = fixed.direction.values[k * n + i]!;
      const place = k * dimension + 1 + i;
      if (direction) rows.push({ place, control: i, direction, kind, continues: fixed.continues[k]! });
      else resting.push(place);
    }
  }
  return {
    resting: Int32Array.from(resting),
    place: Int32Array.from(rows, (row) => row.place),
    control: Int32Array.from(rows, (row) => row.control),
    direction: Float32Array.from(rows, (row) => row.direction),
    kind: Uint8Array.from(rows, (row) => row.kind),
    continues: Uint8Array.from(rows, (row) => row.continues),
  };
}

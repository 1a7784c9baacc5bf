/** Random numbers of a seed, for choices of the model that can be planned ahead. */

import type { Random } from "./model/predictor";

/** A source whose copies go on with the same numbers. */
export interface ForkableRandom extends Random {
  fork(): ForkableRandom;
}

const UINT32 = 2 ** 32;

/** The generator sfc32 (Doty-Humphrey, PractRand), 128 bits of state; normal numbers by the polar method of Marsaglia. */
export class SeededRandom implements ForkableRandom {
  private state: readonly [number, number, number, number];
  private spare: number | null = null;

  /** `seed`: a whole number; any other makes another sequence. */
  constructor(seed: number) {
    this.state = [seed >>> 0, Math.floor(seed / UINT32) >>> 0, 0x9e3779b9, 1];
    for (let i = 0; i < 16; i += 1) this.next();
  }

  /** One that nobody can foresee. */
  static unseeded(): SeededRandom {
    const [high, low] = crypto.getRandomValues(new Uint32Array(2));
    return new SeededRandom((high! >>> 11) * UINT32 + low!);
  }

  fork(): SeededRandom {
    const twin = new SeededRandom(0);
    twin.state = this.state;
    twin.spare = this.spare;
    return twin;
  }

  uniform(): number {
    return ((this.next() >>> 5) * 2 ** 26 + (this.next() >>> 6)) / 2 ** 53;
  }

  normal(): number {
    const { spare } = this;
    this.spare = null;
    return spare ?? this.pair();
  }

  /** Two normal numbers: one is returned, the other kept. */
  private pair(): number {
    for (;;) {
      const [x, y] = [2 * this.uniform() - 1, 2 * this.uniform() - 1];
      const square = x * x + y * y;
      if (square === 0 || square >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.spare = y * factor;
      return x * factor;
    }
  }

  private next(): number {
    const [a, b, c, count] = this.state;
    const result = (a + b + count) >>> 0;
    this.state = [
      b ^ (b >>> 9),
      (c + (c << 3)) >>> 0,
      ((((c << 21) | (c >>> 11)) >>> 0) + result) >>> 0,
      (count + 1) >>> 0,
    ];
    return result;
  }
}

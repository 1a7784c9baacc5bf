/** Small pictures of takes, requested a few at a time and kept while the take does not grow. */

import { get, part } from "../api";
import { type Sparkline, sparkline } from "./sparkline";
import type { Picture, Take } from "../protocol";

export const WIDE = 160;
export const HIGH = 36;
const POINTS = 200;
const AT_ONCE = 2;
const KEPT = 400;

const kept = new Map<string, Sparkline>();
const queue: (() => Promise<void>)[] = [];
let busy = 0;

const keyOf = (take: Take) => `${take.name}\n${take.size}`;

function next(): void {
  while (busy < AT_ONCE) {
    const work = queue.shift();
    if (!work) return;
    busy += 1;
    void work().finally(() => {
      busy -= 1;
      next();
    });
  }
}

export const keptSparkline = (take: Take) => kept.get(keyOf(take));

/** `wanted`: whether the picture is still visible when its turn comes. */
export function askSparkline(take: Take, wanted: () => boolean): Promise<Sparkline | null> {
  return new Promise((resolve) => {
    queue.push(async () => {
      if (!wanted()) return resolve(null);
      const picture = await get<Picture>(pictureOf(take.name, POINTS)).catch(() => null);
      if (picture === null) return resolve(null);
      const drawn = sparkline(picture, WIDE, HIGH);
      kept.set(keyOf(take), drawn);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
      resolve(drawn);
    });
    next();
  });
}

export function pictureOf(name: string, points: number, range?: readonly [number, number]): string {
  const stretch = range ? `&from=${range[0].toFixed(4)}&to=${range[1].toFixed(4)}` : "";
  return `/api/takes/${part(name)}/picture?points=${points}${stretch}`;
}

/** How the lines of a take are laid out: a lane for each control, or overlaid. */

import type { Picture } from "../protocol";

export type Layout = "lanes" | "overlay";

/** Which share of its lane a line may fill. */
const FILLED = 0.84;

/** The value as a height in `lanes` lanes, the first one on top. */
export function laned(value: number, lane: number, lanes: number): number {
  return lanes - 1 - lane + (1 - FILLED) / 2 + Math.min(1, Math.max(0, value)) * FILLED;
}

/** Which lane a height is in. */
export const laneAt = (height: number, lanes: number) =>
  Math.min(lanes - 1, Math.max(0, lanes - 1 - Math.floor(height)));

export interface Laid {
  control: number;
  who: "performer" | "model";
  values: (number | null)[];
}

/** The lines of the controls shown: the performer's below the model's, those without any value left out. */
export function laidOut(picture: Picture, shown: readonly number[], layout: Layout): Laid[] {
  const side = (who: Laid["who"]) =>
    shown.flatMap((control, lane): Laid[] => {
      const row = picture[who][control];
      if (!row?.some((value) => value !== null)) return [];
      const values =
        layout === "overlay" ? row : row.map((value) => (value === null ? null : laned(value, lane, shown.length)));
      return [{ control, who, values }];
    });
  return [...side("performer"), ...side("model")];
}

/** Whether any value is known. */
export const isBlank = ({ performer, model }: Picture) =>
  ![...performer, ...model].some((row) => row.some((value) => value !== null));

/** The last of the rising `times` that is not after `at`; −1: all are. */
export function indexAt(times: readonly number[], at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The values of a row that hold at an index: the last known one there or before. */
export function held(row: readonly (number | null)[] | undefined, index: number): number | null {
  for (let at = index; row && at >= 0; at -= 1) {
    const value = row[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** A picture's height in pixels for so many lanes. */
export function heightOf(lanes: number, layout: Layout): number {
  if (layout === "overlay") return 320;
  return Math.min(1000, Math.max(220, 44 + lanes * (lanes > 20 ? 15 : 40)));
}

/** The grid that planned events are pulled to; as `impsy.timing.grid`. */

import { GRID } from "../tables";
import type { Line } from "./line";

/** Beats between two points of a grid, by its name. */
export const stepOfGrid = (name: string): number => (GRID.GRIDS as Readonly<Record<string, number>>)[name]!;

/** The beat of the point of the grid that is nearest to the time `due` and not before the time `earliest`. */
export function nearest(line: Line, step: number, due: number, earliest: number): number {
  const wanted = Math.floor(line.beatAt(due) / step + 0.5);
  return Math.max(wanted, Math.ceil(line.beatAt(earliest) / step - GRID.ROUNDING)) * step;
}

/** The time `due`, moved by `share` (0 to 1) of its way to a beat. */
export const pulled = (line: Line, due: number, beat: number, share: number): number =>
  due + share * (line.timeOf(beat) - due);

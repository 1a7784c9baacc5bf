/** A small picture of a take: a path for each control that moves, drawn as steps, for an SVG. */

import type { Picture } from "../protocol";

/**
 * At most two of the points in each of `columns` equal stretches of time: the lowest and the highest, in the order in
 * which they came, so that no peak is lost. Points that are null are left out.
 */
export function thinned(
  times: readonly number[],
  values: readonly (number | null)[],
  columns: number,
  seconds = times[times.length - 1] ?? 0,
): [number, number][] {
  const kept: [number, number][] = [];
  let column = -1;
  let [low, high] = [-1, -1];
  const close = () => {
    if (low < 0) return;
    for (const index of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) {
      kept.push([times[index]!, values[index]!]);
    }
  };
  for (let index = 0; index < times.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) continue;
    const mine = seconds > 0 ? Math.min(columns - 1, Math.floor((times[index]! / seconds) * columns)) : 0;
    if (mine !== column) {
      close();
      column = mine;
      low = high = index;
    } else if (value < values[low]!) low = index;
    else if (value > values[high]!) high = index;
  }
  close();
  return kept;
}

const short = (number: number) => String(Math.round(number * 10) / 10);

/** Points as an SVG path of steps: each value holds until the next one, the last one to the right edge. */
export function stepPath(
  points: readonly (readonly [number, number])[],
  seconds: number,
  width: number,
  height: number,
): string {
  const [first] = points;
  if (!first) return "";
  const x = (time: number) => short(seconds > 0 ? (time / seconds) * width : 0);
  const y = (value: number) => short((1 - Math.min(1, Math.max(0, value))) * height);
  let path = `M${x(first[0])} ${y(first[1])}`;
  let last = y(first[1]);
  for (const [time, value] of points.slice(1)) {
    const next = y(value);
    if (next === last) continue;
    path += `H${x(time)}V${next}`;
    last = next;
  }
  return `${path}H${short(width)}`;
}

/** How far a control moved in all. */
function travel(values: readonly (number | null)[]): number {
  let sum = 0;
  let last: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    if (last !== null) sum += Math.abs(value - last);
    last = value;
  }
  return sum;
}

export interface Sparkline {
  performer: string[];
  model: string[];
}

/** The paths of those controls that moved most, for `width` by `height` units. */
export function sparkline(picture: Picture, width: number, height: number, most = 4): Sparkline {
  const rows = Math.max(picture.performer.length, picture.model.length);
  const moves = Array.from({ length: rows }, (_, index) => ({
    index,
    far: travel(picture.performer[index] ?? []) + travel(picture.model[index] ?? []),
  }));
  const chosen = moves
    .filter(({ far }) => far > 0)
    .sort((a, b) => b.far - a.far)
    .slice(0, most);
  const paths = (side: readonly (number | null)[][]) =>
    (chosen.length > 0 ? chosen : moves.slice(0, most))
      .map(({ index }) => thinned(picture.times, side[index] ?? [], Math.ceil(width), picture.seconds))
      .map((points) => stepPath(points, picture.seconds, width, height))
      .filter((path) => path !== "");
  return { performer: paths(picture.performer), model: paths(picture.model) };
}

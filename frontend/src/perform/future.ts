/** The faders' future on a canvas: in the lane of each, from now at its left, a faint line to where it will go. */

import { along, stepsOf, type Planned } from "../plan";
import type { Box } from "./cloud";
import { followScheme } from "./scheme";

/** The lane of the model is the right half of a fader. */
const LANE = 0.5;
/** Marks are so wide and high, in pixels of the page. */
const MARK = { width: 7, height: 3 };
/** How visible a mark is: the next one most, and those to come less the later they are. */
export const visibility = (place: number, ahead: number): number =>
  place === 0 ? 0.95 : 0.7 * (1 - 0.55 * along(ahead));

export class Future {
  private boxes: readonly Box[] = [];
  private ratio = 1;
  private colour = "";
  private empty = true;
  readonly close: () => void;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.close = followScheme(() => {
      this.colour = "";
    });
  }

  /** `boxes`: of the faders, in pixels of the page. */
  resize(width: number, height: number, boxes: readonly Box[]): void {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.boxes = boxes;
    this.empty = true;
  }

  /** Draw it as it is `now`; `still`: marks stand in their order and do not move. */
  draw(coming: readonly Planned[], values: readonly number[], now: number, still: boolean): void {
    if (coming.length === 0 && this.empty) return;
    const context = this.canvas.getContext("2d");
    if (!context) return;
    const { ratio } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.canvas.width / ratio, this.canvas.height / ratio);
    this.empty = coming.length === 0;
    if (this.empty) return;
    this.colour ||= getComputedStyle(this.canvas).color;
    context.fillStyle = context.strokeStyle = this.colour;
    context.lineWidth = 1;
    for (const [control, box] of this.boxes.entries()) {
      const from = values[control];
      if (from === undefined || box.width === 0) continue;
      const steps = stepsOf(coming, control, from, now);
      if (steps.length === 0) continue;
      const x = box.x + LANE * box.width + 1;
      const width = (1 - LANE) * box.width - MARK.width / 2 - 2;
      const heightOf = (value: number) => box.y + 2 + (1 - value) * (box.height - 4);
      const places = steps.map(
        ({ ahead }, place) => x + width * (still ? (place + 1) / (steps.length + 1) : along(ahead)),
      );
      context.globalAlpha = 0.4;
      context.beginPath();
      context.moveTo(x, heightOf(from));
      for (const [place, { value }] of steps.entries()) {
        context.lineTo(places[place]!, heightOf(place === 0 ? from : steps[place - 1]!.value));
        context.lineTo(places[place]!, heightOf(value));
      }
      context.stroke();
      const high = MARK.height;
      const wide = Math.min(MARK.width, Math.max(3, width / 3));
      for (const [place, { ahead, value }] of steps.entries()) {
        context.globalAlpha = visibility(place, ahead);
        const grown = place === 0 ? 1 : 0;
        context.fillRect(places[place]! - wide / 2, heightOf(value) - high / 2 - grown / 2, wide, high + grown);
      }
    }
    context.globalAlpha = 1;
  }
}

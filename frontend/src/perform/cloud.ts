/** What the model expects next: for each fader and each component of its mixture a soft band of violet, on one canvas. */

import type { Next } from "../protocol";
import { followScheme } from "./scheme";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Lighter components are not worth drawing. */
const LEAST = 0.02;
/** A band is at least so high, in parts of the fader: a narrow one would not be visible. */
const THINNEST = 0.012;
/** Standard deviations that a band reaches each way. */
const REACH = 2.5;
const SPRITE = 64;

/** How a component looks: from `top` down, in parts of the fader (0: its top); and how strong. */
export function bandOf(mean: number, spread: number, weight: number): { top: number; height: number; alpha: number } {
  const width = Math.min(0.5, Math.max(THINNEST, spread));
  // The same weight spread over more is fainter, but never invisible.
  const alpha = Math.min(0.6, Math.sqrt(weight) * (0.16 + 0.5 * Math.min(1, 0.02 / width)));
  return { top: 1 - mean - REACH * width, height: 2 * REACH * width, alpha };
}

export class Cloud {
  private boxes: Box[] = [];
  private drawn: Next | null = null;
  private stale = true;
  private sprite: HTMLCanvasElement | null = null;
  readonly close: () => void;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.close = followScheme(() => {
      this.sprite = null;
      this.stale = true;
    });
  }

  resize(width: number, height: number, boxes: Box[]): void {
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.boxes = boxes.map((box) => ({
      x: box.x * ratio,
      y: box.y * ratio,
      width: box.width * ratio,
      height: box.height * ratio,
    }));
    this.stale = true;
  }

  /** A band of the normal distribution, one pixel wide: drawn once, and then only stretched. */
  private band(): HTMLCanvasElement {
    if (this.sprite) return this.sprite;
    const sprite = document.createElement("canvas");
    sprite.width = 1;
    sprite.height = SPRITE;
    const context = sprite.getContext("2d")!;
    context.fillStyle = getComputedStyle(this.canvas).color;
    for (let row = 0; row < SPRITE; row += 1) {
      const away = REACH * ((2 * (row + 0.5)) / SPRITE - 1);
      context.globalAlpha = Math.exp(-(away ** 2) / 2);
      context.fillRect(0, row, 1, 1);
    }
    return (this.sprite = sprite);
  }

  draw(next: Next | null): void {
    if (next === this.drawn && !this.stale) return;
    this.drawn = next;
    this.stale = false;
    const context = this.canvas.getContext("2d");
    if (!context) return;
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!next) return;
    const band = this.band();
    for (const [index, box] of this.boxes.entries()) {
      if (box.width === 0) continue;
      const column = next.controls ? next.controls.indexOf(index) : index;
      context.save();
      context.beginPath();
      context.roundRect(box.x, box.y, box.width, box.height, Math.min(12, box.width / 4));
      context.clip();
      for (const [component, weight] of next.weights.entries()) {
        const mean = next.means[component]?.[column];
        const spread = next.spreads[component]?.[column];
        if (weight < LEAST || mean === undefined || spread === undefined) continue;
        const { top, height, alpha } = bandOf(mean, spread, weight);
        context.globalAlpha = alpha;
        context.drawImage(band, box.x, box.y + top * box.height, box.width, Math.max(3, height * box.height));
      }
      context.restore();
    }
  }
}

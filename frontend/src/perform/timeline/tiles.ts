/**
 * The picture of what was played, in tiles of a fixed stretch of time: each is drawn once, gets what is played within
 * it, and is only copied after that.
 */

import type { Memory, Who } from "./memory";
import { Pen, type Strokes, strokesBetween } from "./strokes";

/** Pixels of the page. */
const WIDTH = 256;
const MOST = 24;
const LINE = 1.6;
const DOT = 3;
const BUSY = { height: 3, gap: 2 };
const MARGIN = 5;
const PLAYERS: readonly Who[] = ["performer", "model"];

export interface Look {
  height: number;
  /** Pixels of the screen in one of the page. */
  ratio: number;
  /** Milliseconds in a pixel of the page. */
  scale: number;
  colours: Record<Who, string>;
}

/** Where a value is drawn; below is room for the rows that say who plays. */
export const heightAt = (value: number, height: number): number => {
  const room = height - 2 * MARGIN - 2 * (BUSY.height + BUSY.gap);
  return MARGIN + (1 - Math.min(1, Math.max(0, value))) * room;
};

export class Tiles {
  private readonly kept = new Map<number, HTMLCanvasElement>();
  private pen: Pen;
  private drawn: number;

  constructor(
    private readonly memory: Memory,
    private look: Look,
  ) {
    this.pen = new Pen(memory.controls);
    this.drawn = memory.first;
    this.add();
  }

  /** Milliseconds of a tile. */
  private get span(): number {
    return WIDTH * this.look.scale;
  }

  /** Draw what was played since the last time; returns whether anything was. */
  add(): boolean {
    const { memory } = this;
    if (this.drawn === memory.end) return false;
    const strokes = this.pen.draw(memory, this.drawn, memory.end);
    this.drawn = memory.end;
    const last = Math.floor(strokes.until / this.span);
    for (let number = Math.floor(strokes.from / this.span); number <= last; number += 1) {
      const tile = this.kept.get(number);
      if (tile) this.paint(tile, number, strokes);
    }
    return true;
  }

  /** Copy what was played onto a canvas whose left end is `left`, a time. */
  copy(context: CanvasRenderingContext2D, left: number, width: number): void {
    const { span } = this;
    const { ratio, scale } = this.look;
    const until = left + width * scale;
    for (let number = Math.floor(left / span); number * span < until; number += 1) {
      // Whole pixels: between two of them lines would be soft.
      context.drawImage(this.tile(number), Math.round(((number * span - left) / scale) * ratio), 0);
    }
  }

  private tile(number: number): HTMLCanvasElement {
    const known = this.kept.get(number);
    if (known) {
      this.kept.delete(number);
      this.kept.set(number, known);
      return known;
    }
    const tile = document.createElement("canvas");
    tile.width = Math.round(WIDTH * this.look.ratio);
    tile.height = Math.round(this.look.height * this.look.ratio);
    this.paint(tile, number, strokesBetween(this.memory, number * this.span, (number + 1) * this.span));
    this.kept.set(number, tile);
    if (this.kept.size > MOST) this.kept.delete(this.kept.keys().next().value!);
    return tile;
  }

  private paint(tile: HTMLCanvasElement, number: number, strokes: Strokes): void {
    const context = tile.getContext("2d");
    if (!context) return;
    const { ratio, scale, height } = this.look;
    const start = number * this.span;
    const x = (time: number) => (time - start) / scale;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.lineWidth = LINE;
    context.lineJoin = "round";
    for (const [row, who] of PLAYERS.entries()) {
      const lines = strokes[who];
      if (lines.length === 0) continue;
      context.strokeStyle = context.fillStyle = this.look.colours[who];
      context.globalAlpha = 0.85;
      context.beginPath();
      for (let at = 0; at < lines.length; at += 4) {
        const [t0, v0, t1, v1] = [lines[at]!, lines[at + 1]!, lines[at + 2]!, lines[at + 3]!];
        if (t0 === t1) {
          context.fillRect(x(t1) - DOT / 2, heightAt(v1, height) - DOT / 2, DOT, DOT);
          continue;
        }
        context.moveTo(x(t0), heightAt(v0, height));
        context.lineTo(x(t1), heightAt(v1, height));
      }
      context.stroke();
      context.globalAlpha = 1;
      const busy = strokes.busy[who];
      const y = height - (PLAYERS.length - row) * (BUSY.height + BUSY.gap);
      for (let at = 0; at < busy.length; at += 2) {
        const from = x(busy[at]!);
        context.fillRect(from, y, Math.max(2, x(busy[at + 1]!) - from), BUSY.height);
      }
    }
  }
}

/** The timeline on its canvas: what was played, what is planned, marks, and the line of the moment that is looked at. */

import { live } from "../../live";
import { type Planned, stepsOf } from "../../plan";
import { followScheme } from "../scheme";
import type { Memory } from "./memory";
import { heightAt, Tiles } from "./tiles";
import { AHEAD, headOf, millisecondsPerPixel, PAST } from "./view";

export interface Shown {
  memory: Memory;
  /** The moment that is looked at; null: now. */
  looked: number | null;
  /** The moment that is heard again; null: none is. */
  heard: number | null;
}

const MARK = { width: 10, height: 8 };

export class Painter {
  private width = 0;
  private height = 0;
  private ratio = 1;
  private tiles: Tiles | null = null;
  private of: Memory | null = null;
  private colours: Record<"performer" | "model" | "ink", string> | null = null;
  private last = "";
  private plan: { next: unknown; count: number; path: Path2D; at: number } | null = null;
  private readonly endScheme: () => void;
  private readonly reduced = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.endScheme = followScheme(() => this.forget());
  }

  get still(): boolean {
    return this.reduced.matches;
  }

  close(): void {
    this.endScheme();
  }

  private forget(): void {
    this.colours = this.tiles = this.plan = null;
    this.last = "";
  }

  /** Of the canvas, in pixels of the page. */
  resize(width: number, height: number): void {
    this.ratio = Math.min(2, devicePixelRatio || 1);
    [this.width, this.height] = [width, height];
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.forget();
  }

  /** Draw it as it is `now`; returns whether it moves by itself. */
  draw({ memory, looked, heard }: Shown, now: number): boolean {
    const { width, height, ratio } = this;
    if (width <= 0 || height <= 0) return false;
    const context = this.canvas.getContext("2d");
    if (!context) return false;
    const tiles = this.tilesOf(memory);
    const added = tiles.add();
    const head = headOf(looked, now, this.still);
    const scale = millisecondsPerPixel(width);
    // The picture moves by whole pixels of the screen: nothing is drawn between two of them.
    const step = scale / ratio;
    const left = Math.round((head - PAST) / step) * step;
    const coming = looked === null ? live.plan.coming(now) : [];
    const key = [left, looked, heard, memory.marks.length, coming.length, coming.length > 0 && live.nextAt].join();
    if (added || key !== this.last) {
      this.last = key;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this.canvas.width, this.canvas.height);
      tiles.copy(context, left, width);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const x = (time: number) => (time - left) / scale;
      if (coming.length > 0) this.drawPlan(context, coming, x, now);
      this.drawLines(context, memory, x, Math.min(now, head), looked, heard);
    }
    const newest = memory.end > memory.first ? memory.at(memory.end - 1) : -Infinity;
    const newestMark = memory.marks.at(-1) ?? -Infinity;
    const moves = looked === null && Math.max(newest, newestMark) > now - PAST - AHEAD;
    return moves || coming.length > 0 || heard !== null;
  }

  private tilesOf(memory: Memory): Tiles {
    if (this.tiles && this.of === memory) return this.tiles;
    const style = getComputedStyle(this.canvas);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    this.colours ??= { performer: colour("--you"), model: colour("--it"), ink: colour("--ink") };
    this.of = memory;
    const scale = millisecondsPerPixel(this.width);
    return (this.tiles = new Tiles(memory, { height: this.height, ratio: this.ratio, scale, colours: this.colours }));
  }

  /** The plan is a path from when it came; it is made anew when another comes, or an event was played. */
  private drawPlan(
    context: CanvasRenderingContext2D,
    coming: readonly Planned[],
    x: (time: number) => number,
    now: number,
  ): void {
    const scale = millisecondsPerPixel(this.width);
    if (this.plan?.next !== live.next || this.plan.count !== coming.length) {
      const path = new Path2D();
      for (const [control, from] of live.output.entries()) {
        let before: readonly [number, number] = [0, heightAt(from, this.height)];
        for (const { ahead, value } of stepsOf(coming, control, from, now)) {
          const point = [(1000 * ahead) / scale, heightAt(value, this.height)] as const;
          path.moveTo(...before);
          path.lineTo(...point);
          path.rect(point[0] - 1.5, point[1] - 1.5, 3, 3);
          before = point;
        }
      }
      this.plan = { next: live.next, count: coming.length, path, at: now };
    }
    context.save();
    context.beginPath();
    context.rect(x(now), 0, this.width, this.height);
    context.clip();
    context.translate(x(this.plan.at), 0);
    context.strokeStyle = this.colours!.model;
    context.lineWidth = 1.2;
    context.globalAlpha = 0.5;
    context.stroke(this.plan.path);
    context.restore();
  }

  private drawLines(
    context: CanvasRenderingContext2D,
    memory: Memory,
    x: (time: number) => number,
    line: number,
    looked: number | null,
    heard: number | null,
  ): void {
    const { height, width } = this;
    context.fillStyle = this.colours!.ink;
    for (const at of memory.marks) {
      const place = x(at);
      if (place < -MARK.width || place > width + MARK.width) continue;
      context.globalAlpha = 0.6;
      context.fillRect(place - 0.5, 0, 1, height);
      context.globalAlpha = 1;
      context.beginPath();
      context.moveTo(place - MARK.width / 2, 0);
      context.lineTo(place + MARK.width / 2, 0);
      context.lineTo(place, MARK.height);
      context.fill();
    }
    context.globalAlpha = looked === null ? 0.35 : 0.8;
    context.fillRect(x(line) - 0.5, 0, looked === null ? 1 : 2, height);
    if (heard !== null) {
      context.globalAlpha = 1;
      context.fillRect(x(heard) - 1, 0, 2, height);
    }
    context.globalAlpha = 1;
  }
}

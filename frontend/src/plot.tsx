/** Curves over an axis, by uPlot: in the page's colours, as wide as their place, zoomed by mouse, fingers and keys. */

import { useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./plot/plot.css";
import { type Range, byKey, isWhole, moved, pinched, within, zoomed } from "./plot/zoom";

export interface Line {
  label: string;
  /** As many as there are places on the axis; null: nothing known. */
  values: (number | null)[];
  /** The colour now; read again when the scheme changes between dark and light. */
  colour: () => string;
  width?: number;
  dash?: number[];
  /** Each value holds until the next one. */
  stepped?: boolean;
  dots?: boolean;
}

export interface PlotProps {
  /** A description for screen readers. */
  label: string;
  x: readonly number[];
  lines: readonly Line[];
  height: number;
  /** All that can be looked at, and what is. */
  whole: Range;
  view?: Range;
  /** Somebody zoomed or moved. Without it neither can be done. */
  onView?: (view: Range) => void;
  /** Somebody pointed at a place. */
  onPoint?: (x: number) => void;
  y: { range: Range; marks?: readonly number[]; words?: (value: number) => string };
  xWords: (value: number, step: number) => string;
  /** How far apart the numbers beside the axis may be. */
  xSteps: readonly number[];
  /** What stands under the curves while one points at them, and else. */
  readout?: (x: number, y: number) => string;
  hint?: string;
  /** A place that moves: read at each frame while `moving`. */
  head?: () => number | null;
  moving?: boolean;
  /** A place that was chosen. */
  mark?: number | null;
}

/** A colour of theme.css, as it is now. */
export const themed = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const DARK = matchMedia("(prefers-color-scheme: dark)");
const LETTER = 6.6;
const WIDEST_WORDS = 110;

/** Kept between draws: what uPlot's callbacks read is always the newest. */
interface Held {
  props: PlotProps;
  plot: uPlot | null;
  drawn: { head: HTMLElement; mark: HTMLElement } | null;
}

const viewOf = ({ view, whole }: PlotProps) => view ?? whole;

function shorten(text: string): string {
  const most = Math.floor(WIDEST_WORDS / LETTER);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function options(held: Held, width: number): uPlot.Options {
  const { lines, height, y, onView, xSteps } = held.props;
  const font = `12px ${themed("--font")}`;
  const side = { stroke: () => themed("--ink-soft"), font, ticks: { show: false } };
  const words = y.marks && y.words ? y.marks.map((mark) => shorten(y.words?.(mark) ?? "")) : [];
  const wide = words.length > 0 ? 14 + LETTER * Math.max(...words.map((word) => word.length)) : 48;
  return {
    width,
    height,
    padding: [8, 14, null, null],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => [...viewOf(held.props)] },
      y: { range: () => [...held.props.y.range] },
    },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: onView !== undefined, y: false, setScale: false, dist: 4 },
      bind: { dblclick: () => null },
    },
    axes: [
      {
        ...side,
        space: 76,
        size: 30,
        incrs: [...xSteps],
        grid: { stroke: () => themed("--line"), width: 1 },
        values: (_plot, splits, _axis, _space, step) => splits.map((split) => held.props.xWords(split, step)),
      },
      {
        ...side,
        size: wide,
        space: 34,
        grid: { stroke: () => themed("--line"), width: 1, show: words.length === 0 },
        ...(y.marks ? { splits: () => [...(held.props.y.marks ?? [])] } : {}),
        values: (_, splits) => splits.map((split) => shorten(held.props.y.words?.(split) ?? String(split))),
      },
    ],
    series: [
      {},
      ...lines.map((line, index) => ({
        label: line.label,
        stroke: () => held.props.lines[index]?.colour() ?? "",
        width: line.width ?? 1.5,
        dash: line.dash,
        spanGaps: true,
        points: line.dots
          ? { show: true, size: 6, fill: () => held.props.lines[index]?.colour() ?? "" }
          : { show: false },
        paths: line.stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined,
      })),
    ],
    hooks: {
      draw: [() => place(held)],
      setCursor: [(plot) => point(held, plot)],
      setSelect: [
        (plot) => {
          const { left, width: across } = plot.select;
          if (across <= 0) return;
          const range: Range = [plot.posToVal(left, "x"), plot.posToVal(left + across, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          held.props.onView?.(within(range, held.props.whole));
        },
      ],
    },
  };
}

/** Put the moving line and the chosen place where they belong. */
function place(held: Held): void {
  const { plot, drawn, props } = held;
  if (!plot || !drawn) return;
  const [from, to] = viewOf(props);
  const put = (element: HTMLElement, at: number | null | undefined) => {
    const seen = at !== null && at !== undefined && at >= from && at <= to;
    element.hidden = !seen;
    if (seen) element.style.transform = `translateX(${plot.valToPos(at, "x")}px)`;
  };
  put(drawn.head, props.head?.());
  put(drawn.mark, props.mark);
}

function point(held: Held, plot: uPlot): void {
  const out = plot.root.closest(".plot")?.querySelector(".plot-readout");
  if (!out || !held.props.readout) return;
  const { left = -1, top = -1 } = plot.cursor;
  const pointed = left >= 0 && top >= 0;
  const text = pointed
    ? held.props.readout(plot.posToVal(left, "x"), plot.posToVal(top, "y"))
    : (held.props.hint ?? "");
  if (out.textContent !== text) out.textContent = text;
}

/** Fingers: one moves what is seen, two come closer. Returns how to end that. */
function fingers(held: Held, plot: uPlot): () => void {
  const down = new Map<string, number>();
  let start: { view: Range; places: number[] } | null = null;
  const share = (event: PointerEvent) => {
    const box = plot.over.getBoundingClientRect();
    return (event.clientX - box.left) / Math.max(1, box.width);
  };
  const begin = () => {
    const view = viewOf(held.props);
    const places = [...down.values()].map((at) => view[0] + at * (view[1] - view[0]));
    start = { view, places };
  };
  const press = (event: PointerEvent) => {
    if (event.pointerType !== "touch" || !held.props.onView) return;
    down.set(String(event.pointerId), share(event));
    begin();
  };
  const drag = (event: PointerEvent) => {
    if (!down.has(String(event.pointerId)) || !start) return;
    down.set(String(event.pointerId), share(event));
    const { whole, onView } = held.props;
    const [a, b] = [...down.values()];
    const [first, second] = start.places;
    if (a === undefined || first === undefined) return;
    if (b !== undefined && second !== undefined) {
      onView?.(pinched(viewOf(held.props), whole, [first, second], [a, b]));
    } else if (!isWhole(start.view, whole)) {
      const wide = start.view[1] - start.view[0];
      onView?.(within([first - a * wide, first - a * wide + wide], whole));
    }
  };
  const lift = (event: PointerEvent) => {
    if (down.delete(String(event.pointerId))) begin();
  };
  const wheel = (event: WheelEvent) => {
    if (!held.props.onView) return;
    const { whole, onView } = held.props;
    const view = viewOf(held.props);
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const at = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x");
      onView(zoomed(view, whole, 2 ** (-event.deltaY / 240), at));
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) && !isWhole(view, whole)) {
      event.preventDefault();
      onView(moved(view, whole, event.deltaX / 600));
    }
  };
  plot.over.addEventListener("pointerdown", press);
  addEventListener("pointermove", drag);
  addEventListener("pointerup", lift);
  addEventListener("pointercancel", lift);
  plot.over.addEventListener("wheel", wheel, { passive: false });
  return () => {
    removeEventListener("pointermove", drag);
    removeEventListener("pointerup", lift);
    removeEventListener("pointercancel", lift);
  };
}

function overlay(kind: string, into: HTMLElement): HTMLElement {
  const line = document.createElement("div");
  line.className = `plot-line ${kind}`;
  line.hidden = true;
  into.append(line);
  return line;
}

const dataOf = ({ x, lines }: PlotProps): uPlot.AlignedData => [[...x], ...lines.map((line) => line.values)];

export function Plot(props: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const held = useRef<Held>({ props, plot: null, drawn: null }).current;
  held.props = props;

  // Options that uPlot takes only when it is made.
  const marks = props.y.marks?.map((mark) => props.y.words?.(mark) ?? mark).join("|") ?? "";
  const kinds = props.lines.map((line) => `${line.stepped}${line.dots}${line.width}${line.dash}`).join();
  const shape = `${marks}/${kinds}/${props.onView !== undefined}`;

  useLayoutEffect(() => {
    const element = frame.current!;
    const plot = new uPlot(options(held, element.clientWidth || 300), dataOf(held.props), element);
    held.plot = plot;
    held.drawn = { mark: overlay("mark", plot.over), head: overlay("head", plot.over) };
    const whole = () => held.props.onView?.(held.props.whole);
    const click = (event: MouseEvent) => held.props.onPoint?.(plot.posToVal(event.offsetX, "x"));
    const repaint = () => plot.redraw(false, true);
    const sized = new ResizeObserver(() => {
      if (element.clientWidth > 0) plot.setSize({ width: element.clientWidth, height: held.props.height });
    });
    plot.over.addEventListener("dblclick", whole);
    plot.over.addEventListener("click", click);
    const ended = fingers(held, plot);
    DARK.addEventListener("change", repaint);
    sized.observe(element);
    return () => {
      ended();
      sized.disconnect();
      DARK.removeEventListener("change", repaint);
      plot.destroy();
      held.plot = null;
    };
  }, [shape]);

  useLayoutEffect(() => held.plot?.setData(dataOf(held.props)), [props.x, props.lines]);
  useLayoutEffect(() => {
    const plot = held.plot;
    if (plot && plot.height !== props.height) plot.setSize({ width: plot.width, height: props.height });
  }, [props.height]);
  const [from, to] = viewOf(props);
  const [low, high] = props.y.range;
  useLayoutEffect(() => {
    held.plot?.batch(() => {
      held.plot?.setScale("x", { min: from, max: to });
      held.plot?.setScale("y", { min: low, max: high });
    });
  }, [from, to, low, high]);

  useLayoutEffect(() => {
    place(held);
    if (!props.moving) return undefined;
    let next = 0;
    const draw = () => {
      place(held);
      next = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(next);
  }, [props.moving, props.mark, props.head]);

  const press = (event: KeyboardEvent) => {
    if (!held.props.onView || event.ctrlKey || event.metaKey || event.altKey) return;
    const view = byKey(event.key, viewOf(held.props), held.props.whole);
    if (view === null) return;
    event.preventDefault();
    held.props.onView(view);
  };
  return (
    <div class="plot" role="group" aria-label={props.label} tabIndex={props.onView ? 0 : undefined} onKeyDown={press}>
      <div class="plot-frame" ref={frame} />
      {props.readout && (
        <span class="plot-readout" aria-hidden="true">
          {props.hint}
        </span>
      )}
    </div>
  );
}

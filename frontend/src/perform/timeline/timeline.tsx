/** What both played lately, as it happens: the performer's phrase, the model's answer, and what it plans. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { onFrame, wake } from "../../live";
import { session } from "../../store";
import { Button } from "../../ui";
import { marked, memory } from "./keep";
import { hearAgain, heardAt, hearFrom, hearing, lookAt, lookBy, looked, stopAgain, toNow } from "./looking";
import { Painter } from "./painter";
import "./timeline.css";
import { agoText, millisecondsPerPixel, PAST, secondsAgo, spoken, timeAt } from "./view";

const STEP = 1000; // ms
const LARGE_STEP = 5000;
/** A finger that moves less has not dragged. */
const TAP = 5; // pixels
const TICKS = [15, 10, 5] as const;

function textOf(): string {
  const now = performance.now();
  const at = looked.value ?? now;
  const counts = memory.value?.count(at - PAST, at) ?? { performer: 0, model: 0, marks: 0 };
  return spoken(looked.value === null ? "Now" : agoText(secondsAgo(at, now)), counts);
}

/** Fingers on the canvas: a drag looks back, a tap plays from there. */
function useFingers(canvas: { current: HTMLCanvasElement | null }) {
  useLayoutEffect(() => {
    const element = canvas.current!;
    let finger: { id: number; x: number; head: number; dragged: boolean } | null = null;
    const down = (event: PointerEvent) => {
      if (event.button > 0 || finger) return;
      element.setPointerCapture(event.pointerId);
      const head = looked.peek() ?? performance.now();
      finger = { id: event.pointerId, x: event.clientX, head, dragged: false };
    };
    const move = (event: PointerEvent) => {
      if (finger?.id !== event.pointerId) return;
      const by = event.clientX - finger.x;
      if (!finger.dragged && Math.abs(by) < TAP) return;
      if (!finger.dragged) stopAgain();
      finger.dragged = true;
      lookAt(finger.head - by * millisecondsPerPixel(element.clientWidth));
    };
    const up = (event: PointerEvent) => {
      if (finger?.id !== event.pointerId) return;
      const { head, dragged } = finger;
      finger = null;
      if (dragged || event.type !== "pointerup") return;
      const box = element.getBoundingClientRect();
      void hearFrom(timeAt(event.clientX - box.left, looked.peek() ?? head, box.width));
    };
    const all = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up } as const;
    for (const [name, listener] of Object.entries(all)) element.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(all)) element.removeEventListener(name, listener as EventListener);
    };
  }, []);
}

/** Returns whether the key meant something here. */
function pressed(event: KeyboardEvent, mark: (() => void) | null): boolean {
  const step = event.shiftKey ? LARGE_STEP : STEP;
  const away = looked.peek() !== null || hearing.peek();
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowDown":
      return (stopAgain(), lookBy(-step), true);
    case "ArrowRight":
    case "ArrowUp":
      return (stopAgain(), lookBy(step), true);
    case "PageDown":
      return (stopAgain(), lookBy(-PAST), true);
    case "PageUp":
      return (stopAgain(), lookBy(PAST), true);
    case "Home":
      return (stopAgain(), lookAt(-Infinity), true);
    case "End":
      return (toNow(), true);
    case "Enter":
      if (hearing.peek()) stopAgain();
      else void hearAgain();
      return true;
    case "Escape":
      // At now, Escape is what it is on the whole page.
      if (away) toNow();
      return away;
    case "m":
    case "M":
      mark?.();
      return mark !== null;
    default:
      return false;
  }
}

/** `children` stand beside the buttons. */
export function Timeline(props: { enabled: boolean; onMark: (() => void) | null; children?: ComponentChildren }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const text = useSignal("");
  const { enabled, onMark } = props;
  useFingers(canvas);
  useLayoutEffect(() => {
    const element = canvas.current!;
    const painter = new Painter(element);
    const watcher = new ResizeObserver(() => {
      painter.resize(element.clientWidth, element.clientHeight);
      wake();
    });
    watcher.observe(element);
    const end = onFrame((now) => {
      const known = memory.peek();
      return known !== null && painter.draw({ memory: known, heard: heardAt(), looked: looked.peek() }, now);
    });
    return () => {
      end();
      watcher.disconnect();
      painter.close();
      toNow();
    };
  }, []);
  const back = looked.value;
  // How long ago it was grows with each state of the session.
  if (back !== null) void session.value;
  const say = () => (text.value = textOf());
  useEffect(() => {
    say();
    wake();
  }, [back, marked.value, memory.value]);
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !pressed(event, onMark)) return;
    event.preventDefault();
    say();
  };
  const ago = back === null ? 0 : secondsAgo(back, performance.now());
  return (
    <div class={`timeline ${back === null ? "" : "looked-back"}`}>
      <div
        class="timeline-picture"
        role="slider"
        tabIndex={0}
        aria-label="Timeline"
        aria-orientation="horizontal"
        aria-valuemin={-3600}
        aria-valuemax={0}
        aria-valuenow={-Math.min(3600, ago)}
        aria-valuetext={text.value}
        title="Drag to look back, click to hear it again"
        onKeyDown={key}
        onFocus={say}
      >
        <canvas ref={canvas} aria-hidden="true" />
        <span class="timeline-ticks" aria-hidden="true">
          {back === null && TICKS.map((seconds) => <i key={seconds}>{seconds} s ago</i>)}
          <i class="timeline-head">{back === null ? "now" : agoText(ago)}</i>
        </span>
      </div>
      <div class="timeline-bar">
        {hearing.value ? (
          <Button icon="stop" local onClick={stopAgain} title="Stop what is heard again (Enter on the timeline)">
            Stop
          </Button>
        ) : (
          <Button
            icon="play"
            local
            onClick={hearAgain}
            title="Hear what is shown once more (Enter on the timeline, or click it)"
          >
            Hear again
          </Button>
        )}
        {onMark !== null && (
          <Button
            icon="tag"
            disabled={!enabled}
            title="Mark this moment in the take (Shift+M, or M on the timeline)"
            onClick={onMark}
          >
            Mark
          </Button>
        )}
        {back !== null && (
          <Button local onClick={toNow} title="Back to now (Esc on the timeline)">
            Back to now
          </Button>
        )}
        {props.children}
      </div>
    </div>
  );
}

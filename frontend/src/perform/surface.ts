/**
 * The faders as one surface: fingers, keys and frames, straight on the elements.
 *
 * Preact draws the faders when the controls change and never again; whatever moves is set here.
 */

import { live, onFrame, play, touch, wake } from "../live";
import { Cloud } from "./cloud";
import { Future } from "./future";
import { banksOf, faderOf } from "./keys";
import { columnsOf, NARROWEST, sizeOf } from "./layout";
import { WIDEST_FINGER } from "./stage/banks";

/** After a finger is lifted, its value is shown this long, until the session has answered. */
const LINGER = 400; // ms
const ARIA_EVERY = 220; // ms
/** How often a finger that rests on a fader is reported to the session; a shorter hold lets go of the fader. */
const TOUCH_EVERY = 250; // ms
const FINGERS = 64;
/** A key that is held moves its fader so much at once, and then so fast. */
const NUDGE = 0.02;
const GLIDE_AFTER = 130; // ms
const GLIDE = 0.55; // a second
const COOLING = 0.93; // a frame: how the light of what moved goes out
const SMALL = 0.01;
const LARGE = 0.1;
/** Finer than any hand or screen; shorter on its way. */
const PRECISION = 1e5;
/** Those that are off, and those of others. */
const UNMOVABLE = ".off, .others";

interface Fader {
  element: HTMLElement;
  you: HTMLElement;
  it: HTMLElement;
  number: HTMLElement | null;
  drawn: [number, number];
  heat: [number, number];
  lit: [number, number];
  spoken: string;
}

interface Held {
  value: number;
  /** When it is let go of; Infinity: not yet. */
  until: number;
}

interface Gliding {
  index: number;
  up: boolean;
  since: number;
  at: number;
}

const within = (value: number) => Math.min(1, Math.max(0, value));
const percent = (value: number) => Math.round(100 * value);

export class Surface {
  enabled = true;
  /** Whether what is touched is the performer's. */
  shared = false;
  private faders: Fader[] = [];
  private readonly held = new Map<number, Held>();
  private readonly fingers = new Map<number, { index: number; top: number; height: number }>();
  private readonly gliding = new Map<string, Gliding>();
  private readonly cloud: Cloud;
  private readonly future: Future;
  private readonly watcher: ResizeObserver;
  private readonly endFrames: () => void;
  private readonly still = matchMedia("(prefers-reduced-motion: reduce)");
  private spokenAt = 0;
  private touchedAt = 0;
  private bank = 0;
  /** Which faders are seen, and how wide they are at least. */
  private seen = { from: 0, until: Infinity, narrowest: NARROWEST };

  constructor(
    private readonly root: HTMLElement,
    clouded: HTMLCanvasElement,
    planned: HTMLCanvasElement,
  ) {
    this.cloud = new Cloud(clouded);
    this.future = new Future(planned);
    root.addEventListener("pointerdown", this.down);
    root.addEventListener("pointermove", this.move);
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const)
      root.addEventListener(end, this.up);
    root.addEventListener("keydown", this.key);
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(root);
    this.watcher.observe(root.parentElement!);
    this.endFrames = onFrame((now) => this.frame(now));
    addEventListener("blur", this.drop);
  }

  close(): void {
    this.watcher.disconnect();
    this.cloud.close();
    this.future.close();
    this.endFrames();
    removeEventListener("blur", this.drop);
  }

  /** The faders were drawn anew. */
  adopt(): void {
    this.faders = [...this.root.querySelectorAll<HTMLElement>("[role=slider]")].map((element) => ({
      element,
      you: element.querySelector<HTMLElement>(".you")!,
      it: element.querySelector<HTMLElement>(".it")!,
      number: element.querySelector<HTMLElement>(".reading"),
      drawn: [-1, -1],
      heat: [0, 0],
      lit: [-1, -1],
      spoken: "",
    }));
    this.bank = Math.min(this.bank, banksOf(this.faders.length) - 1);
    this.held.clear();
    this.drop();
    this.measure();
  }

  /** Only these faders are seen, from `from` to before `until`; `large`: at the size of a finger. */
  show(from: number, until: number, large: boolean): void {
    this.seen = { from, until, narrowest: large ? WIDEST_FINGER : NARROWEST };
    this.measure();
  }

  /** Find out how much room there is, and where each fader stands. */
  private measure(): void {
    const around = this.root.parentElement!;
    const { paddingLeft, paddingRight } = getComputedStyle(around);
    const width = around.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    const gap = parseFloat(getComputedStyle(this.root).columnGap) || 0;
    const { from, until, narrowest } = this.seen;
    const count = Math.max(1, Math.min(until, this.faders.length) - from);
    const columns = columnsOf(count, width, gap, narrowest);
    this.root.style.setProperty("--columns", String(columns));
    this.root.dataset["size"] = sizeOf(Math.ceil(count / columns));
    const frame = this.root.getBoundingClientRect();
    const boxes = this.faders.map(({ element }) => {
      const box = element.querySelector(".track")!.getBoundingClientRect();
      return { x: box.x - frame.x, y: box.y - frame.y, width: box.width, height: box.height };
    });
    this.cloud.resize(frame.width, frame.height, boxes);
    this.future.resize(frame.width, frame.height, boxes);
    wake();
  }

  // --- playing ---------------------------------------------------------------------------------------

  private valueOf(index: number): number {
    return this.held.get(index)?.value ?? live.input[index] ?? 0;
  }

  private set(index: number, value: number, until: number): void {
    if (!this.enabled || this.faders[index]?.element.matches(UNMOVABLE)) return;
    const rounded = Math.round(within(value) * PRECISION) / PRECISION;
    this.held.set(index, { value: rounded, until });
    play(index, rounded);
    wake();
  }

  /** One step of a key. */
  step(index: number, by: number): void {
    this.set(index, this.valueOf(index) + by, performance.now() + LINGER);
  }

  private indexOf(target: EventTarget | null): number {
    const element = target instanceof Element ? target.closest<HTMLElement>("[role=slider]") : null;
    return element ? this.faders.findIndex((fader) => fader.element === element) : -1;
  }

  private readonly down = (event: PointerEvent) => {
    const track = event.target instanceof Element ? event.target.closest(".track") : null;
    const index = this.indexOf(event.target);
    if (!track || index < 0 || event.button > 0 || !this.enabled) return;
    if (this.faders[index]!.element.matches(UNMOVABLE)) return;
    event.preventDefault();
    track.setPointerCapture(event.pointerId);
    this.faders[index]!.element.focus({ preventScroll: true });
    const box = track.getBoundingClientRect();
    this.fingers.set(event.pointerId, { index, top: box.top, height: box.height });
    this.move(event);
  };

  private readonly move = (event: PointerEvent) => {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    this.set(finger.index, 1 - (event.clientY - finger.top) / finger.height, Infinity);
  };

  private readonly up = (event: PointerEvent) => {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    this.fingers.delete(event.pointerId);
    const held = this.held.get(finger.index);
    const another = [...this.fingers.values()].some((each) => each.index === finger.index);
    if (held && !another) held.until = performance.now() + LINGER;
    wake();
  };

  private readonly key = (event: KeyboardEvent) => {
    const index = this.indexOf(event.target);
    if (index < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const small = event.shiftKey ? LARGE : SMALL;
    const steps: Record<string, number> = {
      ArrowUp: small,
      ArrowRight: small,
      ArrowDown: -small,
      ArrowLeft: -small,
      PageUp: LARGE,
      PageDown: -LARGE,
      Home: -1,
      End: 1,
    };
    const by = steps[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.step(index, by);
  };

  /** Choose the fader of a column of keys. */
  focus(column: number): void {
    const index = faderOf(column, this.bank, this.faders.length);
    if (index !== null) this.faders[index]!.element.focus();
  }

  /** The keys play other faders; returns the first of them. */
  shift(by: 1 | -1): number {
    const banks = banksOf(this.faders.length);
    this.drop();
    this.bank = (this.bank + by + banks) % banks;
    return this.bank;
  }

  /** A key of the playing rows went down. */
  glide(code: string, column: number, up: boolean): void {
    const index = faderOf(column, this.bank, this.faders.length);
    if (index === null || !this.enabled || this.gliding.has(code)) return;
    const now = performance.now();
    this.gliding.set(code, { index, up, since: now, at: now });
    this.set(index, this.valueOf(index) + (up ? NUDGE : -NUDGE), Infinity);
  }

  /** A key went up. */
  release(code: string): void {
    const gliding = this.gliding.get(code);
    if (!gliding) return;
    this.gliding.delete(code);
    const held = this.held.get(gliding.index);
    if (held) held.until = performance.now() + LINGER;
    wake();
  }

  /** Let go of everything: the page is left while a finger or a key is down. */
  readonly drop = () => {
    for (const code of [...this.gliding.keys()]) this.release(code);
    this.fingers.clear();
    for (const held of this.held.values()) held.until = Math.min(held.until, performance.now() + LINGER);
  };

  // --- frames ----------------------------------------------------------------------------------------

  private frame(now: number): boolean {
    for (const gliding of this.gliding.values()) {
      const past = now - Math.max(gliding.at, gliding.since + GLIDE_AFTER);
      gliding.at = now;
      if (past > 0)
        this.set(gliding.index, this.valueOf(gliding.index) + ((gliding.up ? GLIDE : -GLIDE) * past) / 1000, Infinity);
    }
    let again = this.gliding.size > 0;
    for (const [index, held] of this.held) {
      if (held.until <= now) this.held.delete(index);
      else again = true;
    }
    if (this.shared && now - this.touchedAt > TOUCH_EVERY) {
      this.touchedAt = now;
      const touched = [...this.held].filter(([, held]) => held.until === Infinity).map(([index]) => index);
      if (touched.length > 0) touch(touched.slice(0, FINGERS));
    }
    const cools = !this.still.matches;
    for (const [index, fader] of this.faders.entries()) {
      fader.element.toggleAttribute("data-touched", this.held.has(index));
      again = this.draw(fader, 0, fader.you, this.valueOf(index), cools) || again;
      again = this.draw(fader, 1, fader.it, live.output[index] ?? 0, cools) || again;
    }
    if (now - this.spokenAt > ARIA_EVERY) {
      this.spokenAt = now;
      for (const fader of this.faders) this.speak(fader);
    } else if (this.faders.some((fader) => this.spokenOf(fader) !== fader.spoken)) {
      again = true;
    }
    this.cloud.draw(live.next);
    const coming = live.plan.coming(now);
    this.future.draw(coming, live.output, now, this.still.matches);
    return again || coming.length > 0;
  }

  /** Returns whether its light still goes out. */
  private draw(fader: Fader, side: 0 | 1, element: HTMLElement, value: number, cools: boolean): boolean {
    const before = fader.drawn[side];
    if (Math.abs(value - before) > 0.0004) {
      element.style.transform = `translateY(${(100 * (1 - value)).toFixed(2)}%)`;
      if (before >= 0) fader.heat[side] = 1;
      fader.drawn[side] = value;
    }
    const heat = cools ? fader.heat[side] : 0;
    if (Math.abs(heat - fader.lit[side]) > 0.02 || (heat === 0 && fader.lit[side] !== 0)) {
      element.style.opacity = (0.7 + 0.3 * heat).toFixed(2);
      fader.lit[side] = heat;
    }
    fader.heat[side] = heat < 0.02 ? 0 : heat * COOLING;
    return fader.heat[side] > 0;
  }

  private spokenOf(fader: Fader): string {
    const values = `${percent(Math.max(0, fader.drawn[0]))} percent; it: ${percent(Math.max(0, fader.drawn[1]))} percent`;
    return fader.element.classList.contains("held") ? `${values}; yours for now` : values;
  }

  private speak(fader: Fader): void {
    const words = this.spokenOf(fader);
    if (words === fader.spoken) return;
    fader.spoken = words;
    const value = String(percent(Math.max(0, fader.drawn[0])));
    fader.element.setAttribute("aria-valuenow", value);
    fader.element.setAttribute("aria-valuetext", words);
    if (fader.number) fader.number.textContent = value;
  }
}

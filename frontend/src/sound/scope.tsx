/** The waveform and the level of the sound. */

import { useEffect, useRef } from "preact/hooks";
import { soundEngine, sounding } from "./state";

const FLOOR = -54; // dB
const FALL = 0.92; // a frame

/** Where a peak of samples is on a meter, from 0 (below -54 dB) to 1 (full). */
export function meterOf(peak: number): number {
  return peak <= 0 ? 0 : Math.min(1, Math.max(0, 1 - (20 * Math.log10(peak)) / FLOOR));
}

/** Draws while the sound is on, and only then. */
export function Scope() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const bar = useRef<HTMLElement>(null);
  const meter = useRef<HTMLDivElement>(null);
  const on = sounding.value === "on";
  useEffect(() => {
    const element = canvas.current!;
    const context = element.getContext("2d")!;
    const style = getComputedStyle(element);
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    let frame = 0;
    let level = 0;
    let spoken = 0;
    const draw = (now: number) => {
      if (!element.isConnected) return; // the page was left: an element outside of it has no colours
      if (on) frame = requestAnimationFrame(draw);
      const ratio = Math.min(2, devicePixelRatio || 1);
      const [width, height] = [Math.round(element.clientWidth * ratio), Math.round(element.clientHeight * ratio)];
      if (element.width !== width || element.height !== height) [element.width, element.height] = [width, height];
      // After muting the sound fades in a moment; the last frame drawn is silence.
      const samples = (on ? soundEngine()?.samples() : null) ?? new Float32Array(2);
      let peak = 0;
      for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
      level = Math.max(meterOf(peak), level * FALL);
      if (bar.current) bar.current.style.transform = `scaleX(${level.toFixed(3)})`;
      if (now - spoken > 250) {
        spoken = now;
        meter.current?.setAttribute("aria-valuenow", String(Math.round(100 * level)));
      }
      context.clearRect(0, 0, width, height);
      const colours = context.createLinearGradient(0, 0, width, 0);
      colours.addColorStop(0, style.getPropertyValue("--you"));
      colours.addColorStop(1, style.getPropertyValue("--it"));
      context.strokeStyle = colours;
      context.lineWidth = 2 * ratio;
      context.lineJoin = "round";
      context.beginPath();
      const start = still.matches ? -1 : risesAt(samples);
      const shown = samples.length / 2;
      for (let x = 0; x <= width; x += ratio) {
        const sample = start < 0 ? 0 : (samples[start + Math.floor((x / width) * (shown - 1))] ?? 0);
        // Compressed, so that quiet sound is visible.
        const away = Math.sign(sample) * Math.abs(sample) ** 0.6;
        context.lineTo(x, height / 2 - away * height * 0.48);
      }
      context.stroke();
    };
    frame = requestAnimationFrame(draw);
    return () => cancelAnimationFrame(frame);
  }, [on]);
  return (
    <div class="scope">
      <canvas ref={canvas} aria-hidden="true" />
      <div
        ref={meter}
        class="level"
        role="meter"
        aria-label="Level"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
      >
        <i ref={bar} />
      </div>
    </div>
  );
}

/** Where the line is begun so that it stands still: the first rise through zero. */
function risesAt(samples: Float32Array): number {
  for (let at = 1; at < samples.length / 2; at += 1) if (samples[at - 1]! < 0 && samples[at]! >= 0) return at;
  return 0;
}

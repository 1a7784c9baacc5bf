/** Whose turn it is, what comes next and when. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { live, onFrame } from "../live";
import { wayOf } from "../modes";
import type { State } from "../protocol";
import { bannerOf, limitWords, nextWords, ringOf } from "./words";

export function Banner({ state, children }: { state: State; children: ComponentChildren }) {
  const { who, words } = bannerOf(state);
  const next = useRef<HTMLParagraphElement>(null);
  const ring = useRef<SVGCircleElement>(null);
  const quiet = useRef(false);
  quiet.current = state.paused || wayOf(state.mode) === "never";
  const longest = useRef(0);
  longest.current = state.longest_wait;
  useEffect(() => {
    let shown = "";
    return onFrame((now) => {
      const plan = quiet.current ? null : live.next;
      const left = plan?.in == null ? null : plan.in - (now - live.nextAt) / 1000;
      const text = nextWords(plan?.what ?? null, left, longest.current);
      if (text !== shown && next.current) next.current.textContent = shown = text;
      const share = ringOf(plan?.in ?? null, left);
      if (ring.current) ring.current.style.strokeDashoffset = String(Math.round(1000 * (1 - share)) / 1000);
      return left !== null && left > -0.6;
    });
  }, []);
  return (
    <section class={`turn ${who}`} aria-label="Whose turn">
      <i class="turn-light" aria-hidden="true" />
      <div class="turn-words">
        <p class="turn-who" role="status">
          {words}
        </p>
        <p class="turn-next" ref={next} />
      </div>
      <span class="turn-ring" aria-hidden="true" title={limitWords(state.longest_wait)}>
        <svg viewBox="0 0 36 36" width="36" height="36">
          <circle cx="18" cy="18" r="15" pathLength={1} />
          <circle ref={ring} cx="18" cy="18" r="15" pathLength={1} />
        </svg>
      </span>
      <div class="row transport">{children}</div>
    </section>
  );
}

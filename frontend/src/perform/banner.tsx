/** Whose turn it is, what comes next and when. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { live, onFrame } from "../live";
import { wayOf } from "../modes";
import type { State } from "../protocol";
import { bannerOf, barOf, nextWords } from "./words";

export function Banner({ state, children }: { state: State; children: ComponentChildren }) {
  const { who, words } = bannerOf(state);
  const next = useRef<HTMLParagraphElement>(null);
  const bar = useRef<HTMLElement>(null);
  const quiet = useRef(false);
  quiet.current = state.paused || wayOf(state.mode) === "never";
  useEffect(() => {
    let shown = "";
    return onFrame((now) => {
      const plan = quiet.current ? null : live.next;
      const left = plan?.in == null ? null : plan.in - (now - live.nextAt) / 1000;
      const text = nextWords(plan?.what ?? null, left);
      if (text !== shown && next.current) next.current.textContent = shown = text;
      if (bar.current) bar.current.style.transform = `scaleX(${barOf(plan?.in ?? null, left).toFixed(3)})`;
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
      <div class="row transport">{children}</div>
      <div class="turn-bar" aria-hidden="true">
        <i ref={bar} />
      </div>
    </section>
  );
}

/** The small picture in the list; requested when it becomes visible. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Sparkline } from "./sparkline";
import { HIGH, WIDE, askSparkline, keptSparkline } from "./store";
import type { Take } from "../protocol";

export function Small({ take }: { take: Take }) {
  const element = useRef<SVGSVGElement>(null);
  const drawn = useSignal<Sparkline | null>(keptSparkline(take) ?? null);
  useEffect(() => {
    const ready = keptSparkline(take);
    if (ready) drawn.value = ready;
    if (ready || take.problem) return undefined;
    let seen = false;
    let asked = false;
    const watcher = new IntersectionObserver(([entry]) => {
      seen = entry?.isIntersecting ?? false;
      if (!seen || asked) return;
      asked = true;
      void askSparkline(take, () => seen).then((sparkline) => {
        asked = sparkline !== null;
        if (sparkline) drawn.value = sparkline;
      });
    });
    watcher.observe(element.current!);
    return () => {
      seen = false;
      watcher.disconnect();
    };
  }, [take.name, take.size]);
  return (
    <svg ref={element} class="small" viewBox={`0 -1 ${WIDE} ${HIGH + 2}`} preserveAspectRatio="none" aria-hidden="true">
      {drawn.value?.performer.map((path, index) => (
        <path key={`p${index}`} class="you" d={path} />
      ))}
      {drawn.value?.model.map((path, index) => (
        <path key={`m${index}`} class="it" d={path} />
      ))}
    </svg>
  );
}

/** The output of the session. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { lines, notify } from "../store";
import type { Line } from "../protocol";
import { Button, Card, Segments } from "../ui";
import { copy } from "./copy";
import { type Shown, asText, clock, filtered } from "./facts";

const FILTERS: { value: Shown; label: string }[] = [
  { value: "all", label: "All" },
  { value: "warning", label: "Warnings" },
  { value: "error", label: "Errors" },
];

// A line is the same element for as long as it is shown: only new ones are drawn.
const numbers = new WeakMap<Line, number>();
let last = 0;
const keyOf = (line: Line): number => {
  const known = numbers.get(line) ?? ++last;
  numbers.set(line, known);
  return known;
};

export function SessionLog() {
  const shown = useSignal<Shown>("all");
  const held = useSignal<readonly Line[] | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const following = held.value === null;
  const all = held.value ?? lines.value;
  const visible = filtered(all, shown.value);
  const missed = following ? 0 : lines.value.length - lines.value.indexOf(all.at(-1)!) - 1;
  useLayoutEffect(() => {
    if (following && list.current) list.current.scrollTop = list.current.scrollHeight;
  });
  const scrolled = ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }: { currentTarget: HTMLElement }) => {
    // After scrolling up the view stays where it is.
    if (following && scrollHeight - scrollTop - clientHeight > 60) held.value = lines.value;
  };
  return (
    <Card
      title="Output of the session"
      class="session-log"
      actions={
        <>
          <Segments
            local
            label="Lines to show"
            value={shown.value}
            options={FILTERS}
            onChange={(value) => (shown.value = value)}
          />
          <Button
            local
            icon={following ? "pause" : "down"}
            pressed={following}
            onClick={() => (held.value = following ? lines.value : null)}
          >
            Follow
            {missed > 0 && <span class="tag">{missed} new</span>}
          </Button>
          <Button
            local
            disabled={visible.length === 0}
            onClick={async () =>
              (await copy(asText(visible)))
                ? notify("info", visible.length === 1 ? "One line was copied." : `${visible.length} lines were copied.`)
                : notify("error", "This browser does not let pages copy. Select the lines and copy them yourself.")
            }
          >
            Copy
          </Button>
        </>
      }
    >
      <div class="log-lines" ref={list} role="region" aria-label="Lines of output" tabIndex={0} onScroll={scrolled}>
        {visible.length === 0 && (
          <p class="soft">
            {all.length === 0 ? "Nothing yet: what the session says while it plays comes here." : "No such lines."}
          </p>
        )}
        {visible.map((line) => (
          <p key={keyOf(line)} class={line.level.toLowerCase()}>
            <time>{clock(line.time)}</time>
            {line.level.toLowerCase() !== "info" && <b>{line.level.toLowerCase()}</b>}
            <span>{line.text}</span>
          </p>
        ))}
      </div>
    </Card>
  );
}

/** The large picture of a take: zoomed by requesting finer pictures of a part. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, get } from "../api";
import { type Line, Plot, themed } from "../plot";
import { shades } from "../plot/colours";
import { TIME_STEPS, clock } from "../plot/words";
import { type Range, STEP, asked, isWhole, moved, within, zoomed } from "../plot/zoom";
import { Button, Segments, Trouble } from "../ui";
import { type Layout, type Laid, heightOf, held, indexAt, isBlank, laidOut, laneAt } from "./lanes";
import { SavePicture } from "./savepicture";
import { pictureOf } from "./store";
import type { Picture, Take } from "../protocol";
import { counted } from "./words";

const POINTS = 1500;
/** So long after the last zoom a finer picture is requested. */
const REST = 140;
/** As many controls are shown at first: all lanes of more would be thin. */
const SHOWN_AT_FIRST = 16;
/** What stands around the lanes, in pixels: the room of the picture is kept until it comes. */
const AROUND = 172;

interface PictureProps {
  take: Take;
  view: Range | null;
  onView: (view: Range | null) => void;
  onPoint: (at: number) => void;
  head: () => number | null;
  playing: boolean;
  mark: number | null;
}

/** The whole take, and the finer picture of what is looked at. */
function usePicture(take: Take, view: Range | null, whole: Range) {
  const all = useSignal<Picture | null>(null);
  const part = useSignal<{ range: Range; picture: Picture } | null>(null);
  const error = useSignal("");
  useEffect(() => {
    let wanted = true;
    void get<Picture>(pictureOf(take.name, POINTS)).then(
      (picture) => {
        if (!wanted) return;
        all.value = picture;
        error.value = "";
      },
      (problem: unknown) => {
        if (wanted) error.value = problem instanceof ApiError ? problem.message : String(problem);
      },
    );
    return () => void (wanted = false);
  }, [take.name, take.size]);
  const [from, to] = view ?? [null, null];
  useEffect(() => {
    if (from === null || to === null) {
      part.value = null;
      return undefined;
    }
    let wanted = true;
    const range = asked([from, to], whole);
    const timer = setTimeout(() => {
      const more = get<Picture>(pictureOf(take.name, 2 * POINTS, range));
      // If it does not come, the coarse picture stays.
      void more.then(
        (picture) => void (wanted && (part.value = { range, picture })),
        () => undefined,
      );
    }, REST);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [take.name, from, to]);
  const fine = part.value;
  const fits = fine && view && fine.range[0] <= view[0] && fine.range[1] >= view[1];
  return { picture: fits ? fine.picture : all.value, all: all.value, error: error.value };
}

const HINT = matchMedia("(pointer: coarse)").matches
  ? "Pinch to zoom. A tap chooses where to play from."
  : "Drag to zoom, double-click to see all. A click chooses where to play from.";

const KEYS = "Keys: plus and minus zoom, arrows move, 0 shows all.";

const inWords = ([from, to]: Range) => `${clock(from, (to - from) / 10)} to ${clock(to, (to - from) / 10)}`;

function coloured(laid: readonly Laid[], shown: readonly number[], layout: Layout): Line[] {
  return laid.map(({ control, who, values }) => {
    const name = who === "performer" ? "--you" : "--it";
    const at = shown.indexOf(control);
    const colour = () =>
      layout === "lanes"
        ? themed(name)
        : (shades(themed(name), themed("--ink"), themed("--paper"), shown.length)[at] ?? themed(name));
    return { label: `${control + 1} ${who}`, values, colour, stepped: true, width: who === "performer" ? 1.6 : 1.2 };
  });
}

export function TakePicture({ take, view, onView, onPoint, head, playing, mark }: PictureProps) {
  const seconds = Math.max(take.seconds, 0.1);
  const whole: Range = [0, seconds];
  const now = view ?? whole;
  const layout = useSignal<Layout>("lanes");
  const hidden = useSignal<ReadonlySet<number> | null>(null);
  const { picture, all, error } = usePicture(take, view, whole);
  const controls = all ? Math.max(all.performer.length, all.model.length) : 0;
  const unseen = hidden.value ?? new Set(Array.from({ length: controls }, (_, index) => index).slice(SHOWN_AT_FIRST));
  const shown = Array.from({ length: controls }, (_, index) => index).filter((index) => !unseen.has(index));
  const key = shown.join();
  const labels = all?.labels ?? [];
  const label = (control: number) => labels[control] ?? `Control ${control + 1}`;
  const lines = useMemo(
    () => (picture ? coloured(laidOut(picture, shown, layout.value), shown, layout.value) : []),
    [picture, key, layout.value],
  );
  const lanes = Math.max(1, shown.length);
  const y = useMemo(
    () =>
      layout.value === "lanes"
        ? {
            range: [0, lanes] as const,
            marks: shown.map((_, lane) => lanes - lane - 0.5),
            words: (at: number) => label(shown[laneAt(at, lanes)] ?? 0),
          }
        : { range: [-0.02, 1.02] as const, words: (value: number) => String(Math.round(value * 100) / 100) },
    [key, layout.value, labels],
  );
  const readout = (time: number, height: number) => {
    if (!picture) return "";
    const at = indexAt(picture.times, time);
    const named = layout.value === "lanes" ? [shown[laneAt(height, lanes)] ?? 0] : shown.slice(0, 4);
    const words = named.map((control) => {
      const sides = [
        ["you", held(picture.performer[control], at)],
        ["model", held(picture.model[control], at)],
      ] as const;
      const known = sides.flatMap(([who, value]) => (value === null ? [] : [`${who} ${value.toFixed(2)}`]));
      return `${label(control)}: ${known.join(", ") || "nothing yet"}`;
    });
    return [clock(time, (now[1] - now[0]) / 200), ...words].join(" · ");
  };
  const set = (next: Range) => {
    const cut = within(next, whole);
    onView(isWhole(cut, whole) ? null : cut);
  };
  if (error) return <Trouble text={error} />;
  if (!all || !picture) {
    const height = AROUND + heightOf(Math.min(SHOWN_AT_FIRST, take.dimension - 1), layout.value);
    return <div class="picture-place" style={{ height: `${height}px` }} aria-busy="true" />;
  }
  if (isBlank(all)) {
    return <p class="soft nothing">Nothing has been played in this take yet.</p>;
  }
  return (
    <figure class="take-picture">
      <div class="picture-tools">
        <p class="swatches" aria-hidden="true">
          <span>
            <i class="you" /> you
          </span>
          {all.model.some((row) => row.some((value) => value !== null)) && (
            <span>
              <i class="it" /> model
            </span>
          )}
        </p>
        <div class="row">
          {controls > 1 && (
            <Segments
              local
              label="How controls are drawn"
              value={layout.value}
              options={[
                { value: "lanes", label: "Lanes", title: "Each control in a lane of its own" },
                { value: "overlay", label: "Overlay", title: "All controls over each other" },
              ]}
              onChange={(value) => (layout.value = value)}
            />
          )}
          <div class="row zoom" role="group" aria-label="What is seen">
            <Button
              local
              label="Earlier"
              title="Earlier (←)"
              disabled={!view}
              onClick={() => set(moved(now, whole, -0.5))}
            >
              <span aria-hidden="true">←</span>
            </Button>
            <Button local label="Later" title="Later (→)" disabled={!view} onClick={() => set(moved(now, whole, 0.5))}>
              <span aria-hidden="true">→</span>
            </Button>
            <Button
              local
              label="Farther"
              title="Farther (−)"
              disabled={!view}
              onClick={() => set(zoomed(now, whole, 1 / STEP))}
            >
              <span aria-hidden="true">−</span>
            </Button>
            <Button
              local
              icon="plus"
              label="Closer"
              title="Closer (+)"
              onClick={() => set(zoomed(now, whole, STEP, mark ?? undefined))}
            />
            <Button local disabled={!view} title="All of it (0)" onClick={() => onView(null)}>
              Whole
            </Button>
          </div>
        </div>
      </div>
      {shown.length === 0 ? (
        <p class="soft nothing">No control is shown: choose some below.</p>
      ) : (
        <Plot
          label={`What was played in ${counted(shown.length, "control")}, ${inWords(now)}. ${KEYS}`}
          x={picture.times}
          lines={lines}
          height={heightOf(lanes, layout.value)}
          whole={whole}
          view={now}
          onView={set}
          onPoint={onPoint}
          y={y}
          xWords={clock}
          xSteps={TIME_STEPS}
          readout={readout}
          hint={HINT}
          head={head}
          moving={playing}
          mark={mark}
        />
      )}
      <SavePicture take={take} picture={picture} shown={shown} />
      {controls > 1 && (
        <Chooser
          labels={Array.from({ length: controls }, (_, control) => label(control))}
          hidden={unseen}
          onChange={(next) => (hidden.value = next)}
        />
      )}
    </figure>
  );
}

function Chooser(props: {
  labels: readonly string[];
  hidden: ReadonlySet<number>;
  onChange: (hidden: Set<number>) => void;
}) {
  const { labels, hidden, onChange } = props;
  const flip = (control: number) => {
    const next = new Set(hidden);
    if (!next.delete(control)) next.add(control);
    onChange(next);
  };
  return (
    <details class="more">
      <summary>
        Controls shown{" "}
        <span class="soft">
          {labels.length - hidden.size} of {labels.length}
        </span>
      </summary>
      <fieldset>
        <legend class="hidden">Controls shown</legend>
        <div class="row">
          <Button onClick={() => onChange(new Set())}>All</Button>
          <Button onClick={() => onChange(new Set(labels.keys()))}>None</Button>
        </div>
        <div class="controls-shown">
          {labels.map((label, control) => (
            <label key={control} class="check">
              <input type="checkbox" checked={!hidden.has(control)} onChange={() => flip(control)} />
              <span class="clip" title={label}>
                {label}
              </span>
            </label>
          ))}
        </div>
      </fieldset>
    </details>
  );
}

/** The shared time: whose beat it is, a light on each beat, and what of it is set while playing. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { SETTINGS, type State } from "../protocol";
import { command } from "../store";
import { Button, isAway, KeyName } from "../ui";
import { beatAt, brightness, type Clock, clockWords } from "./beat";
import { LiveSlider, settingNamed } from "./slider";

const TEMPO = settingNamed("tempo");
const QUANTISE = settingNamed("quantise");
const GRID = SETTINGS.find((row) => row.name === "grid")!;

/** Lights up on each beat, the first of four more than the others. */
function BeatLight({ clock }: { clock: Clock }) {
  const light = useRef<HTMLElement>(null);
  const known = useRef({ clock, at: performance.now() });
  if (known.current.clock !== clock) known.current = { clock, at: performance.now() };
  useEffect(() => {
    let frame = 0;
    const draw = () => {
      const beat = beatAt(known.current.clock, performance.now() - known.current.at);
      if (light.current) light.current.style.opacity = String(brightness(beat));
      frame = requestAnimationFrame(draw);
    };
    draw();
    return () => cancelAnimationFrame(frame);
  }, []);
  return <i ref={light} class="beat-light" aria-hidden="true" />;
}

function Tempo({ state, own }: { state: State; own: boolean }) {
  const id = useId();
  const text = useSignal<string | null>(null);
  const shown = state.clock.tempo.toFixed(1).replace(/\.0$/, "");
  const done = (input: HTMLInputElement) => {
    const number = input.valueAsNumber;
    if (Number.isFinite(number)) command(TEMPO.command, number);
    text.value = null;
  };
  if (!own) {
    return (
      <p class="tempo">
        <b>{shown}</b> <span class="soft">{TEMPO.unit}</span>
      </p>
    );
  }
  return (
    <p class="tempo">
      <label class="hidden" for={id}>
        {TEMPO.title}, {TEMPO.unit}
      </label>
      <input
        id={id}
        type="number"
        disabled={isAway()}
        min={TEMPO.within?.[0]}
        max={TEMPO.within?.[1]}
        step="any"
        value={text.value ?? shown}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onChange={(event) => done(event.currentTarget)}
        onBlur={() => (text.value = null)}
      />
      <span class="soft">{TEMPO.unit}</span>
    </p>
  );
}

export function SharedTime({ state }: { state: State }) {
  const id = useId();
  const { clock } = state;
  if (clock.source === "off") return null;
  const own = clock.source !== "midi";
  return (
    <section class="shared-time" aria-label="Shared time">
      <div class="time-row">
        <BeatLight clock={clock} />
        <Tempo state={state} own={own} />
        {own && (
          <Button title="Tap the tempo: on each beat, twice or more (T)" onClick={() => command("tap")}>
            Tap
          </Button>
        )}
        <span class={`clock-words ${clock.locked || clock.source === "link" ? "soft" : "warn"}`} role="status">
          {clockWords(clock)}
        </span>
      </div>
      <LiveSlider setting={QUANTISE} state={state} />
      <div class="live-choice">
        <label for={id}>
          {GRID.title}
          <KeyName of={GRID.key} title={GRID.title} />
        </label>
        <small class="hint" id={`${id}-hint`}>
          {GRID.help}
        </small>
        <select
          id={id}
          disabled={isAway()}
          aria-describedby={`${id}-hint`}
          value={state.grid}
          onChange={(event) => command("grid", event.currentTarget.value)}
        >
          {GRID.choices.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      </div>
    </section>
  );
}

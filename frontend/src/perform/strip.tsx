/** How the session plays, changed while it does. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { MODES, modeTitle } from "../modes";
import { command, overview } from "../store";
import type { CommandName, State } from "../protocol";
import { Field, Segments } from "../ui";
import { alike, logarithmic, power, type Ruler, shown, throttled } from "./values";

const OPTIONS = MODES.map((mode) => ({ value: mode.value, label: mode.label, title: modeTitle(mode) }));

interface Setting {
  name: CommandName;
  label: string;
  hint: string;
  unit: string;
  ruler: Ruler;
  of: (state: State) => number;
  /** The least that the session takes. */
  above: number;
}

const SETTINGS: readonly Setting[] = [
  {
    name: "sigmatemp",
    label: "Sigma temperature",
    hint: "How far it strays from what it means",
    unit: "",
    ruler: power(2, 4),
    of: (state) => state.sigma_temperature,
    above: 0,
  },
  {
    name: "pitemp",
    label: "Pi temperature",
    hint: "How often it takes an unlikely way",
    unit: "",
    ruler: power(5, 2),
    of: (state) => state.pi_temperature,
    above: 0,
  },
  {
    name: "timescale",
    label: "Timescale",
    hint: "Above 1 slower, below 1 faster",
    unit: "×",
    ruler: logarithmic(0.1, 10),
    of: (state) => state.timescale,
    above: 0.001,
  },
  {
    name: "threshold",
    label: "Threshold",
    hint: "Silence until it answers",
    unit: "s",
    ruler: power(10, 3),
    of: (state) => state.threshold,
    above: 0,
  },
];

const SEND_EVERY = 60; // ms
/** How long a slider shows the value chosen here before it follows the session again. */
const BELIEVE_AFTER = 1200; // ms
const STEPS = 1000;

function LiveSlider({ setting, state }: { setting: Setting; state: State }) {
  const { ruler, name } = setting;
  const id = useId();
  const mine = useSignal<number | null>(null);
  const dragging = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const current = setting.of(state);
  const send = useMemo(() => throttled((value: number) => command(name, value), SEND_EVERY), [name]);
  const choose = (value: number) => {
    mine.value = value;
    send(value);
    rest();
  };
  const rest = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => (dragging.current ? rest() : (mine.value = null)), BELIEVE_AFTER);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!dragging.current && mine.value !== null && alike(mine.value, current)) mine.value = null;
  }, [current]);
  const value = mine.value ?? current;
  const text = shown(value);
  const typed = (input: HTMLInputElement) => {
    const number = input.valueAsNumber;
    if (Number.isFinite(number) && number >= setting.above) choose(number);
    else input.value = text;
  };
  return (
    <div class="live-setting">
      <label for={`${id}-slider`}>{setting.label}</label>
      <input
        id={`${id}-slider`}
        type="range"
        min={0}
        max={STEPS}
        value={Math.round(STEPS * ruler.place(value))}
        aria-valuetext={`${text} ${setting.unit}`.trim()}
        aria-describedby={`${id}-hint`}
        onInput={(event) => choose(ruler.value(event.currentTarget.valueAsNumber / STEPS))}
        onPointerDown={() => (dragging.current = true)}
        onPointerUp={() => (dragging.current = false)}
        onPointerCancel={() => (dragging.current = false)}
      />
      <span class="with-unit">
        <input
          type="number"
          aria-label={`${setting.label}, number`}
          min={setting.above}
          step="any"
          value={text}
          onChange={(event) => typed(event.currentTarget)}
        />
        <span aria-hidden="true">{setting.unit}</span>
      </span>
      <small id={`${id}-hint`} class="hint">
        {setting.hint}
      </small>
    </div>
  );
}

function ModelPicker({ state }: { state: State }) {
  const files = overview.value?.models ?? [];
  const plays = files.includes(state.model) ? state.model : "";
  return (
    <Field
      label="Model"
      hint={files.length === 0 ? "Train one on the Learn page, or put one into models/." : undefined}
    >
      {(ids) => (
        <select
          {...ids}
          value={plays}
          title={state.model}
          disabled={files.length === 0}
          onChange={(event) => event.currentTarget.value && command("model", `models/${event.currentTarget.value}`)}
        >
          {plays === "" && <option value="">{state.model || "Random values (no model)"}</option>}
          {files.map((file) => (
            <option key={file} value={file}>
              {file}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function ModeSegments({ state }: { state: State }) {
  return (
    <Segments label="Who plays when" value={state.mode} options={OPTIONS} onChange={(mode) => command("mode", mode)} />
  );
}

export function Strip({ state }: { state: State }) {
  return (
    <div class="strip">
      <ModelPicker state={state} />
      {SETTINGS.map((setting) => (
        <LiveSlider key={setting.name} setting={setting} state={state} />
      ))}
    </div>
  );
}

/** How the session plays, changed while it does. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { MODES, modeTitle } from "../modes";
import { SETTINGS, type State } from "../protocol";
import { command, overview } from "../store";
import { Field, Segments } from "../ui";
import { alike, logarithmic, power, type Ruler, shown, throttled } from "./values";

const OPTIONS = MODES.map((mode) => ({ value: mode.value, label: mode.label, title: modeTitle(mode) }));

type Setting = Extract<(typeof SETTINGS)[number], { kind: "number" }>;

const rulerOf = ({ aboveZero, slider: [most, curve] }: Setting): Ruler =>
  aboveZero ? logarithmic(1 / most, most) : power(most, curve);

const SEND_EVERY = 60; // ms
/** How long a slider shows the value chosen here before it follows the session again. */
const BELIEVE_AFTER = 1200; // ms
const STEPS = 1000;
const LEAST_ABOVE_ZERO = 0.001;

const isNumber = (setting: (typeof SETTINGS)[number]): setting is Setting => setting.kind === "number";

function LiveSlider({ setting, state }: { setting: Setting; state: State }) {
  const name = setting.command;
  const ruler = useMemo(() => rulerOf(setting), [setting]);
  const least = setting.aboveZero ? LEAST_ABOVE_ZERO : 0;
  const id = useId();
  const mine = useSignal<number | null>(null);
  const dragging = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const current = state[setting.name];
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
    if (Number.isFinite(number) && number >= least) choose(number);
    else input.value = text;
  };
  return (
    <div class="live-setting">
      <label for={`${id}-slider`}>{setting.title}</label>
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
          aria-label={`${setting.title}, number`}
          min={least}
          step="any"
          value={text}
          onChange={(event) => typed(event.currentTarget)}
        />
        <span aria-hidden="true">{setting.unit}</span>
      </span>
      <small id={`${id}-hint`} class="hint">
        {setting.help}
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
      {SETTINGS.filter(isNumber).map((setting) => (
        <LiveSlider key={setting.name} setting={setting} state={state} />
      ))}
    </div>
  );
}

/** A number that is set while playing, as a slider and a field. */

import { useSignal } from "@preact/signals";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { SETTINGS, type State } from "../protocol";
import { command } from "../store";
import { isAway, KeyName } from "../ui";
import { alike, logarithmic, power, type Ruler, shown, throttled } from "./values";

export type Setting = Extract<(typeof SETTINGS)[number], { kind: "number" }>;

const rulerOf = ({ aboveZero, slider: [most, curve] }: Setting): Ruler =>
  aboveZero ? logarithmic(1 / most, most) : power(most, curve);

const SEND_EVERY = 60; // ms
/** How long a slider shows the value chosen here before it follows the session again. */
const BELIEVE_AFTER = 1200; // ms
const STEPS = 1000;
const LEAST_ABOVE_ZERO = 0.001;

export const isNumber = (setting: (typeof SETTINGS)[number]): setting is Setting => setting.kind === "number";

export const settingNamed = (name: Setting["name"]): Setting =>
  SETTINGS.filter(isNumber).find((setting) => setting.name === name)!;

export function LiveSlider({ setting, state }: { setting: Setting; state: State }) {
  const name = setting.command;
  const ruler = useMemo(() => rulerOf(setting), [setting]);
  const least = setting.aboveZero ? LEAST_ABOVE_ZERO : 0;
  const id = useId();
  const mine = useSignal<number | null>(null);
  /** What is being typed; a state of the session that comes meanwhile leaves it alone. */
  const typing = useSignal<string | null>(null);
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
      <label for={`${id}-slider`}>
        {setting.title}
        <KeyName of={setting.key} title={setting.title} />
      </label>
      <input
        id={`${id}-slider`}
        type="range"
        disabled={isAway()}
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
          disabled={isAway()}
          aria-label={`${setting.title}, number`}
          min={least}
          step="any"
          value={typing.value ?? text}
          onInput={(event) => (typing.value = event.currentTarget.value)}
          onChange={(event) => {
            typing.value = null;
            typed(event.currentTarget);
          }}
          onBlur={() => (typing.value = null)}
        />
        <span aria-hidden="true">{setting.unit}</span>
      </span>
      <small id={`${id}-hint`} class="hint">
        {setting.help}
      </small>
    </div>
  );
}

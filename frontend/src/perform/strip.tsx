/** How the session plays, changed while it does. */

import { MODES, modeTitle } from "../modes";
import { SETTINGS, type State } from "../protocol";
import { command, overview } from "../store";
import { Field, isAway, Segments } from "../ui";
import { SharedTime } from "./clock";
import { Numbers } from "./panel";
import { isNumber, LiveSlider } from "./slider";

const OF_TIME = "clock";

const OPTIONS = MODES.map((mode) => ({ value: mode.value, label: mode.label, title: modeTitle(mode) }));

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
          disabled={files.length === 0 || isAway()}
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
      <SharedTime state={state} />
      <Numbers state={state}>
        {SETTINGS.filter(isNumber)
          .filter((setting) => setting.section !== OF_TIME)
          .map((setting) => (
            <LiveSlider key={setting.name} setting={setting} state={state} />
          ))}
      </Numbers>
    </div>
  );
}

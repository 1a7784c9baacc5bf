/** The instrument itself: its name, how it plays, its model, what it records. */

import { MODES } from "../modes";
import { counted } from "../record/words";
import { Button, Card, Field, useResource } from "../ui";
import { problems, remove, set, values } from "./draft";
import { FormRows, NumberField, Odd, Said, Section, mark, schema } from "./fields";
import { rowsOf } from "./form";
import type { Key } from "./types";
import { problemsOn, valueAt } from "./values";
import type { Mode, Model } from "../protocol";

export function Instrument() {
  return (
    <>
      <Card title="The instrument">
        <div class="form">
          <FormRows section={[]} only={["title", "owner", "description"]} />
          <Controls />
        </div>
      </Card>
      <Card title="How it plays">
        <Modes />
        <div class="form">
          <FormRows section={["interaction"]} skip={["mode"]} />
        </div>
      </Card>
      <Card title="Shared time">
        <Said of={["clock"]} />
        <div class="form">
          <FormRows section={["clock"]} skip={["send"]} />
          <FormRows section={["clock"]} only={["send"]} />
        </div>
      </Card>
      <Card title="The model">
        <Said of={["model"]} />
        <div class="form">
          <ModelFile
            at={["model", "file"]}
            label="Model file"
            none="None yet: play random values"
            hint="Without a model, random values are played: good for trying the wiring."
          />
          <FormRows section={["model"]} skip={["dimension", "file"]} />
        </div>
      </Card>
      <Card title="Recording">
        <div class="form">
          <FormRows section={[]} only={["log_input", "log_predictions", "verbose"]} />
          <FormRows section={[]} skip={["title", "owner", "description", "log_input", "log_predictions", "verbose"]} />
        </div>
      </Card>
      <Section
        section={["webui"]}
        title="Ports of this page"
        lead="How this page and the session that plays talk on this machine. Only to be changed if another program needs these ports."
      >
        <div class="form">
          <FormRows section={["webui"]} />
        </div>
      </Section>
    </>
  );
}

/** The form counts controls; the dimension in the file counts time as well. */
function Controls() {
  const key = ["model", "dimension"];
  const row = rowsOf(schema(), ["model"]).find((each) => each.key.at(-1) === "dimension");
  const dimension = valueAt(values.value, key);
  const known = typeof dimension === "number" ? dimension - 1 : null;
  const [wrong] = problemsOn(problems.value, key);
  return (
    <NumberField
      row={{
        key,
        label: "Number of controls",
        hint:
          known === null
            ? "Left out: as the mappings or the model have it."
            : `Faders, knobs, notes … With one for time, this is dimension ${known + 1}.`,
        wanted: "a whole number, 1 or more",
        unit: "",
        kind: "integer",
        fallback: row?.fallback,
        optional: false,
      }}
      value={known}
      error={wrong?.message}
      onValue={(value) => value !== null && set(key, value + 1)}
    />
  );
}

function Modes() {
  const key = ["interaction", "mode"];
  const row = rowsOf(schema(), ["interaction"]).find((each) => each.key.at(-1) === "mode");
  const mode = valueAt(values.value, key) ?? row?.fallback ?? null;
  return (
    <div class="modes" {...mark(key)}>
      <ModeCards value={typeof mode === "string" ? mode : null} onChange={(value) => set(key, value)} />
      <Said of={key} />
    </div>
  );
}

export function ModeCards(props: { value: string | null; onChange: (mode: Mode) => void }) {
  return (
    <fieldset class="choices">
      <legend class="hidden">How it plays</legend>
      {MODES.map(({ value, label, words }) => (
        <label key={value} class="choice">
          <input
            type="radio"
            name="mode"
            value={value}
            checked={props.value === value}
            onChange={() => props.onChange(value)}
          />
          <span>
            <b>{label}</b>
            <small>{words}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** A model file of the workspace, by its path; `none`: the words for having none. */
export function ModelFile(props: { at: Key; label: string; none: string; hint?: string }) {
  const { at, label, none } = props;
  const { data } = useResource<Model[]>("/api/models", "models");
  const found = valueAt(values.value, at);
  const file = typeof found === "string" ? found : "";
  const dimension = valueAt(values.value, ["model", "dimension"]);
  const here = problemsOn(problems.value, at);
  const options = (data.value ?? []).map((each) => ({ ...each, path: `models/${each.name}` }));
  const fits = options.filter(
    (each) =>
      !each.problem && (each.dimension === null || typeof dimension !== "number" || each.dimension === dimension),
  );
  const others = options.filter((each) => !fits.includes(each));
  const chosen = options.find((each) => each.path === file);
  const odd = chosen && !fits.includes(chosen) && typeof dimension === "number";
  return (
    <div class="wide-field">
      <Field
        label={label}
        hint={file === "" ? props.hint : undefined}
        error={here.find((each) => each.level === "error")?.message}
      >
        {(ids) => (
          <select
            {...ids}
            {...mark(at)}
            value={file}
            onChange={({ currentTarget: { value } }) =>
              value === "" && at[0] === "scenes" ? remove(at) : set(at, value)
            }
          >
            <option value="">{none}</option>
            {file !== "" && !chosen && <option value={file}>{file}</option>}
            {fits.map((each) => (
              <option key={each.path} value={each.path}>
                {each.name}
              </option>
            ))}
            {others.length > 0 && (
              <optgroup label="For another number of controls">
                {others.map((each) => (
                  <option key={each.path} value={each.path} disabled={each.path !== file && each.problem !== ""}>
                    {each.name}
                  </option>
                ))}
              </optgroup>
            )}
          </select>
        )}
      </Field>
      {odd && chosen.dimension !== null && (
        <div class="mismatch">
          <p>
            This model is for {counted(chosen.dimension - 1, "control")}, and the instrument has {dimension - 1}. Choose
            another model, train one of dimension {dimension}, or:
          </p>
          <div class="row">
            <Button onClick={() => set(["model", "dimension"], chosen.dimension)}>
              Set dimension to {chosen.dimension}
            </Button>
          </div>
        </div>
      )}
      {!odd && <Odd text={here.find((each) => each.level === "warning")?.message} />}
    </div>
  );
}

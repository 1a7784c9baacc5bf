/** Each control in a row: its name, and how the model may play it. */

import { useSignal } from "@preact/signals";
import { overview } from "../store";
import { Card, Toggle } from "../ui";
import { problems, remove, set, values } from "./draft";
import { Said, mark, schema } from "./fields";
import { asNumber, type Row, rowsOf } from "./form";
import { limitsOf, tablesOf, withKey, withLimit } from "./hands";
import type { Json } from "../protocol";
import { problemsOn, valueAt } from "./values";

/** More are set in the text. */
const MOST_ROWS = 64;

const NOTES = 127;

export function Controls() {
  const tables = tablesOf(values.value);
  const dimension = valueAt(values.value, ["model", "dimension"]);
  const known = typeof dimension === "number" ? dimension - 1 : (overview.value?.controls.length ?? 0);
  const count = Math.max(known, tables.length);
  const shown = Math.min(count, MOST_ROWS);
  const rows = new Map(rowsOf(schema(), ["controls", "0"]).map((row) => [row.key.at(-1)!, row]));
  return (
    <Card title="Controls">
      <p class="soft section-lead">
        What each control is called, and how the model may play it. The model hears what was played: it goes on from
        there. What is left empty stays as the model likes it.
      </p>
      <Said of={["controls"]} />
      {shown === 0 ? (
        <p class="soft">The number of controls is not known yet: say it under Instrument, or map them under MIDI.</p>
      ) : (
        <table class="entries hands" {...mark(["controls"])}>
          <caption class="hidden">Controls</caption>
          <thead>
            <tr>
              <th scope="col">
                <span aria-hidden="true">#</span>
                <span class="hidden">Control</span>
              </th>
              <th scope="col">Name</th>
              <th scope="col">How it is played</th>
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: shown }, (_, index) => (
              <ControlLine key={index} index={index} rows={rows} />
            ))}
          </tbody>
        </table>
      )}
      {count > shown && <p class="soft">Controls from {shown + 1} on are set in the text: [[controls]].</p>}
    </Card>
  );
}

function ControlLine({ index, rows }: { index: number; rows: ReadonlyMap<string, Row> }) {
  const tables = tablesOf(values.value);
  const table = tables[index] ?? {};
  const of = overview.value?.controls[index];
  const put = (key: string, value: Json | undefined) => {
    const next = withKey(tablesOf(values.peek()), index, key, value);
    if (next.length > 0) set(["controls"], next);
    else remove(["controls"]);
  };
  const place = `Control ${index + 1}`;
  const found = problemsOn(problems.value, ["controls", index], true);
  const wrong = found.filter((problem) => problem.level === "error");
  const scale = typeof table["scale"] === "string" ? table["scale"] : "";
  const isNote = scale !== "" || of?.plays === "note";
  const [low, high] = limitsOf(table);
  const most = isNote && (high === null || high > 1) ? NOTES : 1;
  const limit = (at: 0 | 1) => (value: number | null) => put("limits", withLimit([low, high], at, value, most));
  const within = (value: number) => value >= 0 && value <= (isNote ? NOTES : 1);
  const name = typeof table["name"] === "string" ? table["name"] : "";
  const on = table["enabled"] !== false;
  const cell = { place, index };
  return (
    <tr class={`${wrong.length > 0 ? "wrong" : ""} ${on ? "" : "off"}`} {...mark(["controls", index])}>
      <th scope="row">
        <span class="hidden">Control </span>
        {index + 1}
      </th>
      <td class="kind">
        <input
          type="text"
          autocomplete="off"
          spellcheck={false}
          maxLength={40}
          aria-label={`${place}: name`}
          placeholder={of && name === "" ? of.label : ""}
          {...mark(["controls", index, "name"])}
          value={name}
          onInput={({ currentTarget: { value } }) => put("name", value === "" ? undefined : value)}
        />
      </td>
      <td class="arguments">
        <span class="switch" title={rows.get("enabled")?.hint} {...mark(["controls", index, "enabled"])}>
          <Toggle label="On" value={on} onChange={(value) => put("enabled", value ? undefined : false)} />
        </span>
        <NumberCell {...cell} name="limits" label="From" value={low} empty="0" fits={within} onValue={limit(0)} />
        <NumberCell
          {...cell}
          name="limits"
          label="To"
          value={high}
          empty={String(most)}
          fits={within}
          onValue={limit(1)}
        />
        <label class="cell wide">
          <span>Scale</span>
          <select
            aria-label={`${place}: scale`}
            {...mark(["controls", index, "scale"])}
            value={scale}
            onChange={({ currentTarget: { value } }) => put("scale", value === "" ? undefined : value)}
          >
            <option value="">Any value</option>
            {rows.get("scale")?.choices.map((each) => (
              <option key={each.value} value={each.value}>
                {each.label}
              </option>
            ))}
          </select>
        </label>
        {scale !== "" && (
          <label class="cell">
            <span>Root</span>
            <RootSelect place={place} index={index} row={rows.get("root")} value={table["root"]} onValue={put} />
          </label>
        )}
        <NumberCell
          {...cell}
          name="gate"
          label="Gate (s)"
          value={typeof table["gate"] === "number" ? table["gate"] : null}
          empty="legato"
          fits={(value) => value > 0}
          onValue={(value) => put("gate", value ?? undefined)}
        />
        <NumberCell
          {...cell}
          name="repeat"
          label="Repeat (s)"
          value={typeof table["repeat"] === "number" ? table["repeat"] : null}
          empty="any"
          fits={(value) => value >= 0}
          onValue={(value) => put("repeat", value ?? undefined)}
        />
        {found.length > 0 && <p class={wrong.length > 0 ? "error" : "odd"}>{(wrong[0] ?? found[0])!.message}</p>}
      </td>
    </tr>
  );
}

function RootSelect(props: {
  place: string;
  index: number;
  row: Row | undefined;
  value: Json | undefined;
  onValue: (key: string, value: Json | undefined) => void;
}) {
  const choices = props.row?.choices ?? [];
  const value = props.value === undefined ? (choices[0]?.value ?? "C") : String(props.value);
  return (
    <select
      aria-label={`${props.place}: root`}
      {...mark(["controls", props.index, "root"])}
      value={value}
      onChange={({ currentTarget }) => props.onValue("root", currentTarget.value)}
    >
      {!choices.some((each) => each.value === value) && <option value={value}>{value}</option>}
      {choices.map((each) => (
        <option key={each.value} value={each.value}>
          {each.label.replace("#", "♯").replace("b", "♭")}
        </option>
      ))}
    </select>
  );
}

/** One number of a control. What is none, or out of range, is shown as wrong and stays out of the draft. */
function NumberCell(props: {
  place: string;
  index: number;
  name: string;
  label: string;
  value: number | null;
  /** What stands there where nothing is said. */
  empty: string;
  fits: (value: number) => boolean;
  onValue: (value: number | null) => void;
}) {
  const typed = useSignal<string | null>(null);
  const number = typed.value === null ? null : asNumber(typed.value, false);
  const blank = typed.value?.trim() === "";
  const bad = typed.value !== null && !blank && (number === null || !props.fits(number));
  return (
    <label class={`cell ${bad ? "wrong" : ""}`}>
      <span>{props.label}</span>
      <input
        class="numeral"
        type="text"
        inputMode="decimal"
        autocomplete="off"
        size={4}
        aria-label={`${props.place}: ${props.label.toLowerCase()}`}
        aria-invalid={bad ? true : undefined}
        placeholder={props.empty}
        {...mark(["controls", props.index, props.name])}
        value={typed.value ?? (props.value === null ? "" : String(props.value))}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          const found = asNumber(currentTarget.value, false);
          if (currentTarget.value.trim() === "") props.onValue(null);
          else if (found !== null && props.fits(found)) props.onValue(found);
        }}
        onBlur={() => (typed.value = null)}
      />
      {bad && <small class="error">a number</small>}
    </label>
  );
}

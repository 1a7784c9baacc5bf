/** Controls for the keys of the draft: what is typed goes into it, what is wrong with it stands below. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "../icons";
import { Button, Field, Toggle } from "../ui";
import { problems, remove, saved, set, values } from "./draft";
import type { Health } from "./devices";
import { asNumber, rowsOf, type Row } from "./form";
import type { FormSchema, Json } from "../protocol";
import type { Key } from "./types";
import { namesAt, problemsOn, valueAt } from "./values";

/** Marks a control, so that a problem's link finds it. */
export const mark = (key: readonly (string | number)[]) => ({ "data-key": JSON.stringify(key) });

/** The last part of a key, as the file has it. */
const keyOf = (key: Key) => String(key.at(-1) ?? "");

export const schema = (): FormSchema => saved.value?.schema ?? {};

/** What is wrong with a key, and what is only odd. */
function messagesOf(key: Key, inside = false) {
  const found = problemsOn(problems.value, key, inside);
  const of = (level: string) =>
    found
      .filter((problem) => problem.level === level)
      .map((problem) => problem.message)
      .join(" ") || undefined;
  return { error: of("error"), odd: of("warning") };
}

export function Odd(props: { text: string | undefined }) {
  return props.text ? (
    <p class="odd">
      <Icon name="panic" size={16} />
      <span>{props.text}</span>
    </p>
  ) : null;
}

/** The problems of a key that has no control of its own. */
export function Said(props: { of: Key; inside?: boolean }) {
  const { error, odd } = messagesOf(props.of, props.inside);
  return (
    <>
      {error && <p class="error">{error}</p>}
      <Odd text={odd} />
    </>
  );
}

/** All keys of a section, those in `skip` aside; `only` picks some, in that order. */
export function FormRows(props: { section: Key; skip?: readonly string[]; only?: readonly string[] }) {
  const all = rowsOf(schema(), props.section);
  const rows = props.only
    ? props.only.flatMap((name) => all.filter((row) => row.key.at(-1) === name))
    : all.filter((row) => row.kind !== "other" && !props.skip?.includes(row.key.at(-1)!));
  return (
    <>
      {rows.map((row) => (
        <FormRow key={row.key.join(".")} row={row} />
      ))}
    </>
  );
}

export function FormRow({ row }: { row: Row }) {
  const { error, odd } = messagesOf(row.key, row.kind === "list");
  const found = valueAt(values.value, row.key);
  if (row.kind === "list") return <ListField row={row} error={error} odd={odd} />;
  if (row.kind === "flag" && row.optional) {
    return (
      <div>
        <Field label={row.label} hint={row.hint} error={error}>
          {(ids) => (
            <select
              {...ids}
              {...mark(row.key)}
              value={typeof found === "boolean" ? String(found) : ""}
              onChange={({ currentTarget: { value } }) =>
                value === "" ? remove(row.key) : set(row.key, value === "true")
              }
            >
              <option value="">Not set</option>
              <option value="true">On</option>
              <option value="false">Off</option>
            </select>
          )}
        </Field>
        <Odd text={odd} />
      </div>
    );
  }
  if (row.kind === "flag") {
    return (
      <div class="flag" {...mark(row.key)}>
        <Toggle label={row.label} value={(found ?? row.fallback) === true} onChange={(value) => set(row.key, value)} />
        {row.hint && <small class="hint">{row.hint}</small>}
        {error && <small class="error">{error}</small>}
        <Odd text={odd} />
      </div>
    );
  }
  return (
    <div class={row.long ? "wide-field" : ""}>
      {row.kind === "number" || row.kind === "integer" ? (
        <NumberField
          row={row}
          value={typeof found === "number" ? found : null}
          error={error}
          onValue={(value) => (value === null ? remove(row.key) : set(row.key, value))}
        />
      ) : (
        <Field label={row.label} of={keyOf(row.key)} hint={row.hint} error={error}>
          {(ids) =>
            row.kind === "choice" ? (
              <select
                {...ids}
                {...mark(row.key)}
                value={typeof found === "string" ? found : String(row.fallback ?? "")}
                onChange={({ currentTarget: { value } }) => (value === "" ? remove(row.key) : set(row.key, value))}
              >
                {row.optional && <option value="">{row.key[0] === "scenes" ? "Stays as it is" : "Not set"}</option>}
                {row.choices.map((choice) => (
                  <option key={choice.value} value={choice.value}>
                    {choice.label}
                  </option>
                ))}
              </select>
            ) : row.long ? (
              <textarea
                {...ids}
                {...mark(row.key)}
                rows={3}
                value={typeof found === "string" ? found : ""}
                onInput={({ currentTarget: { value } }) => set(row.key, value)}
              />
            ) : (
              <input
                {...ids}
                {...mark(row.key)}
                type="text"
                autocomplete="off"
                spellcheck={false}
                value={typeof found === "string" ? found : String(row.fallback ?? "")}
                onInput={({ currentTarget: { value } }) =>
                  row.optional && value === "" ? remove(row.key) : set(row.key, value)
                }
              />
            )
          }
        </Field>
      )}
      <Odd text={odd} />
    </div>
  );
}

/** A number, as it is typed: what is none yet stays in the field and out of the draft. */
export function NumberField(props: {
  row: Pick<Row, "key" | "label" | "hint" | "wanted" | "unit" | "kind" | "fallback" | "optional">;
  value: number | null;
  error?: string | undefined;
  onValue: (value: number | null) => void;
}) {
  const { row } = props;
  const typed = useSignal<string | null>(null);
  const shown = props.value ?? (typeof row.fallback === "number" ? row.fallback : null);
  const whole = row.kind === "integer";
  const blank = typed.value?.trim() === "" && row.optional;
  const bad = typed.value !== null && !blank && asNumber(typed.value, whole) === null;
  const hint = [row.hint, row.optional ? "Empty: it stays as it is." : ""].filter(Boolean).join(" ");
  return (
    <Field
      label={row.unit ? `${row.label} (${row.unit})` : row.label}
      of={keyOf(row.key)}
      hint={hint}
      error={bad ? `Wanted: ${row.wanted || "a number"}.` : props.error}
    >
      {(ids) => (
        <input
          {...ids}
          {...mark(row.key)}
          class="numeral"
          type="text"
          inputMode={whole ? "numeric" : "decimal"}
          autocomplete="off"
          value={typed.value ?? (shown === null ? "" : String(shown))}
          onInput={({ currentTarget: { value } }) => {
            typed.value = value;
            const number = asNumber(value, whole);
            if (number !== null) props.onValue(number);
            else if (value.trim() === "" && row.optional) props.onValue(null);
          }}
          onBlur={() => (typed.value = null)}
        />
      )}
    </Field>
  );
}

function ListField({ row, error, odd }: { row: Row; error: string | undefined; odd: string | undefined }) {
  const id = useId();
  const given = valueAt(values.value, row.key);
  const fallback = Array.isArray(row.fallback) ? row.fallback.map(String) : [];
  const list = given === undefined ? fallback : namesAt(values.value, row.key);
  const put = (items: string[]) => (items.length === 0 && row.optional ? remove(row.key) : set(row.key, items));
  return (
    <fieldset class="list-field wide-field" aria-describedby={id}>
      <legend class="field-label">{row.label}</legend>
      {list.map((item, i) => (
        <div class="list-item" key={i}>
          <input
            type="text"
            autocomplete="off"
            spellcheck={false}
            aria-label={`${row.label}, ${i + 1}`}
            {...mark([...row.key, i])}
            value={item}
            onInput={({ currentTarget: { value } }) => put(list.map((each, j) => (j === i ? value : each)))}
          />
          <Button
            icon="cross"
            kind="quiet"
            label={`Remove ${item || "this"}`}
            onClick={() => put(list.filter((_, j) => j !== i))}
          />
        </div>
      ))}
      <div>
        <Button icon="plus" onClick={() => put([...list, ""])}>
          Add
        </Button>
      </div>
      <small id={id} class={error ? "error" : "hint"}>
        {error ?? row.hint}
      </small>
      <Odd text={odd} />
    </fieldset>
  );
}

export function Dot({ health }: { health: Health | null }) {
  if (!health?.words) return null;
  return (
    <span class={`health ${health.level}`}>
      <i aria-hidden="true" />
      {health.words}
    </span>
  );
}

const OFFERED = 6;

/** A device by its name: one of those that are there, or any other. */
export function DeviceField(props: {
  label: string;
  keyOf: Key;
  value: string;
  present: readonly { name: string; more?: string }[];
  health: Health | null;
  hint?: string;
  error?: string | undefined;
  onValue: (name: string) => void;
}) {
  const list = useId();
  // Not every browser opens a datalist, and none well on a phone.
  const offered = props.present.filter((each) => each.name !== props.value).slice(0, OFFERED);
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(ids) => (
        <>
          <input
            {...ids}
            {...mark(props.keyOf)}
            type="text"
            list={list}
            autocomplete="off"
            spellcheck={false}
            placeholder="Choose one, or type a part of its name"
            value={props.value}
            onInput={({ currentTarget: { value } }) => props.onValue(value)}
          />
          <datalist id={list}>
            {props.present.map((each) => (
              <option key={each.name} value={each.name}>
                {each.more}
              </option>
            ))}
          </datalist>
          <Dot health={props.health} />
          {offered.length > 0 && (
            <span class="offers" role="group" aria-label={`${props.label}: what is plugged in`}>
              {offered.map((each) => (
                <button
                  key={each.name}
                  type="button"
                  class="button"
                  title={each.more || each.name}
                  onClick={() => props.onValue(each.name)}
                >
                  {each.name}
                </button>
              ))}
            </span>
          )}
        </>
      )}
    </Field>
  );
}

// What a section held when it was switched off comes back when it is switched on again.
const before = new Map<string, Json>();

/** A section that is there or not; `fresh` is what it begins with. */
export function Section(props: {
  section: Key;
  title: string;
  lead: string;
  health?: Health | null;
  fresh?: () => Json;
  children: ComponentChildren;
}) {
  const name = props.section.join(".");
  const found = valueAt(values.value, props.section);
  const present = found !== undefined;
  const flip = (on: boolean) => {
    if (on) return set(props.section, before.get(name) ?? props.fresh?.() ?? {});
    if (found !== undefined) before.set(name, found);
    remove(props.section);
  };
  return (
    <section class="card">
      <header class="card-head">
        <h2>{props.title}</h2>
        <div class="row">
          {present && <Dot health={props.health ?? null} />}
          <span {...mark(props.section)}>
            <Toggle label={present ? "On" : "Off"} value={present} onChange={flip} />
          </span>
        </div>
      </header>
      <p class="soft section-lead">{props.lead}</p>
      {present && (
        <>
          <Said of={props.section} />
          {props.children}
        </>
      )}
    </section>
  );
}

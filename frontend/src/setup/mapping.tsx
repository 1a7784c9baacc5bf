/** The table that says which MIDI message is which control. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { del, post } from "../api";
import { on } from "../socket";
import { counted } from "../record/words";
import { attempt, overview, notify } from "../store";
import { Button } from "../ui";
import { problems, saved, set, values } from "./draft";
import {
  type Entry,
  another,
  argumentLabel,
  asKind,
  entryOf,
  fitted,
  meant,
  moved,
  rowOf,
  withNumber,
} from "./entries";
import { Said, mark } from "./fields";
import { asNumber } from "./form";
import { MOVE, type Waiting, assign } from "./assign";
import { controlWords } from "./hands";
import type { MappingArgument } from "../protocol";
import type { Key } from "./types";
import { listAt, problemsOn, valueAt } from "./values";

/** The row that waits for a control to be moved, in the mapping with this key. */
const waitingIn = signal<{ name: string; waiting: Waiting } | null>(null);

function stopWaiting(): void {
  if (waitingIn.peek() === null) return;
  waitingIn.value = null;
  void attempt(() => del("/api/learn"));
}

export function MappingEditor(props: {
  at: Key;
  title: string;
  way: "input" | "output";
  /** The port that the mapping belongs to; null: there is no choice of ports. */
  device: string | null;
}) {
  const { way, device } = props;
  const name = props.at.join("\n");
  const at = useMemo(() => props.at, [name]);
  const kinds = saved.value?.mapping_kinds ?? [];
  const entries = listAt(values.value, at) as Entry[];
  const dimension = valueAt(values.value, ["model", "dimension"]);
  const controls = typeof dimension === "number" ? dimension - 1 : null;
  const mismatch = controls !== null && entries.length > 0 && entries.length !== controls;
  const body = useRef<HTMLTableSectionElement>(null);
  const announced = useSignal("");
  const waiting = waitingIn.value?.name === name ? waitingIn.value.waiting : null;
  const put = (list: readonly Entry[]) => set(at, [...list]);

  // Messages come between two renderings: they apply to the mapping as it is then.
  const latest = useRef({ entries, device });
  latest.current = { entries, device };
  const active = waiting !== null;
  useLayoutEffect(() => {
    if (!active) return;
    const ends = [
      on("learn", (control) => {
        const now = waitingIn.peek();
        if (now?.name !== name) return;
        const { entries: list, device: port } = latest.current;
        const called = (index: number) => controlWords(values.peek(), index);
        const outcome = assign(now.waiting, list, { ...control, entry: control.entry as Entry }, port, called);
        if (outcome.entries) {
          put(outcome.entries);
          announced.value = `${controlWords(values.peek(), now.waiting.target)}: ${control.words}`;
        }
        if (outcome.waiting) waitingIn.value = { name, waiting: outcome.waiting };
        else stopWaiting();
      }),
      on("learning", ({ on: goes, error }) => {
        if (error) notify("error", error);
        if (!goes && waitingIn.peek()?.name === name) waitingIn.value = null;
      }),
    ];
    return () => ends.forEach((end) => end());
  }, [active, name]);
  useEffect(() => () => void (waitingIn.peek()?.name === name && stopWaiting()), [name]);

  const map = async (target: number, all: boolean) => {
    const began = waitingIn.value?.name === name || (await attempt(() => post("/api/learn", { way }))) !== undefined;
    if (began) waitingIn.value = { name, waiting: { target, all, note: MOVE } };
  };

  const focus = (index: number, ...parts: string[]) =>
    requestAnimationFrame(() => {
      const rows = body.current?.rows;
      const row = rows?.[Math.min(index, rows.length - 1)];
      const found = parts.map((each) => row?.querySelector<HTMLElement>(`[data-part="${each}"] button:not(:disabled)`));
      found.find(Boolean)?.focus();
    });
  const move = (from: number, to: number) => {
    put(moved(entries, from, to));
    announced.value = `Now control ${to + 1}`;
    focus(to, ...(to < from ? ["up", "down"] : ["down", "up"]));
  };
  const drop = (index: number) => {
    const gone = entries;
    put(entries.filter((_, i) => i !== index));
    notify("info", `${controlWords(values.peek(), index)} was taken out of the mapping.`, {
      label: "Undo",
      run: () => put(gone),
    });
    focus(index, "drop");
  };

  // The rows get the same properties each time, so only the one that changed is rendered.
  const acts = useRef<Acts>(null!);
  acts.current = {
    entry: (index, changed) => put(entries.map((each, i) => (i === index ? changed : each))),
    map: (index) => (waiting?.target === index ? stopWaiting() : map(index, false)),
    move,
    drop,
  };

  return (
    <div class="mapping" {...mark(at)}>
      <div class="mapping-head">
        <h3>{props.title}</h3>
        <div class="row">
          {entries.length > 0 && (
            <Button
              icon="hand"
              pressed={waiting?.all === true}
              onClick={() => (waiting?.all ? stopWaiting() : map(0, true))}
            >
              {waiting?.all ? "Stop assigning" : "Assign all"}
            </Button>
          )}
          <Button icon="plus" onClick={() => put([...entries, another(entries)])}>
            Add
          </Button>
        </div>
      </div>
      {!mismatch && <Said of={at} />}
      {mismatch && (
        <div class="mismatch">
          <p>
            This mapping has {counted(entries.length, "control")}, and the instrument has {controls}.
          </p>
          <div class="row">
            <Button onClick={() => set(["model", "dimension"], entries.length + 1)}>
              Set dimension to {entries.length + 1}
            </Button>
            <Button onClick={() => put(fitted(entries, controls))}>
              {entries.length < controls
                ? `Add ${counted(controls - entries.length, "control")}`
                : `Remove the last ${entries.length - controls}`}
            </Button>
          </div>
        </div>
      )}
      {entries.length === 0 ? (
        <div class="row">
          <span class="soft">Nothing is {way === "input" ? "received" : "sent"} yet.</span>
          <Button onClick={() => put(fitted([], controls ?? 1))}>Start with {counted(controls ?? 1, "control")}</Button>
        </div>
      ) : (
        <table class="entries">
          <caption class="hidden">
            {props.title}: {counted(entries.length, "control")}
          </caption>
          <thead>
            <tr>
              <th scope="col">
                <span aria-hidden="true">#</span>
                <span class="hidden">Control</span>
              </th>
              <th scope="col">Message</th>
              <th scope="col">Which one</th>
              <th scope="col">
                <span class="hidden">Assign, order, remove</span>
              </th>
            </tr>
          </thead>
          <tbody ref={body}>
            {entries.map((entry, index) => (
              <EntryLine
                key={index}
                at={at}
                entry={entry}
                index={index}
                place={controlWords(values.value, index)}
                last={entries.length - 1}
                kinds={kinds}
                waiting={waiting?.target === index ? waiting : null}
                acts={acts}
              />
            ))}
          </tbody>
        </table>
      )}
      <p class="hidden" role="status">
        {announced.value}
      </p>
    </div>
  );
}

/** What can be done with the lines, by their place. */
interface Acts {
  entry: (index: number, entry: Entry) => void;
  map: (index: number) => unknown;
  move: (from: number, to: number) => void;
  drop: (index: number) => void;
}

function EntryLine(props: {
  at: Key;
  entry: Entry;
  index: number;
  place: string;
  last: number;
  kinds: Parameters<typeof rowOf>[1];
  waiting: Waiting | null;
  acts: { readonly current: Acts };
}) {
  const { index, place, waiting, acts } = props;
  const row = rowOf(props.entry, props.kinds);
  const found = problemsOn(problems.value, [...props.at, index], true);
  const wrong = found.filter((problem) => problem.level === "error");
  const label = overview.value?.controls[index]?.label;
  return (
    <tr class={`${waiting ? "listening" : ""} ${wrong.length > 0 ? "wrong" : ""}`} {...mark([...props.at, index])}>
      <th scope="row" title={label ? `${place}: ${label}` : place}>
        <span class="hidden">Control </span>
        {index + 1}
      </th>
      <td class="kind">
        {place.endsWith(")") && <small class="soft control-name">{place.slice(place.indexOf("(") + 1, -1)}</small>}
        <select
          aria-label={`${place}: message`}
          value={row.kind?.kind ?? ""}
          onChange={({ currentTarget: { value } }) => {
            const kind = props.kinds.find((each) => each.kind === value);
            if (kind) acts.current.entry(index, row.kind ? asKind(row, kind) : entryOf(kind, {}));
          }}
        >
          {row.kind === null && <option value="">{row.odd.slice(0, 40)}</option>}
          {props.kinds.map((kind) => (
            <option key={kind.kind} value={kind.kind}>
              {kind.words}
            </option>
          ))}
        </select>
      </td>
      <td class="arguments">
        {row.kind?.arguments.map((argument) => (
          <NumberCell
            key={argument.name}
            argument={argument}
            place={place}
            value={row.numbers[argument.name] ?? null}
            onValue={(value) => acts.current.entry(index, withNumber(row, argument.name, value))}
          />
        ))}
        {waiting && (
          <p class="learning" role="status">
            {waiting.note}
          </p>
        )}
        {found.length > 0 && <p class={wrong.length > 0 ? "error" : "odd"}>{(wrong[0] ?? found[0])!.message}</p>}
      </td>
      <td class="tools">
        <span data-part="map">
          <Button
            pressed={waiting !== null}
            onClick={() => acts.current.map(index)}
            title={`${place}: assign it by moving the control`}
          >
            {waiting ? "Stop" : "Assign"}
            <span class="hidden"> {place}</span>
          </Button>
        </span>
        <span data-part="up">
          <Button
            icon="up"
            kind="quiet"
            label={`${place}: move up`}
            disabled={index === 0}
            onClick={() => acts.current.move(index, index - 1)}
          />
        </span>
        <span data-part="down">
          <Button
            icon="down"
            kind="quiet"
            label={`${place}: move down`}
            disabled={index === props.last}
            onClick={() => acts.current.move(index, index + 1)}
          />
        </span>
        <span data-part="drop">
          <Button icon="trash" kind="quiet" label={`${place}: remove`} onClick={() => acts.current.drop(index)} />
        </span>
      </td>
    </tr>
  );
}

/** One number of an entry. What is none, or out of range, is shown as wrong and stays out of the draft. */
function NumberCell(props: {
  argument: MappingArgument;
  place: string;
  value: number | null;
  onValue: (value: number | null) => void;
}) {
  const { argument, value } = props;
  const typed = useSignal<string | null>(null);
  const label = argumentLabel(argument);
  const shown = value ?? meant(argument);
  const number = typed.value === null ? null : asNumber(typed.value, true);
  const fits = (found: number | null) => found !== null && found >= argument.min && found <= argument.max;
  const bad = typed.value !== null && !fits(number) && !(argument.optional && typed.value.trim() === "");
  return (
    <label class={`cell ${bad ? "wrong" : ""}`}>
      <span>{label}</span>
      <input
        class="numeral"
        type="text"
        inputMode="numeric"
        autocomplete="off"
        size={3}
        aria-label={`${props.place}: ${label.toLowerCase()}, ${argument.min} to ${argument.max}`}
        aria-invalid={bad ? true : undefined}
        title={`${argument.min} to ${argument.max}`}
        placeholder={argument.optional ? "any" : ""}
        value={typed.value ?? (shown === null ? "" : String(shown))}
        onInput={({ currentTarget }) => {
          typed.value = currentTarget.value;
          const found = asNumber(currentTarget.value, true);
          if (fits(found)) props.onValue(found);
          else if (argument.optional && currentTarget.value.trim() === "") props.onValue(null);
        }}
        onBlur={() => (typed.value = null)}
      />
      {bad && (
        <small class="error">
          {argument.min}–{argument.max}
        </small>
      )}
    </label>
  );
}

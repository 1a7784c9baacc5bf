/** Commands: which buttons and knobs of a controller pause, recall, switch and set, assigned by moving them. */

import { signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { del, post } from "../api";
import type { Json } from "../protocol";
import { on } from "../socket";
import { attempt, notify } from "../store";
import { Button, Card } from "../ui";
import { type CommandRow, PRESS, TURN, assigned, commandRows, givenBy } from "./command-rows";
import { remove, set, values } from "./draft";
import { Said, mark } from "./fields";
import { tableAt, valueAt } from "./values";

/** The command that waits for a control, and what to do or why the last one was not taken. */
const waiting = signal<{ name: string; note: string } | null>(null);

function stopWaiting(): void {
  if (waiting.peek() === null) return;
  waiting.value = null;
  void attempt(() => del("/api/learn"));
}

const tableNow = () => tableAt(values.peek(), ["commands"]);
const rowsNow = () => commandRows(Object.keys(tableAt(values.peek(), ["scenes"])), Object.keys(tableNow()));

function takeAway(name: string): void {
  remove(Object.keys(tableNow()).length === 1 ? ["commands"] : ["commands", name]);
}

function put(row: CommandRow, entry: Json | undefined): void {
  const before = valueAt(values.peek(), ["commands", row.name]);
  const back = () => (before === undefined ? takeAway(row.name) : set(["commands", row.name], before));
  if (entry === undefined) takeAway(row.name);
  else set(["commands", row.name], entry);
  if (before === undefined) return;
  const done = entry === undefined ? "has no control any more" : `is ${givenBy(entry)} now`;
  notify("info", `“${row.title}” ${done}.`, { label: "Undo", run: back });
}

export function Commands() {
  const table = tableAt(values.value, ["commands"]);
  const rows = commandRows(Object.keys(tableAt(values.value, ["scenes"])), Object.keys(table));
  const announced = useSignal("");
  const active = waiting.value !== null;
  useLayoutEffect(() => {
    if (!active) return;
    const ends = [
      on("learn", (moved) => {
        const now = waiting.peek();
        const row = rowsNow().find(({ name }) => name === now?.name);
        if (!now || !row) return;
        const outcome = assigned(row, tableNow(), rowsNow(), moved);
        if ("note" in outcome) {
          waiting.value = { name: now.name, note: outcome.note };
          return;
        }
        put(row, outcome.entry);
        announced.value = `${row.title}: ${givenBy(outcome.entry)}`;
        stopWaiting();
      }),
      on("learning", ({ on: goes, error }) => {
        if (error) notify("error", error);
        if (!goes) waiting.value = null;
      }),
    ];
    return () => ends.forEach((end) => end());
  }, [active]);
  useEffect(() => stopWaiting, []);

  const assign = async (row: CommandRow) => {
    if (waiting.peek()?.name === row.name) return stopWaiting();
    const began = waiting.peek() !== null || (await attempt(() => post("/api/learn", { way: "input" }))) !== undefined;
    if (began) waiting.value = { name: row.name, note: row.act === "turn" ? TURN : PRESS };
  };

  return (
    <Card title="Commands">
      <p class="soft section-lead">
        Pause, switch and set without leaving your controller. Press “Assign”, then the button or knob that is to do it:
        it plays nothing from then on, and its light or motor shows the state. Best are buttons that send 127 when they
        are pressed and 0 when they are let go.
      </p>
      <Said of={["commands"]} />
      <table class="entries commands">
        <caption class="hidden">What gives each command</caption>
        <thead>
          <tr>
            <th scope="col">Command</th>
            <th scope="col">Given by</th>
            <th scope="col">
              <span class="hidden">Assign, remove</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <CommandLine
              key={row.name}
              row={row}
              entry={table[row.name]}
              note={waiting.value?.name === row.name ? waiting.value.note : null}
              onAssign={() => assign(row)}
            />
          ))}
        </tbody>
      </table>
      <p class="hidden" role="status">
        {announced.value}
      </p>
    </Card>
  );
}

function CommandLine(props: {
  row: CommandRow;
  entry: Json | undefined;
  note: string | null;
  onAssign: () => unknown;
}) {
  const { row, entry, note } = props;
  return (
    <tr class={note === null ? "" : "listening"} {...mark(["commands", row.name])}>
      <th scope="row">
        {row.title}
        {row.help && <small class="soft">{row.help}</small>}
      </th>
      <td class="given">
        {entry === undefined ? <span class="soft">–</span> : givenBy(entry)}
        {note !== null && (
          <p class="learning" role="status">
            {note}
          </p>
        )}
        <Said of={["commands", row.name]} />
      </td>
      <td class="tools">
        {row.act !== "unknown" && (
          <Button
            pressed={note !== null}
            onClick={props.onAssign}
            title={`${row.title}: assign it by moving a control`}
          >
            {note === null ? "Assign" : "Stop"}
            <span class="hidden"> {row.title}</span>
          </Button>
        )}
        <Button
          icon="trash"
          kind="quiet"
          label={`${row.title}: take its control away`}
          disabled={entry === undefined}
          onClick={() => put(row, undefined)}
        />
      </td>
    </tr>
  );
}

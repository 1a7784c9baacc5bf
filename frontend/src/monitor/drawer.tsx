/** The monitor: what passes the ports, at the bottom of every page. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { home } from "../home";
import type { PortHealth } from "../protocol";
import { connection } from "../socket";
import { controlName, notify, session } from "../store";
import { copy } from "../system/copy";
import { Button, isAway } from "../ui";
import "./monitor.css";
import { isOpen } from "./open";
import { asText, bytesOf, DRAWN, effectOf, filtered, type Filter, KINDS, leftOutAt, type Row, timeOf } from "./passed";
import { clear, held, leftOut, lit, rows, watch } from "./watching";

const STATES: Record<PortHealth["state"], string> = {
  closed: "closed",
  waiting: "waiting for its device",
  open: "open",
  receiving: "open",
};

interface Port {
  name: string;
  /** How it is, in a word or two; empty where it is not known. */
  state: string;
}

/** The session's ports, and others at which something passed. */
function portsNow(): Port[] {
  const known = (session.value.state?.ports ?? []).map(({ name, state }) => ({ name, state: STATES[state] }));
  const names = new Set(known.map(({ name }) => name));
  for (const { port } of rows.value) {
    if (!names.has(port)) known.push({ name: port, state: "" });
    names.add(port);
  }
  return known;
}

function Ports(props: { chosen: string; onChoose: (port: string) => void }) {
  const ports = portsNow();
  if (ports.length === 0) return null;
  const lights = lit.value;
  return (
    <ul class="monitor-ports plain" aria-label="Ports">
      {ports.map(({ name, state }) => (
        <li key={name}>
          <button
            type="button"
            class={`monitor-port ${state === STATES.waiting ? "waiting" : ""}`}
            aria-pressed={props.chosen === name}
            title={`${name}${state && `: ${state}`}. Press to see this port alone`}
            onClick={() => props.onChoose(props.chosen === name ? "" : name)}
          >
            <i class={`in ${lights.has(`in ${name}`) ? "lit" : ""}`} aria-hidden="true" />
            <i class={`out ${lights.has(`out ${name}`) ? "lit" : ""}`} aria-hidden="true" />
            <span class="clip">{name}</span>
            {state === STATES.waiting && <small>waiting</small>}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Message({ row }: { row: Row }) {
  const effect = effectOf(row, controlName);
  return (
    <tr class={row.way}>
      <td class="monitor-time">{timeOf(row.at)}</td>
      <td class="monitor-where">
        <b>{row.way}</b> <span>{row.port.replace(/^midi (in|out) /, "")}</span>
        {row.peer && <small>{row.peer}</small>}
      </td>
      <td class="monitor-words">
        <span>{row.words}</span>
        {effect && <small class={row.changes.length > 0 ? "moved" : ""}>{effect}</small>}
      </td>
      <td class="monitor-bytes">
        <code title={bytesOf(row)}>{bytesOf(row)}</code>
      </td>
    </tr>
  );
}

function nothingYet(chosen: boolean): string {
  if (connection.value !== "open" || isAway()) return "There is no connection to IMPSY.";
  if (session.value.status !== "running") return "No session plays, so nothing passes its ports. Start one.";
  if (!home().hasProcesses && !chosen) return "Nothing has passed yet. Choose MIDI devices on the Sound page.";
  if (chosen) return "Nothing of this kind has passed yet.";
  return "Nothing has passed yet: play something, and it shows here.";
}

async function copyAll(shown: readonly Row[]): Promise<void> {
  if (await copy(asText(shown, controlName)))
    notify("info", shown.length === 1 ? "One message was copied." : `${shown.length} messages were copied.`);
  else notify("error", "This browser does not let pages copy. Select the messages and copy them yourself.");
}

export default function Monitor() {
  const filter = useSignal<Filter>({ port: "", kind: "most" });
  useEffect(watch, []);
  const { port, kind } = filter.value;
  const all = held.value ?? rows.value;
  const shown = filtered(all, filter.value);
  const newest = rows.value[0]?.id ?? 0;
  const missed = held.value === null ? 0 : newest - (held.value[0]?.id ?? newest);
  const more = leftOutAt(leftOut.value, filter.value);
  return (
    <section class="monitor" aria-label="Monitor">
      <header class="monitor-head">
        <h2>Monitor</h2>
        <label class="monitor-kind">
          <span class="hidden">Messages to show</span>
          <select
            value={kind}
            onChange={(event) => (filter.value = { port, kind: event.currentTarget.value as Filter["kind"] })}
          >
            {KINDS.map((each) => (
              <option key={each.value} value={each.value}>
                {each.label}
              </option>
            ))}
          </select>
        </label>
        <Button
          local
          icon="pause"
          pressed={held.value !== null}
          onClick={() => (held.value = held.value === null ? rows.value : null)}
        >
          <span class="monitor-pause">Pause</span>
          {missed > 0 && <span class="tag">{missed} new</span>}
        </Button>
        <Button local disabled={shown.length === 0} onClick={() => copyAll(shown)}>
          Copy
        </Button>
        <Button local disabled={all.length === 0} onClick={clear}>
          Clear
        </Button>
        <Button local kind="quiet" icon="cross" label="Close the monitor" onClick={() => (isOpen.value = false)} />
      </header>
      <Ports chosen={port} onChoose={(name) => (filter.value = { port: name, kind })} />
      <div class="monitor-list" role="region" aria-label="Messages, newest first" tabIndex={0}>
        {shown.length === 0 ? (
          <p class="soft">{nothingYet(port !== "" || all.length > 0)}</p>
        ) : (
          <table>
            <colgroup>
              <col class="monitor-time" />
              <col class="monitor-where" />
              <col />
              <col class="monitor-bytes" />
            </colgroup>
            <thead class="hidden">
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Port</th>
                <th scope="col">Message</th>
                <th scope="col">Bytes</th>
              </tr>
            </thead>
            <tbody>
              {shown.slice(0, DRAWN).map((row) => (
                <Message key={row.id} row={row} />
              ))}
            </tbody>
          </table>
        )}
      </div>
      {more > 0 && (
        <p class="monitor-more soft">
          {more === 1 ? "One older message" : `${more.toLocaleString("en")} older messages`} came too fast to be shown.
        </p>
      )}
    </section>
  );
}

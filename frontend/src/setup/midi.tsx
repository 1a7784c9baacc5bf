/** MIDI: the input and output ports, and what their messages mean. */

import type { Json } from "../protocol";
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Toggle } from "../ui";
import { notify } from "../store";
import { change, errors, problems, remove, set, values } from "./draft";
import { devices, devicesTrouble, midiHealth, midiNames, useDevices } from "./devices";
import { fitted } from "./entries";
import { DeviceField, Dot, FormRows, Odd, Said, Section, mark } from "./fields";
import { MappingEditor } from "./mapping";
import type { Change } from "./types";
import { listAt, namesAt, problemsOn, tableAt, valueAt } from "./values";

const WAYS = {
  input: { devices: "in_device", title: "Inputs", lead: "What you play on.", add: "Add an input", use: "Listen to it" },
  output: { devices: "out_device", title: "Outputs", lead: "What sounds.", add: "Add an output", use: "Play to it" },
} as const;

type Way = keyof typeof WAYS;

export function Midi() {
  useDevices();
  return (
    <Section section={["midi"]} title="MIDI" lead="Controllers and synthesisers at this machine's MIDI ports.">
      {devicesTrouble.value && <p class="error">{devicesTrouble.value}</p>}
      <Odd text={devices.value?.midi.error || undefined} />
      <Ports way="input" />
      <Ports way="output" />
      <Thru />
      <div class="form">
        <FormRows section={["midi"]} skip={["in_device", "out_device"]} />
      </div>
    </Section>
  );
}

const controls = () => {
  const dimension = valueAt(values.value, ["model", "dimension"]);
  return typeof dimension === "number" && dimension > 1 ? dimension - 1 : 8;
};

function Ports({ way }: { way: Way }) {
  const words = WAYS[way];
  const listed = namesAt(values.value, ["midi", words.devices]);
  const mapped = Object.keys(tableAt(values.value, ["midi", way]));
  const names = [...new Set([...listed, ...mapped])];
  const wanted = useSignal("");
  const add = () => {
    const name = wanted.value.trim();
    if (name === "" || names.includes(name)) return;
    const changes: Change[] = [{ key: ["midi", words.devices], value: [...listed, name] }];
    if (!mapped.includes(name)) changes.push({ key: ["midi", way, name], value: fitted([], controls()) });
    change(...changes);
    wanted.value = "";
  };
  const free = midiNames(way).filter((each) => !names.includes(each.name));
  return (
    <section class="mapped-ports" {...mark(["midi", words.devices])}>
      <h3 class="ports-title">
        {words.title} <span class="soft">{words.lead}</span>
      </h3>
      <Said of={["midi", words.devices]} />
      {names.map((name) => (
        <PortCard key={name} way={way} name={name} listed={listed} mapped={mapped.includes(name)} />
      ))}
      <form
        class="add-port"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <DeviceField
          label={words.add}
          keyOf={["midi", way]}
          value={wanted.value}
          present={free}
          health={wanted.value ? midiHealth(wanted.value, way) : null}
          error={names.includes(wanted.value.trim()) ? "This one is there already." : undefined}
          hint={free.length > 0 ? "Buttons: what is plugged in." : "Nothing else is plugged in."}
          onValue={(name) => (wanted.value = name)}
        />
        <Button type="submit" icon="plus" disabled={wanted.value.trim() === "" || names.includes(wanted.value.trim())}>
          Add
        </Button>
      </form>
    </section>
  );
}

function PortCard(props: { way: Way; name: string; listed: string[]; mapped: boolean }) {
  const { way, name, listed, mapped } = props;
  const words = WAYS[way];
  const renaming = useSignal<string | null>(null);
  const used = listed.includes(name);
  const at = ["midi", way, name];
  const position = listed.indexOf(name);
  const found = position < 0 ? [] : problemsOn(problems.value, ["midi", words.devices, position]);
  const wrong = errors.value.some((each) => each.path && at.every((step, i) => each.path![i] === step));

  const open = useSignal(wrong);
  // Opened where something is wrong; it stays open once that is corrected.
  useEffect(() => void (wrong && (open.value = true)), [wrong]);

  const use = (on: boolean) => {
    const changes: Change[] = [
      { key: ["midi", words.devices], value: on ? [...listed, name] : listed.filter((each) => each !== name) },
    ];
    if (on && !mapped) changes.push({ key: at, value: fitted([], controls()) });
    change(...changes);
  };
  const drop = () => {
    const entries = valueAt(values.value, at);
    const changes: Change[] = [{ key: ["midi", words.devices], value: listed.filter((each) => each !== name) }];
    if (mapped) changes.push({ key: at, remove: true });
    change(...changes);
    const back: Change[] = [{ key: ["midi", words.devices], value: listed }];
    if (entries !== undefined) back.push({ key: at, value: entries });
    notify("info", `“${name}” was taken out.`, { label: "Undo", run: () => change(...back) });
  };
  const rename = () => {
    const to = renaming.value?.trim() ?? "";
    renaming.value = null;
    if (to !== "" && to !== name) change(...renamed(way, name, to));
  };

  return (
    <details class="port" open={open.value} onToggle={({ currentTarget }) => (open.value = currentTarget.open)}>
      <summary>
        <b title={name}>{name}</b>
        <Dot health={used ? midiHealth(name, way) : { level: "off", words: "not used" }} />
        <span class="soft">{mapped ? `${listAt(values.value, at).length} mapped` : "no mapping"}</span>
      </summary>
      <div class="port-body">
        <div class="row port-tools">
          <Toggle label={words.use} value={used} onChange={use} />
          <Button icon="edit" kind="quiet" onClick={() => (renaming.value = renaming.value === null ? name : null)}>
            Another device
          </Button>
          <Button icon="trash" kind="quiet" onClick={drop}>
            Remove
          </Button>
        </div>
        {renaming.value !== null && (
          <form
            class="add-port"
            onSubmit={(event) => {
              event.preventDefault();
              rename();
            }}
          >
            <DeviceField
              label="Its name, or a part of it"
              keyOf={at}
              value={renaming.value}
              present={midiNames(way)}
              health={midiHealth(renaming.value, way)}
              onValue={(value) => (renaming.value = value)}
            />
            <Button type="submit" icon="check">
              Use this
            </Button>
          </form>
        )}
        {found.map((each) => (
          <Odd key={each.message} text={each.message} />
        ))}
        {mapped ? (
          <MappingEditor
            at={at}
            title={way === "input" ? "What it plays" : "What it is sent"}
            way={way}
            device={way === "input" ? name : null}
          />
        ) : (
          <div>
            <Button icon="plus" onClick={() => set(at, fitted([], controls()))}>
              Make a mapping
            </Button>
          </div>
        )}
      </div>
    </details>
  );
}

/** The changes that put another device's name wherever this one's stands. */
function renamed(way: Way, name: string, to: string): Change[] {
  const swap = (names: string[]) => names.map((each) => (each === name ? to : each));
  const changes: Change[] = [];
  const { devices: list } = WAYS[way];
  const listed = namesAt(values.value, ["midi", list]);
  if (listed.includes(name)) changes.push({ key: ["midi", list], value: swap(listed) });
  const mapping = valueAt(values.value, ["midi", way, name]);
  if (mapping !== undefined) {
    changes.push({ key: ["midi", way, name], remove: true }, { key: ["midi", way, to], value: mapping });
  }
  for (const [source, targets] of Object.entries(tableAt(values.value, ["midi", "thru_matrix"]))) {
    const key = ["midi", "thru_matrix", source];
    if (way === "input" && source === name) {
      changes.push({ key, remove: true }, { key: ["midi", "thru_matrix", to], value: targets as Json });
    } else if (way === "output" && Array.isArray(targets) && targets.includes(name)) {
      changes.push({ key, value: swap(targets.map(String)) });
    }
  }
  return changes;
}

/** Which inputs go straight to which outputs. */
function Thru() {
  const sources = namesAt(values.value, ["midi", "in_device"]);
  const targets = namesAt(values.value, ["midi", "out_device"]);
  const matrix = tableAt(values.value, ["midi", "thru_matrix"]);
  const rows = [...new Set([...sources, ...Object.keys(matrix)])];
  if (rows.length === 0 || (targets.length === 0 && Object.keys(matrix).length === 0)) return null;
  const flip = (source: string, target: string, on: boolean) => {
    const key = ["midi", "thru_matrix", source];
    const now = namesAt(values.value, key);
    const next = on ? [...now, target] : now.filter((each) => each !== target);
    if (next.length > 0) set(key, next);
    else remove(key);
  };
  return (
    <section class="mapped-ports" {...mark(["midi", "thru_matrix"])}>
      <h3 class="ports-title">
        Straight through <span class="soft">What comes in here goes to these outputs at once, too.</span>
      </h3>
      <Said of={["midi", "thru_matrix"]} inside />
      {rows.map((source) => {
        const now = namesAt(matrix, [source]);
        return (
          <fieldset key={source} class="thru">
            <legend title={source}>{source}</legend>
            {[...new Set([...targets, ...now])].map((target) => (
              <Toggle
                key={target}
                label={target}
                value={now.includes(target)}
                onChange={(on) => flip(source, target, on)}
              />
            ))}
          </fieldset>
        );
      })}
    </section>
  );
}

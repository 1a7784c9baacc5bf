/** Web MIDI: a controller at the browser's machine plays, and the predictions go to a synthesiser there. */

import { home } from "../../home";
import { controlName } from "../../store";
import { Button, Card, Field } from "../../ui";
import { kindsNow } from "../state";
import type { SendAs } from "./messages";
import {
  askForMidi,
  assign,
  choice,
  choose,
  forgetAssigned,
  heard,
  inputs,
  midiState,
  outputs,
  type PortInfo,
} from "./ports";

const AS: readonly { value: SendAs; label: string }[] = [
  { value: "config", label: "As the configuration says" },
  { value: "controls", label: "As controllers" },
  { value: "notes", label: "As notes of the scale" },
];

function PortPicker(props: {
  label: string;
  hint: string;
  value: string;
  ports: readonly PortInfo[];
  onChange: (name: string) => void;
}) {
  const gone = props.value !== "" && !props.ports.some((port) => port.name === props.value);
  return (
    <Field
      label={props.label}
      hint={gone ? `${props.value} is not plugged in; it is used again as soon as it is.` : props.hint}
    >
      {(ids) => (
        <select {...ids} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
          <option value="">None</option>
          {gone && <option value={props.value}>{props.value} (gone)</option>}
          {props.ports.map((port) => (
            <option key={port.id} value={port.name}>
              {port.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function Heard() {
  if (choice.value.input === "") return null;
  if (heard.value.length === 0) return <p class="soft">Move a knob of {choice.value.input}: it shows here.</p>;
  const count = kindsNow().length;
  return (
    <>
      <div class="scroll">
        <table class="heard">
          <thead>
            <tr>
              <th scope="col">Moved</th>
              <th scope="col">Plays</th>
            </tr>
          </thead>
          <tbody>
            {heard.value.map(({ words, index }) => (
              <tr key={words}>
                <td>{words}</td>
                <td>
                  <select
                    aria-label={`What ${words} plays`}
                    value={index ?? ""}
                    onChange={(event) =>
                      assign(words, event.currentTarget.value === "" ? null : Number(event.currentTarget.value))
                    }
                  >
                    <option value="">by itself</option>
                    {Array.from({ length: count }, (_, each) => (
                      <option key={each} value={each}>
                        {controlName(each)}
                      </option>
                    ))}
                  </select>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="row">
        <Button icon="reset" local onClick={forgetAssigned}>
          Assign anew
        </Button>
      </div>
    </>
  );
}

function Ports() {
  return (
    <div class="stack">
      <div class="columns">
        <PortPicker
          label="What plays"
          hint={inputs.value.length === 0 ? "Nothing is plugged in." : "Its knobs and keys play the controls."}
          value={choice.value.input}
          ports={inputs.value}
          onChange={(input) => choose({ input })}
        />
        <PortPicker
          label="What is played"
          hint={outputs.value.length === 0 ? "Nothing is plugged in." : "What the model plays goes there."}
          value={choice.value.output}
          ports={outputs.value}
          onChange={(output) => choose({ output })}
        />
      </div>
      {choice.value.output !== "" && (
        <div class="columns">
          <Field label="How it is sent">
            {(ids) => (
              <select
                {...ids}
                value={choice.value.as}
                onChange={(event) => choose({ as: event.currentTarget.value as SendAs })}
              >
                {AS.map((each) => (
                  <option key={each.value} value={each.value}>
                    {each.label}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field
            label="Channel"
            hint={choice.value.as === "config" ? "Where the configuration names none." : undefined}
          >
            {(ids) => (
              <select
                {...ids}
                value={choice.value.channel}
                onChange={(event) => choose({ channel: Number(event.currentTarget.value) })}
              >
                {Array.from({ length: 16 }, (_, on) => (
                  <option key={on} value={on + 1}>
                    {on + 1}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
      )}
      <Heard />
    </div>
  );
}

const ASKING = {
  unasked: "A controller that is plugged into this machine can play, and a synthesiser here can be played.",
  asking: "The browser asks you whether this page may use MIDI.",
  refused:
    "The browser does not let this page use MIDI. Allow it in the page's settings (left of the address), and try again.",
  broken: "The browser finds no MIDI system on this machine. Where there is one, starting the browser anew may help.",
} as const;

export function MidiCard() {
  const state = midiState.value;
  return (
    <Card title="MIDI of this browser">
      {state === "ready" ? (
        <Ports />
      ) : state === "missing" ? (
        <p class="soft">
          This browser has no Web MIDI (Chrome and Edge have it, on localhost or by https).
          {home().hasProcesses && " Devices at the machine where IMPSY runs are on the Setup page."}
        </p>
      ) : (
        <div class="stack">
          <p class="soft">{ASKING[state]}</p>
          <div class="row">
            <Button local onClick={askForMidi} disabled={state === "asking"}>
              {state === "refused" || state === "broken" ? "Try again" : "Use MIDI devices"}
            </Button>
          </div>
        </div>
      )}
    </Card>
  );
}

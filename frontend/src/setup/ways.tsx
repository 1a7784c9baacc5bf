/** The other ways in and out: OSC, WebSocket, serial lines. */

import { devices, sectionHealth, serialHealth, serialNames, useDevices } from "./devices";
import { problems, remove, set, values } from "./draft";
import { DeviceField, FormRows, Odd, Section } from "./fields";
import { MappingEditor } from "./mapping";
import { problemsOn, valueAt } from "./values";

export function Osc() {
  return (
    <Section
      section={["osc"]}
      title="OSC"
      lead="For Pure Data, Max, SuperCollider, TouchOSC and many others. Send /interface with a number from 0 to 1 for each control."
      health={sectionHealth("osc")}
    >
      <div class="form">
        <FormRows section={["osc"]} />
      </div>
    </Section>
  );
}

export function WebSocketTab() {
  return (
    <Section
      section={["websocket"]}
      title="WebSocket"
      lead="For other web pages that play along. They speak MIDI in words, such as /channel/1/cc/7/64."
      health={sectionHealth("websocket")}
    >
      <div class="form">
        <FormRows section={["websocket"]} />
      </div>
      <MappingEditor at={["websocket", "input"]} title="What pages play" way="input" device={null} />
      <MappingEditor at={["websocket", "output"]} title="What pages are sent" way="output" device={null} />
    </Section>
  );
}

export function Serial() {
  useDevices();
  const port = () => serialNames()[0]?.name ?? "";
  return (
    <>
      <Section
        section={["serial"]}
        title="Lines of numbers"
        lead="For Arduino, micro:bit and the like: a line of numbers from 0 to 1 with commas between them, both ways."
        fresh={() => ({ port: port() })}
      >
        <div class="form">
          <SerialPort section="serial" />
          <FormRows section={["serial"]} skip={["port"]} />
        </div>
      </Section>
      <Section
        section={["serialmidi"]}
        title="MIDI on a serial port"
        lead="MIDI plugs wired to a serial port, at 31250 baud."
        fresh={() => ({ port: port() })}
      >
        <div class="form">
          <SerialPort section="serialmidi" />
          <FormRows section={["serialmidi"]} skip={["port"]} />
        </div>
        <MappingEditor at={["serialmidi", "input"]} title="What it plays" way="input" device={null} />
        <MappingEditor at={["serialmidi", "output"]} title="What it is sent" way="output" device={null} />
      </Section>
    </>
  );
}

function SerialPort({ section }: { section: "serial" | "serialmidi" }) {
  const key = [section, "port"];
  const found = valueAt(values.value, key);
  const port = typeof found === "string" ? found : "";
  const optional = section === "serialmidi";
  const here = problemsOn(problems.value, key);
  const wrong = here.find((each) => each.level === "error");
  const odd = here.find((each) => each.level === "warning");
  return (
    <div>
      <DeviceField
        label="Port"
        keyOf={key}
        value={port}
        present={serialNames()}
        health={port === "" && optional ? null : serialHealth(port, section)}
        hint={optional ? "Left empty: the port of “Lines of numbers”." : "Such as /dev/ttyACM0 or COM3."}
        error={wrong?.message}
        onValue={(value) => (optional && value === "" ? remove(key) : set(key, value))}
      />
      <Odd text={odd?.message ?? (devices.value?.serial_error || undefined)} />
    </div>
  );
}

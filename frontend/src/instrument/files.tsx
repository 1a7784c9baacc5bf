/** What goes into this page and out of it: models, recordings, and what it is made of. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Json } from "../protocol";
import { attempt, notify, session } from "../store";
import { Button, Card, Page } from "../ui";
import { content, licences } from "./content";
import "./files.css";
import { here } from "./here";
import type { Entry } from "./library";
import { counted } from "./numbers";
import type { Recording } from "./recording";

/** Save the take: by the share sheet of a phone, or as a download. */
async function save(take: Recording): Promise<void> {
  const file = take.save();
  const shares = matchMedia("(pointer: coarse)").matches && navigator.canShare?.({ files: [file] });
  if (shares) {
    try {
      await navigator.share({ files: [file] });
      return;
    } catch (error) {
      if ((error as Error).name === "AbortError") return; // the visitor has closed the sheet
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function newTake(): void {
  here.newTake();
  notify("info", "A new take begins with what you play next.");
}

function Take() {
  const log = session.value.state?.log;
  const unsaved = here.recording.value.unsaved.value;
  const earlier = here.earlier.value.filter((take) => take.unsaved.value > 0);
  return (
    <Card title="This take">
      <div class="stack">
        {log?.file ? (
          <p>
            <span class="mono">{log.file}</span>: {counted(log.rows, "event")}
            {unsaved === 0 ? ", all saved" : ""}.
          </p>
        ) : (
          <p class="soft">Nothing is recorded yet. Whatever you play is, from the first event on.</p>
        )}
        {log?.error && (
          <p class="error" role="alert">
            {log.error}
          </p>
        )}
        <div class="row">
          <Button kind="main" icon="download" disabled={!log?.file} onClick={() => save(here.recording.value)}>
            Save the take
          </Button>
          <Button icon="plus" disabled={!log?.file} onClick={newTake}>
            New take
          </Button>
        </div>
        {earlier.length > 0 && (
          <div>
            <h3>Earlier, and not saved</h3>
            <ul class="model-choices">
              {earlier.map((take) => (
                <li key={take.file}>
                  <span class="mono model-name">{take.file}</span>
                  <small class="soft">{counted(take.rows, "event")}</small>
                  <Button icon="download" label={`Save ${take.file}`} onClick={() => save(take)} />
                </li>
              ))}
            </ul>
          </div>
        )}
        <p class="soft">
          A take is kept in this page until you close it. The file is a log as IMPSY writes it:{" "}
          <code>impsy dataset</code> and <code>impsy train</code> learn from it.
        </p>
      </div>
    </Card>
  );
}

function Choice({ entry }: { entry: Entry }) {
  const plays = session.value.state?.model === entry.name;
  return (
    <li>
      <span class="model-name" title={entry.name}>
        {entry.name}
      </span>
      <small class="soft">
        {counted(entry.dimension - 1, "control")}
        {entry.ours ? "" : ", opened here"}
      </small>
      <Button
        icon={plays ? "check" : "play"}
        pressed={plays}
        label={plays ? `${entry.name} plays` : `Play with ${entry.name}`}
        onClick={() => attempt(() => here.playWith(entry))}
      />
    </li>
  );
}

async function openFiles(files: FileList | null): Promise<void> {
  for (const file of files ?? []) {
    await attempt(async () => {
      const { entry, opened } = await here.library.add(file);
      await here.playWith(entry, opened);
      notify("info", `It plays with ${entry.name} now.`);
    });
  }
}

function Models() {
  const over = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <Card title="Models">
      <ul class="model-choices">
        {here.library.entries.value.map((entry) => (
          <Choice key={entry.name} entry={entry} />
        ))}
      </ul>
      <div
        class={`drop ${over.value ? "over" : ""}`}
        onDragOver={(event) => {
          event.preventDefault();
          over.value = true;
        }}
        onDragLeave={() => (over.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          over.value = false;
          void openFiles(event.dataTransfer?.files ?? null);
        }}
      >
        <p>Drop a .tflite file here: one of yours, or of an earlier version of IMPSY.</p>
        <Button icon="upload" onClick={() => input.current?.click()}>
          Open a model …
        </Button>
        <input
          ref={input}
          class="hidden"
          type="file"
          accept=".tflite"
          aria-label="Open a model"
          tabIndex={-1}
          onChange={(event) => {
            void openFiles(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
    </Card>
  );
}

const object = (value: Json | undefined): Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};

/** The facts that a model file holds about its training, as pairs of a label and a text. */
function factsOf({ facts, dimension }: Entry): [string, string][] {
  const trained = object(facts["trained_on"]);
  const { events, minutes } = trained;
  const said = [
    ["Controls", String(dimension - 1)],
    ["Made by", facts["made_by"]],
    ["Made", typeof facts["created"] === "string" ? facts["created"].slice(0, 10) : undefined],
    ["Learned from", typeof events === "number" ? counted(events, "event") : undefined],
    ["Of playing", typeof minutes === "number" ? `${Math.round(minutes).toLocaleString()} minutes` : undefined],
    ["Licence", facts["licence"] ?? facts["license"]],
  ];
  return said.filter((pair): pair is [string, string] => typeof pair[1] === "string");
}

function About() {
  const name = session.value.state?.model ?? "";
  const entry = here.library.find(name);
  return (
    <Card title="About">
      <div class="stack">
        <p>
          {content.site
            ? "This page plays by itself: after the first visit it needs no network."
            : "This page is one file and plays by itself: it needs no server and no network. Send it to whomever you like."}
        </p>
        {entry && (
          <dl class="about-facts">
            <div>
              <dt>Model</dt>
              <dd>{entry.name}</dd>
            </div>
            {factsOf(entry).map(([word, text]) => (
              <div key={word}>
                <dt>{word}</dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        )}
        <p class="soft">Made with IMPSY {content.version}, which is MIT-licensed.</p>
        <details>
          <summary>Licences of what this page is made of</summary>
          <pre class="licences" tabIndex={0}>
            {licences()}
          </pre>
        </details>
      </div>
    </Card>
  );
}

export default function Files() {
  return (
    <Page title="Files" lead="Models go in here, and recordings come out.">
      <div class="columns">
        <Take />
        <Models />
        <About />
      </div>
    </Page>
  );
}

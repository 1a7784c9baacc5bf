/** Setup: a wizard for a new workspace, and forms for everything that a configuration may say. */

import { computed, signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { SaveBar } from "../setup/bar";
import { Commands } from "../setup/commands";
import { errors, load, overtaken, problems, saved, trouble, understood, upgrade, values, watch } from "../setup/draft";
import { Controls } from "../setup/controls";
import { FoundControllers } from "../setup/found";
import { Instrument } from "../setup/instrument";
import { Midi } from "../setup/midi";
import { Scenes } from "../setup/scenes";
import "../setup/setup.css";
import { TextTab, goTo } from "../setup/text";
import type { ConfigProblem } from "../protocol";
import { attempt } from "../store";
import { Osc, Serial, WebSocketTab } from "../setup/ways";
import { Wizard } from "../setup/wizard";
import { Button, Empty, Page, Trouble } from "../ui";

interface Tab {
  id: string;
  label: string;
  /** The sections that it shows; those of no other tab belong to the first. */
  sections: readonly string[];
  show: ComponentType;
}

const TABS: readonly Tab[] = [
  { id: "instrument", label: "Instrument", sections: ["", "interaction", "clock", "model", "webui"], show: Instrument },
  { id: "controls", label: "Controls", sections: ["controls"], show: Controls },
  { id: "midi", label: "MIDI", sections: ["midi"], show: Midi },
  { id: "osc", label: "OSC", sections: ["osc"], show: Osc },
  { id: "websocket", label: "WebSocket", sections: ["websocket"], show: WebSocketTab },
  { id: "serial", label: "Serial", sections: ["serial", "serialmidi"], show: Serial },
  { id: "commands", label: "Commands", sections: ["commands"], show: Commands },
  { id: "scenes", label: "Scenes", sections: ["scenes"], show: Scenes },
  { id: "text", label: "Text", sections: [], show: TextTab },
];
/** Those that are a way in and out, which may be off. */
const SWITCHED = ["midi", "osc", "websocket", "serial"];

const chosen = signal(location.hash.slice(1));
const current = computed(() => TABS.find((tab) => tab.id === chosen.value) ?? TABS[0]!);

function choose(tab: Tab): void {
  chosen.value = tab.id;
  history.replaceState(null, "", `#${tab.id}`);
}

const tabOf = (problem: ConfigProblem): Tab =>
  values.value === null
    ? TABS.at(-1)!
    : (TABS.find((tab) => tab.sections.includes(String(problem.path[0] ?? ""))) ?? TABS[0]!);

/** Show where a problem belongs: its control, or else its line of the text. */
function visit(problem: ConfigProblem): void {
  choose(tabOf(problem));
  requestAnimationFrame(() => {
    const { path } = problem;
    for (let length = path.length; length > 0; length -= 1) {
      const wanted = JSON.stringify(path.slice(0, length));
      const found = [...document.querySelectorAll<HTMLElement>("[data-key]")].find(
        (each) => each.dataset["key"] === wanted,
      );
      if (!found) continue;
      found.closest("details")?.setAttribute("open", "");
      const inside = (selector: string) => found.querySelector<HTMLElement>(selector);
      const control = found.matches("input, select, textarea")
        ? found
        : (inside(".mismatch button") ?? inside("input, select, textarea, button"));
      (control ?? found).focus();
      found.scrollIntoView({ block: "center" });
      return;
    }
    choose(TABS.at(-1)!);
    requestAnimationFrame(() => {
      const area = document.querySelector<HTMLTextAreaElement>("#config-text");
      if (area) goTo(area, problem.line ?? 1);
    });
  });
}

export default function Setup() {
  useEffect(watch, []);
  if (saved.value === null) {
    return (
      <Page title="Setup">
        <Trouble text={trouble.value} />
        {trouble.value ? <Button onClick={load}>Try again</Button> : <p class="loading" aria-live="polite" />}
      </Page>
    );
  }
  return saved.value.exists ? <Forms /> : <Wizard />;
}

function Forms() {
  const tab = current.value;
  const Show = tab.show;
  const [worst] = errors.value;
  return (
    <Page title="Setup" lead="What is plugged in, what it means, and how the model plays.">
      <Trouble text={trouble.value} />
      {overtaken.value && (
        <p class="trouble warning" role="status">
          The configuration was changed elsewhere since you began. Saving asks what to do.
        </p>
      )}
      <EarlierForm />
      <FoundControllers />
      <Tabs />
      <div role="tabpanel" id="setup-panel" aria-labelledby={`tab-${tab.id}`} tabIndex={-1}>
        {values.value === null && tab.id !== "text" ? (
          <div class="card">
            <Empty icon="edit" title="The text cannot be read">
              <p>{worst ? `${worst.line ? `Line ${worst.line}: ` : ""}${worst.message}` : "It is no TOML."}</p>
              <Button kind="main" onClick={() => (worst ? visit(worst) : choose(TABS.at(-1)!))}>
                Fix it in the text
              </Button>
            </Empty>
          </div>
        ) : (
          <Show />
        )}
      </div>
      <SaveBar onProblems={() => worst && visit(worst)} />
    </Page>
  );
}

/** What was understood of a text in an earlier form, and how to have it in the present one. */
function EarlierForm() {
  if (understood.value === "") return null;
  return (
    <div class="earlier" role="status">
      <p>{understood.value}. It plays as it is.</p>
      <Button icon="edit" onClick={() => attempt(upgrade)}>
        Write the present form
      </Button>
    </div>
  );
}

function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  const at = TABS.indexOf(current.value);
  useEffect(
    () =>
      list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [at],
  );
  const keyed = (event: KeyboardEvent) => {
    const to: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const index = (next + TABS.length) % TABS.length;
    choose(TABS[index]!);
    (list.current?.children[index] as HTMLElement | undefined)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Parts of the setup" ref={list} onKeyDown={keyed}>
      {TABS.map((tab, i) => {
        const wrong = problems.value.filter((problem) => problem.level === "error" && tabOf(problem) === tab).length;
        const on = SWITCHED.includes(tab.id) && tab.sections.some((section) => values.value?.[section] !== undefined);
        return (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${tab.id}`}
            aria-selected={i === at}
            aria-controls="setup-panel"
            tabIndex={i === at ? 0 : -1}
            onClick={() => choose(tab)}
          >
            {tab.label}
            {on && (
              <>
                <i class="on" aria-hidden="true" />
                <span class="hidden">, on</span>
              </>
            )}
            {wrong > 0 && (
              <em class="wrongs">
                {wrong}
                <span class="hidden"> to fix</span>
              </em>
            )}
          </button>
        );
      })}
    </div>
  );
}

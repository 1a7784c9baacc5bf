/** How it plays: presets first, the numbers behind them in a fold that stays as it was left. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { PRESETS, SETTINGS, type State } from "../protocol";
import { command } from "../store";
import { Segments } from "../ui";
import "./panel.css";
import { presetOf } from "./presets";
import { isNumber } from "./slider";
import { shown } from "./values";

const OPTIONS = PRESETS.map((preset) => ({ value: preset.name, label: preset.title, title: preset.help }));

export function Presets({ state }: { state: State }) {
  return (
    <div class="presets">
      <Segments label="Preset" value={presetOf(state)} options={OPTIONS} onChange={(name) => command("preset", name)} />
    </div>
  );
}

const KEPT_AS = "impsy.perform.numbers";

/** Whether the numbers are shown. */
const open = signal(false);
try {
  open.value = localStorage.getItem(KEPT_AS) === "open";
} catch {
  // The browser keeps nothing for this page.
}

function leave(now: boolean): void {
  open.value = now;
  try {
    localStorage.setItem(KEPT_AS, now ? "open" : "closed");
  } catch {
    // It holds until the page is closed.
  }
}

const NAMED = SETTINGS.filter(isNumber).filter((row) => row.name in PRESETS[0].values && row.section !== "clock");

/** What the presets set, in a line. */
const inWords = (state: State): string =>
  NAMED.map((row) => `${row.title} ${shown(state[row.name])}${row.unit && ` ${row.unit}`}`).join(", ");

export function Numbers({ state, children }: { state: State; children: ComponentChildren }) {
  return (
    <details class="more numbers" open={open.value} onToggle={({ currentTarget }) => leave(currentTarget.open)}>
      <summary>
        <span>
          <b>Numbers</b> <small class="soft">{inWords(state)}</small>
        </span>
      </summary>
      <div class="numbers-inside">{children}</div>
    </details>
  );
}

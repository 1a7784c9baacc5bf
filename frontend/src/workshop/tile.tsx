/** One instrument on the wall: a small live picture, who has it, and its buttons. */

import { post } from "../api";
import type { WallInstrument } from "../protocol";
import { attempt, STATUS_WORDS } from "../store";
import { Button } from "../ui";

const MOST_BARS = 16;

const percent = (value: number) => Math.round(100 * Math.min(1, Math.max(0, value)));

/** Who has it, in words. */
export const takenWords = ({ taken, here }: WallInstrument): string =>
  here ? "Somebody plays it" : taken ? "Taken, its page is closed" : "Free";

export const ask = (what: "start" | "stop" | "panic", number: number | null) =>
  attempt(() => post(`/api/workshop/${what}`, { number }));

function Bars({ instrument }: { instrument: WallInstrument }) {
  const count = Math.min(MOST_BARS, Math.max(instrument.input.length, instrument.output.length));
  return (
    <div class="wall-bars" aria-hidden="true">
      {Array.from({ length: count }, (_, index) => (
        <div key={index} class="wall-pair">
          <i class="wall-you" style={{ height: `${percent(instrument.input[index] ?? 0)}%` }} />
          <i class="wall-it" style={{ height: `${percent(instrument.output[index] ?? 0)}%` }} />
        </div>
      ))}
    </div>
  );
}

export function Tile({ instrument }: { instrument: WallInstrument }) {
  const { number, status, sentence, taken, here, paused } = instrument;
  const on = status === "running" || status === "starting";
  const free = () => attempt(() => post("/api/workshop/free", { number }));
  return (
    <section class={`wall-tile ${here ? "here" : ""} ${status}`} aria-label={`Instrument ${number}`}>
      <header>
        <b>{number}</b>
        <span>{paused && status === "running" ? "Paused" : STATUS_WORDS[status]}</span>
      </header>
      <Bars instrument={instrument} />
      <p class="soft">{status === "failed" ? sentence : takenWords(instrument)}</p>
      <div class="row">
        {on ? (
          <Button icon="stop" kind="quiet" label={`Stop instrument ${number}`} onClick={() => ask("stop", number)} />
        ) : (
          <Button
            icon="play"
            kind="quiet"
            label={`Start instrument ${number}`}
            disabled={status === "stopping"}
            onClick={() => ask("start", number)}
          />
        )}
        <Button
          icon="panic"
          kind="quiet"
          label={`Panic: every note of instrument ${number} ends`}
          onClick={() => ask("panic", number)}
        />
        {taken && (
          <Button kind="quiet" title="Its guest must leave; the next one gets it" onClick={free}>
            Free it
          </Button>
        )}
      </div>
    </section>
  );
}

/** What a take was made with, by its journal, and its exact replay. */

import { useSignal } from "@preact/signals";
import { part, post } from "../api";
import type { ExactReplay, Take, TakeOrigin } from "../protocol";
import { attempt, notify } from "../store";
import { Button, duration, useResource } from "../ui";
import "./origin.css";
import { counted, sentence } from "./words";

/** The settings that are told first, in the words of the page. */
const WORDS: readonly (readonly [string, string])[] = [
  ["mode", "Mode"],
  ["sigma_temperature", "Variation"],
  ["pi_temperature", "Surprise"],
  ["timescale", "Speed"],
  ["threshold", "Answers after"],
];

interface OriginProps {
  take: Take;
  /** Playing back begins here. */
  onPoint: (at: number) => void;
  onTake: (name: string) => void;
}

export function Origin({ take, onPoint, onTake }: OriginProps) {
  const open = useSignal(false);
  return (
    <details class="more origin" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>How it was made</summary>
      {open.value && <Facts take={take} onPoint={onPoint} />}
      {open.value && <Replay take={take} onTake={onTake} />}
    </details>
  );
}

function Facts({ take, onPoint }: { take: Take; onPoint: (at: number) => void }) {
  const { data, error } = useResource<TakeOrigin>(`/api/takes/${part(take.name)}/origin`);
  const origin = data.value;
  if (error.value) return <p class="error">{sentence(error.value)}</p>;
  if (origin === null) return <p class="loading" aria-busy="true" />;
  const told = new Map(Object.entries(origin.settings));
  const first = WORDS.filter(([key]) => told.has(key)).map(([key, word]) => [word, told.get(key)!, key] as const);
  const others = [...told].filter(([key]) => !WORDS.some(([known]) => known === key));
  return (
    <>
      <dl class="origin-facts">
        {origin.models.map(([name, digest]) => (
          <div key={name}>
            <dt>Model</dt>
            <dd>
              {name} {digest && <small class="soft mono">{digest}</small>}
            </dd>
          </div>
        ))}
        {first.map(([word, value, key]) => (
          <div key={key}>
            <dt>
              {word} <small class="soft mono">{key}</small>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Seed</dt>
          <dd>{origin.seed}</dd>
        </div>
        <div>
          <dt>IMPSY</dt>
          <dd>{origin.version}</dd>
        </div>
      </dl>
      <details class="more">
        <summary>
          All settings at the beginning <span class="soft">{others.length + first.length}</span>
        </summary>
        <dl class="origin-facts">
          {[...told].map(([key, value]) => (
            <div key={key}>
              <dt class="mono">{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
          {Object.entries(origin.versions).map(([key, value]) => (
            <div key={`version ${key}`}>
              <dt>{key}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      <h3>Changes on the way</h3>
      {origin.changes.length === 0 && <p class="soft">None.</p>}
      <ul class="plain origin-changes" aria-label="Changes on the way" tabIndex={0}>
        {origin.changes.map((change, number) => (
          <li key={number}>
            <button
              type="button"
              class="button quiet"
              title="Listen from here"
              onClick={() => onPoint(Math.min(Math.max(0, change.at), take.seconds))}
            >
              {duration(Math.max(0, change.at))}
            </button>
            <span class="mono">{change.name}</span> <span>{change.value}</span>
          </li>
        ))}
      </ul>
      {origin.more > 0 && <p class="soft">And {counted(origin.more, "change")} more: the CSV has all of them.</p>}
    </>
  );
}

function Replay({ take, onTake }: { take: Take; onTake: (name: string) => void }) {
  const { data, error } = useResource<ExactReplay>("/api/replay", "replay");
  const now = data.value;
  const mine = now?.name === take.name ? now : null;
  const keep = () =>
    attempt(async () => {
      const kept = await post<Take>("/api/replay/keep");
      notify("info", "The replay is a take now. It is not learned from.");
      onTake(kept.name);
    });
  return (
    <div class="origin-replay">
      <div class="row">
        <Button
          icon="reset"
          disabled={take.live || (now?.running ?? false)}
          title="Its journal is played again, and the log that comes of it is compared with this one"
          onClick={() => attempt(() => post(`/api/takes/${part(take.name)}/replay`))}
        >
          Replay exactly
        </Button>
        {now?.running && (
          <Button icon="stop" onClick={() => attempt(() => post("/api/replay/cancel"))}>
            Cancel the replay
          </Button>
        )}
        {mine?.kept && <Button onClick={keep}>Keep the replay as a take</Button>}
      </div>
      <p role="status" class={mine?.same === false ? "error" : ""}>
        {error.value && sentence(error.value)}
        {mine?.running && "It is being played again …"}
        {mine && !mine.running && (
          <>
            {mine.same === true && <b>Identical. </b>}
            {mine.same === false && <b>Not identical. </b>}
            {sentence(mine.sentence)}
          </>
        )}
        {!mine && now?.running && "Another take is being replayed: wait until that is done, or cancel it."}
      </p>
    </div>
  );
}

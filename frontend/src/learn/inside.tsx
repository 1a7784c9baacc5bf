/** What is in a dataset: words, small pictures, and what would make it better. */

import { part } from "../api";
import { controlName, overview } from "../store";
import { Trouble, useResource } from "../ui";
import type { ControlStatistics, DatasetStatistics } from "../protocol";
import { bars, enough, gap, sentences, share } from "./statistics";
import { counted, sentence } from "../record/words";

const CONTROLS_AT_FIRST = 16;

export function InDataset({ name }: { name: string }) {
  const { data, error } = useResource<DatasetStatistics>(`/api/datasets/${part(name)}`, "datasets");
  const of = data.value;
  if (error.value) return <Trouble text={error.value} />;
  if (!of)
    return (
      <p class="soft" aria-busy="true">
        Looking at it …
      </p>
    );
  const is = enough(of.events);
  return (
    <div class="statistics">
      <div>
        <h3 class="statistics-head">
          What is in it <span class={`tag ${is.level}`}>{is.words}</span>
        </h3>
        {sentences(of).map((text) => (
          <p key={text}>{text}</p>
        ))}
      </div>
      {of.advice.length > 0 && (
        <ul class="plain advice" aria-label="Advice">
          {of.advice.map((text) => (
            <li key={text} class="note">
              {sentence(text)}
            </li>
          ))}
        </ul>
      )}
      {of.events > 0 && (
        <div class="columns">
          <Times of={of} />
          <Controls controls={of.controls} />
        </div>
      )}
    </div>
  );
}

function Times({ of }: { of: DatasetStatistics }) {
  const all = bars(of.time_edges, of.time_counts);
  return (
    <figure class="statistic">
      <figcaption>Time between events</figcaption>
      <div class="bars" role="img" aria-label={all.map(({ label, count }) => `${label}: ${count}`).join("; ")}>
        {all.map(({ label, share: high, count }) => (
          <span key={label} title={`${label}: ${counted(count, "event")}`}>
            <i style={{ height: `${Math.max(count > 0 ? 2 : 0, high * 100)}%` }} />
          </span>
        ))}
      </div>
      <p class="ends soft" aria-hidden="true">
        <span>{all[0]?.label.split(" to ")[0]}</span>
        <span>median {gap(of.time_median)}</span>
        <span>{all.at(-1)?.label.replace(/^.* to /, "")}</span>
      </p>
    </figure>
  );
}

function Controls({ controls }: { controls: readonly ControlStatistics[] }) {
  const label = (number: number) =>
    overview.value?.controls.length === controls.length ? controlName(number - 1) : "";
  const row = (each: ControlStatistics) => {
    const name = label(each.number) || `Control ${each.number}`;
    const [low, high, mean] = [each.minimum, each.maximum, each.mean].map((value) => value.toFixed(2));
    const words = `from ${low} to ${high}, on average ${mean}; moves in ${share(each.activity)} of events`;
    return (
      <li key={each.number} title={`${name}: ${words}`}>
        <span class="clip">{name}</span>
        <span class="span" role="img" aria-label={words}>
          <i
            style={{ left: `${each.minimum * 100}%`, width: `${Math.max(0.5, (each.maximum - each.minimum) * 100)}%` }}
          />
          <b style={{ left: `${each.mean * 100}%` }} />
        </span>
        <span class="soft number" aria-hidden="true">
          {share(each.activity)}
        </span>
      </li>
    );
  };
  return (
    <figure class="statistic">
      <figcaption>
        Where each control goes, and <span class="soft">how often it moves</span>
      </figcaption>
      <ul class="plain spans">{controls.slice(0, CONTROLS_AT_FIRST).map(row)}</ul>
      {controls.length > CONTROLS_AT_FIRST && (
        <details class="more">
          <summary>{controls.length - CONTROLS_AT_FIRST} more</summary>
          <ul class="plain spans">{controls.slice(CONTROLS_AT_FIRST).map(row)}</ul>
        </details>
      )}
    </figure>
  );
}

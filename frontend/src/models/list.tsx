/** Models, with the facts about each. */

import { part } from "../api";
import type { Dataset, Model } from "../protocol";
import { counted, sentence } from "../record/words";
import { overview } from "../store";
import { bytes, moment } from "../ui";
import { Evaluate, PlayWith } from "./actions";
import { FileButtons } from "./files";
import { facts, inOrder, misfit } from "./model";

interface ListProps {
  models: readonly Model[];
  datasets: readonly Dataset[];
}

export function ModelList({ models, datasets }: ListProps) {
  const dimension = overview.value?.dimension ?? null;
  return (
    <ul class="plain models" aria-label="Models">
      {inOrder(models, dimension).map((model) => (
        <li key={model.name}>
          <ModelCard model={model} dimension={dimension} datasets={datasets} />
        </li>
      ))}
    </ul>
  );
}

interface CardProps {
  model: Model;
  dimension: number | null;
  datasets: readonly Dataset[];
}

function ModelCard({ model, dimension, datasets }: CardProps) {
  const wrong = misfit(model, dimension);
  const rows = facts(model);
  const usable = datasets
    .filter((each) => !each.problem && each.dimension === model.dimension)
    .map((each) => each.name);
  return (
    <article class={`model ${model.in_use ? "in-use" : ""}`}>
      <header class="model-head">
        <h3>{model.name}</h3>
        {model.in_use && <span class="tag in-use">in use</span>}
        {model.size && <span class="tag mono">{model.size}</span>}
        {wrong && <span class="tag warn">does not fit</span>}
        {model.looking && <span class="tag">being read</span>}
        {model.problem && <span class="tag bad">cannot be used</span>}
      </header>
      <p class="soft small-figures">
        {model.dimension !== null && <>{counted(model.dimension - 1, "control")} · </>}
        {bytes(model.bytes)} · {model.made ? `made ${moment(model.made)}` : `file of ${moment(model.changed)}`}
      </p>
      {model.problem && <p class="note bad">{sentence(model.problem)}</p>}
      {wrong && <p class="note">{wrong}</p>}
      {model.verdict.length > 0 && (
        <ul class="plain verdict" aria-label={`Verdict on ${model.name}`}>
          {model.verdict.map(({ text, evidence }) => (
            <li key={text}>
              {text} <small class="soft">{sentence(evidence)}</small>
            </li>
          ))}
        </ul>
      )}
      {rows.length > 0 && (
        <details class="more">
          <summary>Facts</summary>
          <dl class="facts">
            {model.dimension !== null && (
              <>
                <dt>Dimension</dt>
                <dd>
                  {model.dimension} (time and {counted(model.dimension - 1, "control")})
                </dd>
              </>
            )}
            {rows.map(([name, value]) => (
              <>
                <dt key={name}>{name}</dt>
                <dd>{value}</dd>
              </>
            ))}
            <dt>Files</dt>
            <dd>{model.files.join(", ")}</dd>
          </dl>
        </details>
      )}
      <div class="row">
        {!model.problem && <PlayWith name={model.name} dimension={model.dimension} inUse={model.in_use} />}
        {!model.problem && (
          <Evaluate name={model.name} datasets={usable} ready={model.report} evaluating={model.evaluating} />
        )}
        <span class="grow" />
        <FileButtons
          address={`/api/models/${part(model.name)}`}
          name={model.name}
          keep={model.in_use ? "The configuration plays with it: choose another one first" : ""}
        />
      </div>
    </article>
  );
}

/** From takes to a model that plays: choose, train, play with it. */

import { useSignal } from "@preact/signals";
import { Choose } from "../learn/choose";
import { DatasetList, UploadDataset } from "../learn/datasets";
import { InDataset } from "../learn/inside";
import "../learn/learn.css";
import { Runs } from "../learn/runs";
import type { Dataset, Model, Take } from "../protocol";
import { Train } from "../learn/train";
import { ModelList } from "../models/list";
import { inOrder } from "../models/model";
import "../models/models.css";
import { Trash } from "../models/trash";
import { follow } from "../router";
import { overview, runs } from "../store";
import { Card, Page, Trouble, useResource } from "../ui";

const FINISHED = 4;

export default function Learn() {
  const takes = useResource<Take[]>("/api/takes", "takes");
  const datasets = useResource<Dataset[]>("/api/datasets", "datasets");
  const models = useResource<Model[]>("/api/models", "models", "config");
  const chosen = useSignal<string | null>(null);
  const choose = (name: string) => (chosen.value = name);
  const all = datasets.data.value ?? [];
  const newest = [...all].filter((each) => !each.problem).sort((a, b) => b.made.localeCompare(a.made))[0];
  const current = all.find((each) => each.name === chosen.value && !each.problem) ?? newest;
  const known = models.data.value ?? [];
  // Those of the runs stand beside their curves already.
  const trained = new Set(runs.value.map((run) => run.model));
  const others = inOrder(known, overview.value?.dimension ?? null).filter((model) => !trained.has(model.name));
  // All steps are shown together: one that came later would push the others down.
  const ready = [takes, datasets].every(({ data, error }) => data.value !== null || error.value);
  return (
    <Page title="Learn" lead="From what you played to a model that plays like you, in three steps.">
      <Trouble text={takes.error.value || datasets.error.value || models.error.value} />
      {!ready && <p class="loading" role="status" aria-label="Loading" />}
      {ready && takes.data.value && <Choose takes={takes.data.value} onMade={choose} />}
      {ready && datasets.data.value && (
        <Card title="Datasets" class="step" actions={<UploadDataset onBrought={choose} />}>
          {all.length === 0 ? (
            <p class="soft nothing">None yet: make one of the takes above, or upload a file.</p>
          ) : (
            <DatasetList datasets={all} chosen={current?.name ?? null} onChoose={choose} />
          )}
          {current && <InDataset name={current.name} key={current.name} />}
        </Card>
      )}
      {ready && datasets.data.value && <Train datasets={all} chosen={current?.name ?? null} onChoose={choose} />}
      {ready && (
        <>
          <Runs models={known} ended={false} />
          <section aria-labelledby="finished">
            <h2 id="finished" class="step-title">
              3 · Play with it
            </h2>
            {runs.value.length === 0 && known.length === 0 && (
              <p class="soft">Trainings and finished models appear here.</p>
            )}
            <Runs models={known} ended />
            {others.length > 0 && (
              <>
                <h3 class="step-title">Other models</h3>
                <ModelList models={others.slice(0, FINISHED)} datasets={all} />
                {others.length > FINISHED && (
                  <p>
                    <a href="/models" onClick={follow}>
                      All {known.length} models
                    </a>
                  </p>
                )}
              </>
            )}
          </section>
        </>
      )}
      <Trash kinds={["dataset", "training"]} />
    </Page>
  );
}

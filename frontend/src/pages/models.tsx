/** Models and datasets as files. */

import { useSignal } from "@preact/signals";
import { upload } from "../api";
import { DatasetList, UploadDataset } from "../learn/datasets";
import { InDataset } from "../learn/inside";
import "../learn/learn.css";
import type { Dataset, Model } from "../protocol";
import { ModelList } from "../models/list";
import "../models/models.css";
import { Trash } from "../models/trash";
import { follow } from "../router";
import { attempt, overview, notify } from "../store";
import { Card, Empty, FileButton, Page, Trouble, useResource } from "../ui";

const bring = async (file: File) => {
  const model = await attempt(() => upload<Model>("/api/models", file));
  if (!model) return;
  const fits = overview.value?.dimension == null || model.dimension === overview.value.dimension;
  const more = fits ? "" : " It does not fit this workspace's number of controls.";
  notify(fits ? "info" : "warning", `${model.name} is checked, and here.${more}`);
};

export default function Models() {
  const models = useResource<Model[]>("/api/models", "models", "config");
  const datasets = useResource<Dataset[]>("/api/datasets", "datasets");
  const looked = useSignal<string | null>(null);
  const shown = datasets.data.value?.find((each) => each.name === looked.value && !each.problem);
  return (
    <Page
      title="Models and files"
      lead="What can be played with, and what it was learned from."
      actions={<FileButton label="Upload a model" accept=".tflite,.keras,.h5" onFile={bring} />}
    >
      <Trouble text={models.error.value} />
      {models.data.value === null && !models.error.value && <p class="loading" aria-busy="true" />}
      {models.data.value?.length === 0 && (
        <section class="card">
          <Empty icon="models" title="No models yet">
            <p>Train one from your takes, or upload a .tflite, .keras or .h5 file. It is checked before it is kept.</p>
            <a class="button main" href="/learn" onClick={follow}>
              Go to Learn
            </a>
          </Empty>
        </section>
      )}
      {models.data.value && models.data.value.length > 0 && (
        <section aria-labelledby="all-models">
          <h2 id="all-models" class="hidden">
            Models
          </h2>
          <ModelList models={models.data.value} datasets={datasets.data.value ?? []} />
        </section>
      )}
      <Card title="Datasets" actions={<UploadDataset />}>
        <Trouble text={datasets.error.value} />
        {datasets.data.value?.length === 0 && (
          <p class="soft nothing">None yet: make one from takes on the Learn page.</p>
        )}
        {datasets.data.value && datasets.data.value.length > 0 && (
          <DatasetList
            datasets={datasets.data.value}
            chosen={looked.value}
            onChoose={(name) => (looked.value = name)}
          />
        )}
        {shown && <InDataset name={shown.name} key={shown.name} />}
      </Card>
      <Trash kinds={["model", "dataset"]} />
    </Page>
  );
}

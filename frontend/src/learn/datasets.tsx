/** All datasets: one of them chosen, to see what is in it and to train with it. */

import { part, upload } from "../api";
import { FileButtons } from "../models/files";
import { about, counted } from "../record/words";
import { attempt, notify } from "../store";
import { FileButton, bytes, moment } from "../ui";
import type { Dataset } from "../protocol";

export const bringDataset = async (file: File) => {
  const dataset = await attempt(() => upload<Dataset>("/api/datasets/upload", file));
  if (dataset) notify("info", `${dataset.name} is here: ${counted(dataset.events, "event")}.`);
  return dataset;
};

export const UploadDataset = ({ onBrought }: { onBrought?: (name: string) => void }) => (
  <FileButton
    label="Upload a dataset"
    accept=".npz"
    onFile={async (file) => {
      const dataset = await bringDataset(file);
      if (dataset) onBrought?.(dataset.name);
    }}
  />
);

interface ListProps {
  datasets: readonly Dataset[];
  /** With these, one can be chosen. */
  chosen?: string | null;
  onChoose?: (name: string) => void;
}

export function DatasetList({ datasets, chosen, onChoose }: ListProps) {
  return (
    <ul class="plain files" aria-label="Datasets">
      {datasets.map((each) => (
        <li key={each.name} class={`file-row ${each.name === chosen ? "chosen" : ""}`}>
          <div class="grow">
            {onChoose && !each.problem ? (
              <label class="check">
                <input
                  type="radio"
                  name="dataset"
                  checked={each.name === chosen}
                  onChange={() => onChoose(each.name)}
                />
                <b class="clip" title={each.name}>
                  {each.name}
                </b>
              </label>
            ) : (
              <b class="clip block" title={each.name}>
                {each.name}
              </b>
            )}
            <p class="soft small-figures">
              {each.problem ? (
                <span class="error">{each.problem}</span>
              ) : each.looking ? (
                "being read"
              ) : (
                <>
                  {[
                    counted(each.events, "event"),
                    counted(each.performances, "performance"),
                    about(each.seconds),
                    counted((each.dimension ?? 1) - 1, "control"),
                  ].join(" · ")}
                </>
              )}{" "}
              · {bytes(each.size)} · {moment(each.made)}
            </p>
          </div>
          <div class="row">
            <FileButtons address={`/api/datasets/${part(each.name)}`} name={each.name} />
          </div>
        </li>
      ))}
    </ul>
  );
}

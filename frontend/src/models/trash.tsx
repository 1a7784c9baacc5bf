/** What was deleted lately, to be brought back. */

import type { Trashed } from "../protocol";
import { Button, moment, useResource } from "../ui";
import { bringBack } from "./undo";

const WORDS: Record<string, string> = {
  take: "Take",
  dataset: "Dataset",
  model: "Model",
  takes: "Take",
  datasets: "Dataset",
  models: "Model",
};

/** `kinds`: which of them, by the beginnings of their names; without it all. */
export function Trash({ kinds }: { kinds?: readonly string[] }) {
  const { data } = useResource<Trashed[]>("/api/trash", "trash", "takes", "datasets", "models");
  const all = (data.value ?? []).filter((each) => !kinds || kinds.some((kind) => each.what.startsWith(kind)));
  if (all.length === 0) return null;
  return (
    <details class="card trash">
      <summary>
        <h2>Recently deleted</h2>
        <span class="soft">{all.length}</span>
      </summary>
      <ul class="plain rows">
        {all.map((each) => (
          <li key={each.id}>
            <span class="grow clip" title={each.name}>
              {each.name}
            </span>
            <span class="soft">
              {WORDS[each.what] ?? each.what} · {moment(each.time)}
            </span>
            <Button icon="reset" onClick={() => bringBack(each.id)}>
              Bring back
            </Button>
          </li>
        ))}
      </ul>
    </details>
  );
}

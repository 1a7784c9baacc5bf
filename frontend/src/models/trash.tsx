/** What was deleted lately, to be brought back. */

import type { Trashed } from "../protocol";
import { Button, moment, useResource } from "../ui";
import { bringBack } from "./undo";

const WORDS: Record<string, string> = { take: "Take", dataset: "Dataset", model: "Model", training: "Training" };

/** `kinds`: which of them; without it all, and open. */
export function Trash({ kinds }: { kinds?: readonly string[] }) {
  const { data } = useResource<Trashed[]>("/api/trash", "trash", "takes", "datasets", "models");
  const all = (data.value ?? []).filter((each) => kinds?.includes(each.what) ?? true);
  if (all.length === 0) return null;
  return (
    <details class="card trash" open={!kinds}>
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

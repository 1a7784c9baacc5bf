/** A switch that keeps the long pauses of takes from being learned. */

import { post } from "../api";
import type { Take, Undo } from "../protocol";
import { attempt } from "../store";
import { Toggle } from "../ui";
import "./trimming.css";
import { LONG_PAUSE, areTrimmed, pauseWords, withPauses } from "./pauses";

/** As many takes one request may name. */
const MOST = 1000;

/** Nothing is shown where no take has long pauses. */
export function Pauses({ takes }: { takes: readonly Take[] }) {
  const words = pauseWords(takes);
  if (words === "") return null;
  const names = withPauses(takes).map((take) => take.name);
  const trim = (on: boolean) =>
    attempt(async () => {
      for (let first = 0; first < names.length; first += MOST) {
        const some = names.slice(first, first + MOST);
        await post<Undo>("/api/takes/change", { names: some, trim_pauses: on ? LONG_PAUSE : 0 });
      }
    });
  return (
    <div class="pauses">
      <Toggle label="Trim long pauses" value={areTrimmed(takes)} onChange={(on) => void trim(on)} />
      <p class="pauses-words" role="status">
        {words}
      </p>
      <small class="hint">
        Trimmed, the playing before and after a pause is learned as two performances, and the pause is not. The takes
        themselves stay as they are.
      </small>
    </div>
  );
}

/** Deleting without a question first, since it can be undone. */

import { del, part, post } from "../api";
import type { Done, Undo } from "../protocol";
import { sentence } from "../record/words";
import { attempt, notify } from "../store";

export const bringBack = (id: string) =>
  attempt(async () => {
    const done = await post<Done>(`/api/undo/${part(id)}`);
    notify("info", sentence(done.sentence));
  });

/** `DELETE path`, and show a button to undo it. */
export const remove = (path: string) =>
  attempt(async () => {
    const gone = await del<Undo>(path);
    notify("info", sentence(gone.sentence), { label: "Undo", run: () => void bringBack(gone.undo) });
  });

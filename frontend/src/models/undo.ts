/** Deleting without being asked first: what is gone can be brought back. */

import { del, part, post } from "../api";
import { sentence } from "../record/words";
import { attempt, tell } from "../store";

/** `sentence` says what is gone; `undo` names it for `POST /api/undo`. */
interface Gone {
  undo: string;
  sentence: string;
}

export const bringBack = (id: string) =>
  attempt(async () => {
    const done = await post<{ sentence: string }>(`/api/undo/${part(id)}`);
    tell("info", sentence(done.sentence));
  });

/** `DELETE path`, and say so with a way back. */
export const remove = (path: string) =>
  attempt(async () => {
    const gone = await del<Gone>(path);
    tell("info", sentence(gone.sentence), { label: "Undo", run: () => void bringBack(gone.undo) });
  });

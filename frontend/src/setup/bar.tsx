/** Unsaved changes, and the result of saving. */

import { useSignal } from "@preact/signals";
import { attempt, running, notify } from "../store";
import { Button, Dialog } from "../ui";
import { dirty, discard, errors, overtaken, save, takeTheirs } from "./draft";

export function SaveBar({ onProblems }: { onProblems: () => void }) {
  const asking = useSignal(false);
  const count = errors.value.length;
  const go = async (over: boolean) => {
    const result = await attempt(() => save(over));
    asking.value = result === "overtaken";
    if (result === "saved") notify("info", running.value ? "Saved. The session takes it over as it plays." : "Saved.");
  };
  return (
    <>
      {dirty.value && (
        <div class="save-bar" role="region" aria-label="Unsaved changes">
          <p role="status">
            <b>Unsaved changes</b>
            {count > 0 && (
              <button type="button" class="button quiet problem-link" onClick={onProblems}>
                {count === 1 ? "1 thing to fix first" : `${count} things to fix first`}
              </button>
            )}
          </p>
          <div class="row">
            <Button kind="quiet" local onClick={discard}>
              Discard
            </Button>
            <Button
              kind="main"
              icon="check"
              disabled={count > 0}
              onClick={() => (overtaken.value ? (asking.value = true) : go(false))}
            >
              Save
            </Button>
          </div>
        </div>
      )}
      <Dialog title="Somebody else saved meanwhile" open={asking.value} onClose={() => (asking.value = false)}>
        <p>
          The configuration was changed since you began, in another window or by another program. Whichever version is
          replaced stays among the previous versions.
        </p>
        <div class="row dialog-buttons">
          <Button
            onClick={async () => {
              await attempt(takeTheirs);
              asking.value = false;
            }}
          >
            Take theirs
          </Button>
          <Button kind="main" onClick={() => go(true)}>
            Save mine over it
          </Button>
        </div>
      </Dialog>
    </>
  );
}

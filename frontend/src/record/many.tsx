/** What can be done with all selected takes in one go. */

import { type Signal, useSignal } from "@preact/signals";
import { post } from "../api";
import { bringBack } from "../models/undo";
import type { Exported, Take, Undo } from "../protocol";
import { attempt, notify } from "../store";
import { Button, bytes } from "../ui";
import "./many.css";
import { download } from "./saving";
import { Pauses } from "./trimming";
import { NOTHING, type Selection } from "./selection";
import { LONGEST_TAG, tidy } from "./tags";
import { counted, sentence, tooLong } from "./words";

/** As many takes one request may name. */
const MOST = 1000;

interface ManyProps {
  takes: readonly Take[];
  /** The names of those that the filter shows. */
  shown: readonly string[];
  selection: Signal<Selection>;
}

export function Many({ takes, shown, selection }: ManyProps) {
  const names = takes.map((take) => take.name).filter((name) => selection.value.names.has(name));
  const chosen = takes.filter((take) => selection.value.names.has(take.name));
  const all = shown.length > 0 && shown.every((name) => selection.value.names.has(name));
  const some = names.length > 0;
  return (
    <section class="many" aria-label="Selected takes">
      <label class="check many-all">
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = some && !all;
          }}
          onChange={() => (selection.value = all ? NOTHING : { names: new Set(shown), last: null })}
        />
        <span>{some ? `${counted(names.length, "take")} selected` : "Select all shown"}</span>
      </label>
      {some && names.length <= MOST && <Actions chosen={chosen} names={names} selection={selection} />}
      {names.length > MOST && (
        <p class="error">At most {MOST.toLocaleString("en")} takes can be changed at once: select fewer.</p>
      )}
    </section>
  );
}

/** Ask for a change of these takes, and show a way back. */
const change = (path: string, body: object) =>
  attempt(async () => {
    const done = await post<Undo>(path, body);
    notify("info", sentence(done.sentence), { label: "Undo", run: () => void bringBack(done.undo) });
    return done;
  });

const exported = (names: readonly string[], kind: "csv" | "zip") =>
  attempt(async () => {
    const made = await post<Exported>("/api/takes/export", { names, kind });
    notify("info", `${made.name} is ready: ${bytes(made.size)}.`);
    download(made.address, made.name);
  });

function Actions(props: { chosen: readonly Take[]; names: readonly string[]; selection: Signal<Selection> }) {
  const { chosen, names, selection } = props;
  const text = useSignal("");
  const tag = tidy(text.value);
  const fault = tooLong(tag, LONGEST_TAG, "A tag");
  const common = [...new Set(chosen.flatMap((take) => take.tags))].slice(0, 12);
  const learned = chosen.some((take) => !take.excluded);
  const live = chosen.some((take) => take.live);
  const lacking = chosen.filter((take) => !take.journal).length;
  const add = async () => {
    if (tag === "" || fault) return;
    if ((await change("/api/takes/change", { names, add: tag })) !== undefined) text.value = "";
  };
  return (
    <div class="many-actions">
      <form
        class="tag-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <input
          aria-label="A tag for the selected takes"
          placeholder="Add a tag"
          aria-invalid={fault ? true : undefined}
          value={text.value}
          onInput={(event) => void (text.value = event.currentTarget.value)}
        />
        <Button icon="plus" label="Add the tag to the selected takes" type="submit" disabled={tag === "" || !!fault} />
      </form>
      {fault && (
        <small class="error" role="status">
          {fault}
        </small>
      )}
      {common.length > 0 && (
        <div class="tags" role="group" aria-label="Take a tag away from the selected takes">
          {common.map((each) => (
            <button
              key={each}
              type="button"
              class="button tag-button"
              title={`Take the tag ${each} away from them`}
              onClick={() => void change("/api/takes/change", { names, remove: each })}
            >
              <span class="clip">{each}</span>
              <span aria-hidden="true">×</span>
            </button>
          ))}
        </div>
      )}
      <Pauses takes={chosen} />
      <div class="row">
        <Button onClick={() => change("/api/takes/change", { names, excluded: learned })}>
          {learned ? "Do not learn from them" : "Learn from them"}
        </Button>
        <Button icon="download" title="One table of all of them" onClick={() => exported(names, "csv")}>
          CSV
        </Button>
        <Button
          icon="download"
          disabled={lacking > 0}
          title={
            lacking > 0
              ? `${counted(lacking, "take")} of them without a journal: an archive could not replay that`
              : "With their journals, configurations and models: impsy replay plays them again, exactly"
          }
          onClick={() => exported(names, "zip")}
        >
          Zip
        </Button>
        <Button
          icon="trash"
          kind="danger"
          disabled={live}
          title={live ? "One of them is being recorded: leave it out, or stop the session first" : undefined}
          onClick={async () => {
            if ((await change("/api/takes/delete", { names })) !== undefined) selection.value = NOTHING;
          }}
        >
          Delete
        </Button>
      </div>
    </div>
  );
}

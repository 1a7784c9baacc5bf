/** The notes about a take: its title, its tags, whether it is learned from. */

import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { part, patch } from "../api";
import { bringBack } from "../models/undo";
import { attempt, notify } from "../store";
import { Button, Toggle } from "../ui";
import { MOST_TAGS, suggested, tagFault, withTags, withoutTag } from "./tags";
import type { Take } from "../protocol";
import { called } from "./take";
import { tooLong } from "./words";

const LONGEST_TITLE = 200;
const SUGGESTED = 8;

type Changes = Partial<Pick<Take, "title" | "tags" | "excluded">>;

/** Change what is noted about a take; `done` is shown with a way back. */
const say = (take: Take, changes: Changes, done = "") =>
  attempt(async () => {
    const changed = await patch<Take & { undo?: string }>(`/api/takes/${part(take.name)}`, changes);
    const { undo } = changed;
    if (done) notify("info", done, undo ? { label: "Undo", run: () => void bringBack(undo) } : undefined);
    return changed;
  });

/** The title, and a way to change it in its place. */
export function Title({ take }: { take: Take }) {
  const editing = useSignal(false);
  const fault = useSignal<string | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (editing.value) input.current?.select();
  }, [editing.value]);
  const save = async () => {
    const title = input.current?.value.trim() ?? "";
    if (tooLong(title, LONGEST_TITLE, "A title")) return;
    if (title === take.title || (await say(take, { title }, "Renamed.")) !== undefined) editing.value = false;
  };
  if (!editing.value) {
    return (
      <div class="take-title">
        <h2 class="clip" title={called(take)}>
          {called(take)}
        </h2>
        <Button
          icon="edit"
          kind="quiet"
          local
          label="Rename"
          title="Rename"
          onClick={() => void (editing.value = true)}
        />
      </div>
    );
  }
  return (
    <form
      class="take-title"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <h2 class="hidden">{called(take)}</h2>
      <input
        ref={input}
        aria-label="Title of the take"
        aria-invalid={fault.value ? true : undefined}
        onInput={(event) => (fault.value = tooLong(event.currentTarget.value.trim(), LONGEST_TITLE, "A title"))}
        defaultValue={take.title}
        placeholder={called({ ...take, title: "" })}
        onKeyDown={(event) => event.key === "Escape" && (editing.value = false)}
      />
      <Button kind="main" type="submit">
        Save
      </Button>
      <Button kind="quiet" local onClick={() => void (editing.value = false)}>
        Cancel
      </Button>
      {fault.value && (
        <small class="error" role="status">
          {fault.value}
        </small>
      )}
    </form>
  );
}

export function Tags({ take, inUse }: { take: Take; inUse: readonly string[] }) {
  const text = useSignal("");
  const fault = tagFault(take.tags, text.value);
  const why = useId();
  const add = async (more: string) => {
    if (tagFault(take.tags, more)) return;
    const tags = withTags(take.tags, more);
    if (tags.length > take.tags.length && (await say(take, { tags })) === undefined) return;
    text.value = "";
  };
  const others = suggested(inUse, take.tags);
  const begun = text.value.trim().toLowerCase();
  const offered = others.filter((tag) => tag.toLowerCase().includes(begun)).slice(0, SUGGESTED);
  const full = take.tags.length >= MOST_TAGS;
  return (
    <fieldset class="take-tags">
      <legend class="field-label">Tags</legend>
      <div class="tags">
        {take.tags.map((tag) => (
          <span key={tag} class="tag set">
            <span class="clip" title={tag}>
              {tag}
            </span>
            <Button
              icon="cross"
              kind="quiet"
              label={`Take the tag ${tag} away`}
              onClick={() => say(take, { tags: withoutTag(take.tags, tag) }, `The tag ${tag} is gone.`)}
            />
          </span>
        ))}
        <form
          class="tag-form"
          onSubmit={(event) => {
            event.preventDefault();
            void add(text.value);
          }}
        >
          <input
            aria-label="A new tag"
            placeholder={full ? "No more tags fit" : "Add a tag"}
            disabled={full}
            aria-invalid={fault ? true : undefined}
            aria-describedby={fault ? why : undefined}
            value={text.value}
            onInput={(event) => void (text.value = event.currentTarget.value)}
          />
          <Button
            icon="plus"
            label="Add the tag"
            type="submit"
            disabled={full || begun === "" || fault !== undefined}
          />
        </form>
      </div>
      {fault && (
        <small id={why} class="error" role="status">
          {fault}
        </small>
      )}
      {offered.length > 0 && !full && (
        <div class="tags" role="group" aria-label="Tags of other takes">
          {offered.map((tag) => (
            <button key={tag} type="button" class="button tag-button" onClick={() => void add(tag)}>
              <span aria-hidden="true">+</span>
              <span class="clip">{tag}</span>
            </button>
          ))}
        </div>
      )}
    </fieldset>
  );
}

export function Learned({ take }: { take: Take }) {
  return (
    <Toggle
      label="Learn from this take"
      value={!take.excluded}
      onChange={(value) =>
        void say(take, { excluded: !value }, value ? "It is learned from again." : "It is not learned from any more.")
      }
    />
  );
}

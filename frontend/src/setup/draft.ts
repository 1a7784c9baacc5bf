/** The configuration that is being written on the Setup page. It is kept while other pages are shown. */

import { batch, computed, effect, signal } from "@preact/signals";
import { ApiError, get, post, put } from "../api";
import { notify, version } from "../store";
import { EditQueue } from "./queue";
import type { CheckedText, ConfigAnswer, ConfigProblem, EditedText } from "../protocol";
import type { Change, Key, Values } from "./types";
import { changed } from "./values";

/** The file as it was when it was read or saved last; null: not read yet. */
export const saved = signal<ConfigAnswer | null>(null);
export const trouble = signal("");
export const text = signal("");
export const problems = signal<readonly ConfigProblem[]>([]);
/** What the text means where it is in an earlier form; empty: it is in the present one. */
export const understood = signal("");
/** The file is another on the disk than the one that the draft began with. */
export const overtaken = signal(false);

const read = signal<Values | null>(null);
const waiting = signal<readonly Change[]>([]);

/** What the draft says, with what is still on its way into the text; null: the text is no TOML. */
export const values = computed(() => (read.value === null ? null : changed(read.value, waiting.value)));
export const dirty = computed(
  () => saved.value !== null && (text.value !== saved.value.text || waiting.value.length > 0),
);
export const errors = computed(() => problems.value.filter((problem) => problem.level === "error"));

const KEPT = "Saving keeps the file as it was beside it.";

const queue = new EditQueue("", {
  edit: async (draft, changes) => {
    const earlier = understood.value !== "";
    const edited = await post<EditedText>("/api/config/edit", { text: draft, changes });
    if (earlier && !edited.understood)
      notify("info", `To hold this change, the text is in the present form now. ${KEPT}`);
    return edited;
  },
  check: (draft) => post<CheckedText>("/api/config/check", { text: draft }),
  moved: (reading) =>
    batch(() => {
      text.value = queue.text;
      waiting.value = queue.waiting;
      if (!reading) return;
      read.value = reading.values;
      problems.value = reading.problems;
      understood.value = reading.understood ?? "";
    }),
  failed: (error) => {
    const away = error instanceof ApiError && error.status === 0;
    notify("error", away ? `${error.message} What you changed is kept here.` : String((error as Error).message));
    return away;
  },
});

function begin(answer: ConfigAnswer): void {
  batch(() => {
    saved.value = answer;
    overtaken.value = false;
    trouble.value = "";
    queue.replace(answer.text, answer);
  });
}

/** Read the file. A draft with changes is kept, and marked as overtaken if the file is another now. */
export async function load(): Promise<void> {
  try {
    const answer = await get<ConfigAnswer>("/api/config");
    trouble.value = "";
    if (saved.value === null || !dirty.value) begin(answer);
    else if (answer.stamp !== saved.value.stamp) overtaken.value = true;
  } catch (error) {
    trouble.value = (error as Error).message;
  }
}

export function change(...changes: Change[]): void {
  queue.push(changes);
}

export const set = (key: Key, value: Exclude<Change, { remove: true }>["value"]) => change({ key, value });
export const remove = (key: Key) => change({ key, remove: true });

/** What is typed or loaded takes the draft's place. */
export function write(replacement: string): void {
  queue.replace(replacement);
}

/** Put the present form of what is in the draft into it. */
export async function upgrade(): Promise<void> {
  if (!(await queue.flush())) return;
  const edited = await post<EditedText>("/api/config/upgrade", { text: queue.text });
  queue.replace(edited.text, edited);
  notify("info", `The draft is in the present form. ${KEPT}`);
}

export function discard(): void {
  const answer = saved.value;
  if (answer) queue.replace(answer.text, answer);
  if (overtaken.value) void load();
}

/** Take what is on the disk and drop the draft. */
export async function takeTheirs(): Promise<void> {
  begin(await get<ConfigAnswer>("/api/config"));
}

/** Adopt what setting up a workspace has made. */
export const adopt = begin;

export type SaveResult = "saved" | "overtaken" | "refused";

/** Save the draft; `over`: replace what was saved elsewhere meanwhile. */
export async function save(over = false): Promise<SaveResult> {
  const before = saved.value;
  if (!before || !(await queue.flush())) return "refused";
  const stamp = over ? (await get<ConfigAnswer>("/api/config")).stamp : before.stamp;
  const draft = queue.text;
  try {
    const answer = await put<ConfigAnswer>("/api/config", { text: draft, stamp });
    batch(() => {
      saved.value = answer;
      overtaken.value = false;
      // Changes made while it was being saved stay in the draft.
      if (queue.text === draft && queue.waiting.length === 0) queue.replace(answer.text, answer);
    });
    return "saved";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409) {
      overtaken.value = true;
      return "overtaken";
    }
    const found = error.answer["problems"];
    if (Array.isArray(found)) problems.value = found as ConfigProblem[];
    throw error;
  }
}

/** Keep the draft up to date for as long as the page is looked at; returns a function that ends it. */
export function watch(): () => void {
  return effect(() => {
    void version("config").value;
    void version("models").value;
    void load();
  });
}

addEventListener("beforeunload", (event) => {
  if (dirty.value) event.preventDefault();
});

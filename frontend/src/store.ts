/** What every page shows, kept up to date by the WebSocket. */

import { type Signal, computed, effect, signal } from "@preact/signals";
import { ApiError, get, listening } from "./api";
import { isKnown, isOwner } from "./guest";
import { know, live, wake } from "./live";
import { servedBy } from "./serving";
import { connection, on, send } from "./socket";
import type { CommandName, Level, Line, Output, Overview, OwnModel, Run, Session, State, Topic } from "./protocol";

export const session = signal<Session>({ status: "stopped", ours: false, pid: null, sentence: "", state: null });
export const overview = signal<Overview | null>(null);
export const performerRunning = signal(false);
export const lines = signal<Line[]>([]);
export const runs = signal<Run[]>([]);
/** How far “Make it play like me” is; null: not known yet. */
export const ownModel = signal<OwnModel | null>(null);
export const playback = signal<{ name: string | null; at: number; seconds: number }>({ name: null, at: 0, seconds: 0 });

export const running = computed(() => session.value.status === "running");

/** What a control, counted from 0, is called: its name, or what it is mapped to, or else its number. */
export const controlName = (index: number): string => overview.value?.controls[index]?.label ?? `x ${index + 1}`;

export const STATUS_WORDS: Record<Session["status"], string> = {
  stopped: "Stopped",
  starting: "Starting …",
  running: "Playing",
  stopping: "Stopping …",
  failed: "Failed",
};

const KEPT_LINES = 1000;

// --- sentences ---------------------------------------------------------------------------------------

export interface Toast {
  id: number;
  level: Level;
  text: string;
  /** A button, such as "Undo". */
  action?: { label: string; run: () => void };
  /** The request that failed: its next success removes the message. */
  request?: string;
}

export const toasts = signal<Toast[]>([]);
let lastToast = 0;

/** Show a message; an error stays until it is dismissed, or until its request succeeds. */
export function notify(level: Level, text: string, action?: Toast["action"], request?: string): void {
  const id = ++lastToast;
  const others = toasts.value.filter((toast) => toast.text !== text);
  toasts.value = [...others, { id, level, text, action, request }].slice(-4);
  if (level !== "error") setTimeout(() => dismiss(id), action ? 12000 : 6000);
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

/** Remove the error messages whose cause is gone. */
function mend(mended: (toast: Toast) => boolean): void {
  const left = toasts.peek().filter((toast) => toast.level !== "error" || !mended(toast));
  if (left.length < toasts.peek().length) toasts.value = left;
}

listening.answered = (request) => mend((toast) => toast.request === request);

/** The request that starts the session: its errors are over once the session plays, however it was started. */
const START = "POST /api/session/start";
/** Stands for all requests that were not answered: a new connection removes their messages. */
const AWAY = "";

/** Do something that may fail; a failure is shown, and undefined returned. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    const text =
      error instanceof ApiError && error.advice ? `${error.message} ${error.advice}` : String((error as Error).message);
    const away = error instanceof ApiError && error.status === 0;
    // While there is no connection, the page says so already.
    if (!away || connection.peek() !== "lost")
      notify("error", text, undefined, away ? AWAY : error instanceof ApiError ? error.request : undefined);
    return undefined;
  }
}

// --- commands ----------------------------------------------------------------------------------------

/** Rises with each panic, wherever it was requested: sound and devices of this page end their notes as well. */
export const panics = signal(0);

/** The panics that the last state counted, and the process of its session. */
let counted = { pid: 0, panics: 0 };

function heedPanic(state: State): void {
  const known = counted.pid === state.pid ? counted.panics : Number.POSITIVE_INFINITY;
  counted = { pid: state.pid, panics: state.counters.panics };
  if (counted.panics > known) panics.value += 1;
}

export function command(name: CommandName, value?: string | number | boolean | null): void {
  if (name === "panic") panics.value += 1;
  if (!send({ type: "command", name, value: value ?? null })) notify("warning", "Not connected: nothing was sent.");
}

// --- things that are requested -----------------------------------------------------------------------

/** Rises whenever something of a kind changed: `versions("takes").value`. */
const versionOf = new Map<Topic, Signal<number>>();

export function version(what: Topic): Signal<number> {
  const known = versionOf.get(what) ?? signal(0);
  versionOf.set(what, known);
  return known;
}

/** Why the workspace cannot be shown, such as that its folder has gone. */
export const trouble = signal("");

export async function refreshOverview(): Promise<void> {
  try {
    overview.value = await get<Overview>("/api/overview");
    servedBy.value = overview.value.demo ? "impsy demo" : "impsy webui";
    trouble.value = "";
  } catch (error) {
    // No answer: the page shows already that the connection is lost.
    if (error instanceof ApiError && error.status > 0) trouble.value = error.message;
  }
}

async function refreshAll(): Promise<void> {
  const [status, trainings, output] = await Promise.all([
    get<Session>("/api/session").catch(() => null),
    isOwner.peek() ? get<Run[]>("/api/training").catch(() => null) : null,
    isOwner.peek() ? get<Output>("/api/session/output").catch(() => null) : null,
    refreshOverview(),
  ]);
  if (status !== null) accept(status);
  if (trainings !== null) runs.value = trainings;
  if (output !== null) lines.value = output.lines;
  for (const known of versionOf.values()) known.value += 1;
}

/** The process whose values are shown; 0: none yet. */
let followed = 0;

function accept(received: Session): void {
  session.value = received;
  const { state } = received;
  if (state === null) return;
  mend((toast) => toast.request === START);
  heedPanic(state);
  wake();
  if (state.pid === followed && state.input.length === live.input.length) return;
  followed = state.pid;
  know(state.input, state.output);
}

on("session", accept);
on("performer", (message) => (performerRunning.value = message.running));
on("output", (message) => (lines.value = [...lines.value, ...message.lines].slice(-KEPT_LINES)));
on("own_model", (message) => (ownModel.value = message));
on("playback", (message) => (playback.value = message));
on("sentence", (message) => notify(message.level, message.text));
on("training", ({ run }) => {
  const others = runs.value.filter((each) => each.id !== run.id);
  runs.value = [run, ...others].sort((a, b) => b.started.localeCompare(a.started));
});
on("changed", ({ what }) => {
  version(what).value += 1;
  if (what === "config" || what === "models") void refreshOverview();
  if (what === "training" && isOwner.peek())
    void get<Run[]>("/api/training").then(
      (trainings) => (runs.value = trainings),
      () => undefined,
    );
});

// After a lost connection everything is requested again.
effect(() => {
  if (connection.value !== "open" || !isKnown.value) return;
  mend((toast) => toast.request === AWAY);
  void refreshAll();
});

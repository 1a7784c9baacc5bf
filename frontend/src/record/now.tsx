/** What is being recorded, and how to record. */

import { post } from "../api";
import { modeTitle, wayOf, wordsOf } from "../modes";
import { follow } from "../router";
import { attempt, command, overview, running, session, notify } from "../store";
import { Button } from "../ui";
import { fileName } from "./take";
import { counted } from "./words";

const start = () => attempt(() => post("/api/session/start"));

const another = () =>
  attempt(async () => {
    await post("/api/session/restart");
    notify("info", "A new take has begun: play.");
  });

export function Now() {
  const { status, state } = session.value;
  if (!overview.value?.configured) {
    return (
      <section class="card now" aria-label="Recording">
        <p class="grow">Set this workspace up first; then everything you play is recorded by itself.</p>
        <a class="button main" href="/setup" onClick={follow}>
          Go to Setup
        </a>
      </section>
    );
  }
  if (!running.value || state === null) {
    const waiting = status === "starting" || status === "stopping";
    return (
      <section class="card now" aria-label="Recording">
        <p class="grow">
          {waiting ? "One moment …" : "Nothing is recorded now. While a session runs, everything played is one take."}
        </p>
        <Button kind="main" icon="record" disabled={waiting} onClick={start}>
          Start a session
        </Button>
      </section>
    );
  }
  const alone = wayOf(state.mode) === "never";
  return (
    <section class="card now" aria-label="Recording">
      <i class="pulse" aria-hidden="true" />
      <div class="grow">
        <p>
          <b>Recording</b> <span class="soft">{counted(state.log.rows, "event")} in this take</span>
        </p>
        <p class="soft" title={fileName(state.log.file)}>
          {wordsOf(state.mode).label}: {wordsOf(state.mode).words}
        </p>
        {state.log.error && <p class="error">{state.log.error}</p>}
      </div>
      <div class="row">
        {alone ? (
          <Button onClick={() => command("mode", "callresponse")} title={modeTitle(wordsOf("callresponse"))}>
            Let the model answer
          </Button>
        ) : (
          <Button
            onClick={() => command("mode", "useronly")}
            title="The model stays silent: a take of you alone, the best to learn from"
          >
            Record only
          </Button>
        )}
        <Button icon="plus" onClick={another} title="A take is a session: it is started again">
          Start a new take
        </Button>
      </div>
    </section>
  );
}

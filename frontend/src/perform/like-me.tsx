/** From what was played to a partner that plays like it: in one go, or while playing. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { post } from "../api";
import type { LearningState, OwnModel, State } from "../protocol";
import { attempt, command, overview, ownModel, performerRunning, refreshOverview } from "../store";
import { Button, Card, Progress, Segments, Toggle } from "../ui";
import {
  idleWords,
  learningWords,
  leftWords,
  type Pair,
  pairOf,
  readyWords,
  whichPlays,
  works,
  workWords,
} from "./likeness";

const ask = (what: string, body?: object) =>
  attempt(async () => void (ownModel.value = await post<OwnModel>(`/api/own-model${what}`, body)));

const fileName = (file: string): string => file.split("/").pop() ?? "";

/** Two models to hear one after the other; `pair` has them as a configuration names them. */
function Listen({ pair, state, now }: { pair: Pair; state: State | null; now: string }) {
  const names = { before: fileName(pair.before), now: fileName(pair.now) };
  return (
    <Segments
      label="Listen to"
      value={state && whichPlays(state, names)}
      disabled={state === null}
      options={[
        { value: "before", label: "Before", title: names.before },
        { value: "now", label: now, title: names.now },
      ]}
      onChange={(which) => command("model", pair[which])}
    />
  );
}

function Ready({ own, state }: { own: OwnModel; state: State | null }) {
  return (
    <>
      <p role="status">{readyWords(own)}</p>
      <div class="row">
        {own.before !== "" && <Listen pair={own} state={state} now="Like you" />}
        <Button kind="main" icon="check" onClick={() => ask("/keep")}>
          Keep it
        </Button>
        <Button icon="reset" onClick={() => ask("/back")}>
          Go back
        </Button>
      </div>
    </>
  );
}

function Working({ own }: { own: OwnModel }) {
  const words = workWords(own);
  return (
    <>
      <p class="like-me-head">
        <span role="status">{words}</span>
        <span class="soft">{leftWords(own)}</span>
      </p>
      <Progress label={words} value={own.progress} />
      <div class="row">
        <Button icon="stop" disabled={own.stopping} onClick={() => ask("/stop")}>
          Stop
        </Button>
        <p class="soft">You can play on, and close this page.</p>
      </div>
    </>
  );
}

function Idle({ own, state }: { own: OwnModel; state: State | null }) {
  const simulated = state !== null && performerRunning.value;
  return (
    <>
      <p class={own.failed ? "error" : own.sentence ? "" : "soft"} role={own.sentence ? "status" : undefined}>
        {own.sentence || idleWords(state?.counters.heard ?? null)}
      </p>
      {simulated && <p>The simulated performer's playing is learned as yours: switch it off, and play yourself.</p>}
      <div class="row">
        <Button kind="main" icon="learn" onClick={() => ask("", {})}>
          Make it play like me
        </Button>
        {simulated && (
          <Button onClick={() => attempt(() => post("/api/performer", { running: false }))}>
            Switch the performer off
          </Button>
        )}
      </div>
    </>
  );
}

const heard = signal<Pair | null>(null);

function WhilePlaying({ state, learning }: { state: State; learning: LearningState }) {
  const pair = pairOf(state, overview.value?.models ?? [], heard.peek());
  useEffect(() => void (heard.value = pair), [pair?.before, pair?.now]);
  // The session has saved it: the list of models that this page holds is older.
  useEffect(() => void (learning.kept && refreshOverview()), [learning.kept]);
  const inModels = pair && { before: `models/${pair.before}`, now: `models/${pair.now}` };
  return (
    <div class="while-playing" role="group" aria-label="Learning while you play">
      <div class="grow">
        <Toggle label="Learn while I play" value={learning.on} onChange={(on) => command("learn", on)} />
        <p class="soft">{learningWords(learning)}</p>
      </div>
      <div class="row">
        {inModels && <Listen pair={inModels} state={state} now="Learned" />}
        {learning.can_keep && (
          <Button icon="check" title="Save what it has learned as a model" onClick={() => command("keep")}>
            Keep
          </Button>
        )}
        {learning.can_forget && (
          <Button icon="reset" title="Forget it: the model before plays again" onClick={() => command("forget")}>
            Go back
          </Button>
        )}
      </div>
    </div>
  );
}

export function LikeMe({ state }: { state: State | null }) {
  const own = ownModel.value;
  if (own === null || (state === null && own.stage === "idle" && own.sentence === "")) return null;
  return (
    <Card title="Play like me" class="like-me">
      {own.stage === "ready" ? (
        <Ready own={own} state={state} />
      ) : works(own) ? (
        <Working own={own} />
      ) : (
        <Idle own={own} state={state} />
      )}
      {state?.learning && <WhilePlaying state={state} learning={state.learning} />}
    </Card>
  );
}

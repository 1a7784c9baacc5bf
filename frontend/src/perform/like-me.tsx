/** From what was played to a partner that plays like it: in one go, or while playing. */

import { post } from "../api";
import type { Learning, OwnModel, State } from "../protocol";
import { attempt, command, ownModel } from "../store";
import { Button, Card, Progress, Segments, Toggle } from "../ui";
import { learningWords, leftWords, readyWords, works, workWords } from "./likeness";

const ask = (what: string, body?: object) =>
  attempt(async () => void (ownModel.value = await post<OwnModel>(`/api/own-model${what}`, body)));

const fileName = (file: string): string => file.split("/").pop() ?? "";

/** Two models to hear one after the other. */
function Listen({ own, state }: { own: OwnModel; state: State | null }) {
  const plays = state?.model === fileName(own.now) ? "now" : state?.model === fileName(own.before) ? "before" : null;
  return (
    <Segments
      label="Listen to"
      value={plays}
      disabled={state === null}
      options={[
        { value: "before", label: "Before", title: fileName(own.before) },
        { value: "now", label: "Like you", title: fileName(own.now) },
      ]}
      onChange={(which) => command("model", own[which])}
    />
  );
}

function Ready({ own, state }: { own: OwnModel; state: State | null }) {
  return (
    <>
      <p role="status">{readyWords(own)}</p>
      <div class="row">
        {own.before !== "" && <Listen own={own} state={state} />}
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

function Idle({ own }: { own: OwnModel }) {
  return (
    <>
      <p class={own.failed ? "error" : own.sentence ? "" : "soft"} role={own.sentence ? "status" : undefined}>
        {own.sentence || "It learns from what you played today, which takes a minute or so, and plays on meanwhile."}
      </p>
      <div class="row">
        <Button kind="main" icon="learn" onClick={() => ask("", {})}>
          Make it play like me
        </Button>
      </div>
    </>
  );
}

function WhilePlaying({ learning }: { learning: Learning }) {
  return (
    <div class="while-playing">
      <div class="grow">
        <Toggle label="Learn while I play" value={learning.on} onChange={(on) => command("learn", on)} />
        <p class="soft" role="status">
          {learningWords(learning)}
        </p>
      </div>
      {learning.updates > 0 && (
        <div class="row">
          <Button icon="check" title="Save what it has learned as a model" onClick={() => command("keep")}>
            Keep
          </Button>
          <Button icon="reset" title="Forget it: the model before plays again" onClick={() => command("forget")}>
            Go back
          </Button>
        </div>
      )}
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
        <Idle own={own} />
      )}
      {state?.learning && <WhilePlaying learning={state.learning} />}
    </Card>
  );
}

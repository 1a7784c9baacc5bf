/** Trainings: the running one with its live curve, and earlier ones. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { get, part, post } from "../api";
import { Evaluate, PlayWith } from "../models/actions";
import type { Loss, Model, Run } from "../protocol";
import { remove } from "../models/undo";
import { type Line, Plot, themed } from "../plot";
import { COUNT_STEPS, figure } from "../plot/words";
import { attempt, runs } from "../store";
import { Button, Card, Progress, duration, moment } from "../ui";
import { bestEpoch, epochsShown, heights, merged } from "./curve";
import { capital, sentence } from "../record/words";
import { STATUS, elapsedOf, epochs, goesOn, pace, progress, timeLeft } from "./words";

const OPEN_AT_FIRST = 1;

/** Running ones, or those that have ended. */
export function Runs({ models, ended }: { models: readonly Model[]; ended: boolean }) {
  return (
    <>
      {runs.value
        .filter((run) => goesOn(run) !== ended)
        .map((run, index) => (
          <RunCard key={run.id} run={run} open={!ended || index < OPEN_AT_FIRST} models={models} />
        ))}
    </>
  );
}

/** A run's whole curve: messages while it is running may hold its last part only. */
function useCurve(run: Run, seen: boolean): Loss[] {
  const known = useSignal<Loss[]>([]);
  useEffect(() => {
    known.value = merged(known.value, run.losses, run.epoch);
  }, [run]);
  const missing = seen && run.epoch > 0 && known.value.length < run.epoch;
  useEffect(() => {
    if (!missing) return;
    void get<Run>(`/api/training/${part(run.id)}`).then(
      (whole) => void (known.value = merged(whole.losses, known.value, whole.epoch)),
      () => undefined, // the points of the messages are drawn all the same
    );
  }, [missing, run.id]);
  return known.value;
}

/** Seconds that a run has taken, counted on between the messages about it. */
function useElapsed(run: Run, on: boolean): number {
  const got = useRef({ run, at: performance.now() });
  if (got.current.run !== run) got.current = { run, at: performance.now() };
  const tick = useSignal(0);
  useEffect(() => {
    if (!on) return undefined;
    const timer = setInterval(() => void (tick.value += 1), 1000);
    return () => clearInterval(timer);
  }, [on]);
  void tick.value;
  return elapsedOf(run, on ? performance.now() - got.current.at : 0);
}

function RunCard({ run, open, models }: { run: Run; open: boolean; models: readonly Model[] }) {
  const opened = useSignal(open);
  const losses = useCurve(run, opened.value);
  const address = `/api/training/${part(run.id)}`;
  const model = models.find((each) => each.name === run.model);
  const on = goesOn(run);
  const elapsed = useElapsed(run, on);
  const facts = [
    on ? `for ${duration(elapsed)}` : "",
    run.epoch > 0 ? epochs(run) : "",
    on ? pace(run.pace) : "",
    run.status === "running" ? timeLeft(run.left) : "",
    run.best !== null ? `best ${figure(run.best)}` : "",
  ].filter(Boolean);
  return (
    <Card class={`run ${run.status}`}>
      <details open={opened.value} onToggle={(event) => (opened.value = event.currentTarget.open)} class="more">
        <summary>
          <span class="run-head">
            <span class={`chip ${on ? "running" : run.status}`}>
              <i aria-hidden="true" />
              {STATUS[run.status]}
            </span>
            <h3 class="clip" title={`${run.size} on ${run.dataset}`}>
              {run.size} on {run.dataset}
            </h3>
            <span class="soft">{moment(run.started)}</span>
          </span>
        </summary>
        {opened.value && (
          <div class="stack run-body">
            {run.sentence && (
              <p
                class={run.status === "failed" ? "note bad" : run.status === "interrupted" ? "note" : "soft"}
                role={on ? undefined : "status"}
              >
                {sentence(run.sentence)}
              </p>
            )}
            {facts.length > 0 && <p class="run-facts">{capital(facts.join(" · "))}</p>}
            {on && <Progress label="How far the training is" value={progress(run)} />}
            {losses.length > 0 ? (
              <Curve losses={losses} epochs={run.epochs} />
            ) : (
              on && <p class="soft curve-place">The curve begins after the first epoch.</p>
            )}
            <div class="row">
              {on && (
                <Button
                  icon="stop"
                  disabled={run.status === "stopping"}
                  onClick={() => attempt(() => post(`${address}/stop`))}
                >
                  Stop and keep the best
                </Button>
              )}
              {run.model && !on && (
                <PlayWith name={run.model} main inUse={model?.in_use} dimension={model?.dimension ?? null} />
              )}
              {run.model && !on && (
                <Evaluate
                  name={run.model}
                  dataset={run.dataset}
                  ready={model?.report ?? false}
                  evaluating={model?.evaluating ?? false}
                />
              )}
              {run.resumable && (
                <Button icon="play" onClick={() => attempt(() => post(`${address}/resume`))}>
                  Resume
                </Button>
              )}
              {!on && (
                <Button kind="quiet" icon="trash" onClick={() => remove(address)}>
                  Take off the list
                </Button>
              )}
            </div>
          </div>
        )}
      </details>
    </Card>
  );
}

const words = ({ epoch, train, held_out }: Loss) =>
  `Epoch ${epoch}: held out ${figure(held_out ?? NaN)}, in training ${figure(train ?? NaN)}`;

const COLOURS = { train: "--ink-soft", held_out: "--it" } as const;

function Curve({ losses, epochs: planned }: { losses: readonly Loss[]; epochs: number | null }) {
  const lines = useMemo((): Line[] => {
    const line = (key: keyof typeof COLOURS, label: string): Line => ({
      label,
      values: losses.map((loss) => loss[key]),
      colour: () => themed(COLOURS[key]),
      width: key === "held_out" ? 2.2 : 1.5,
      dash: key === "train" ? [5, 4] : undefined,
      dots: losses.length <= 30,
    });
    return [line("train", "in training"), line("held_out", "held out")];
  }, [losses]);
  const x = useMemo(() => losses.map((loss) => loss.epoch), [losses]);
  const last = losses.at(-1)!;
  const range = heights(losses);
  const best = bestEpoch(losses);
  const readout = (at: number) => {
    const loss = losses.find(({ epoch }) => epoch === Math.round(at));
    return loss ? words(loss) : "";
  };
  return (
    <figure class="curve">
      <figcaption class="swatches">
        <span>
          <i class="it" /> on playing it has not heard: lower is better
        </span>
        <span>
          <i class="train" /> in training, where its own playing counts later on
        </span>
      </figcaption>
      <Plot
        label={`The course of the training. ${words(last)}.`}
        x={x}
        lines={lines}
        height={230}
        whole={epochsShown(last.epoch, planned)}
        y={{ range, words: (value) => figure(value).replace(/\.0+$/, "") }}
        xWords={(at) => String(Math.round(at))}
        xSteps={COUNT_STEPS}
        readout={readout}
        hint={best === null ? "" : `Best after epoch ${best}`}
        mark={best}
      />
    </figure>
  );
}

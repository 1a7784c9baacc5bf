/** What one does with a model: play with it, and measure it. */

import { useSignal } from "@preact/signals";
import { part, post } from "../api";
import { Icon } from "../icons";
import { sentence } from "../record/words";
import { navigate } from "../router";
import { attempt, overview, notify } from "../store";
import { Button, Dialog, Field } from "../ui";
import type { Used } from "../protocol";
import { misfit } from "./model";

interface PlayWithProps {
  name: string;
  dimension: number | null;
  inUse?: boolean | undefined;
  main?: boolean;
}

export function PlayWith({ name, dimension, inUse, main }: PlayWithProps) {
  const problem = misfit({ dimension, problem: "" }, overview.value?.dimension ?? null);
  if (inUse) {
    return (
      <Button icon="perform" local onClick={() => navigate("/")}>
        Perform
      </Button>
    );
  }
  const use = () =>
    attempt(async () => {
      const fix = problem === "" ? "" : "?set_dimension=true";
      const done = await post<Used>(`/api/models/${part(name)}/use${fix}`);
      notify("info", sentence(done.sentence), { label: "Go to Perform", run: () => navigate("/") });
    });
  return (
    <Button kind={main ? "main" : "plain"} icon="play" title={problem || undefined} onClick={use}>
      {problem === "" ? "Play with it" : `Set dimension to ${dimension} and play with it`}
    </Button>
  );
}

interface EvaluateProps {
  name: string;
  /** On which dataset, or those to choose from. */
  dataset?: string;
  datasets?: readonly string[];
  ready: boolean;
  evaluating: boolean;
}

/** The report, if there is one; else, or again, a way to have it made. */
export function Evaluate({ name, dataset, datasets, ready, evaluating }: EvaluateProps) {
  const choosing = useSignal(false);
  const chosen = useSignal("");
  const address = `/api/models/${part(name)}/report`;
  const evaluate = (on: string) =>
    attempt(async () => {
      await post(address, { dataset: on });
      choosing.value = false;
      notify("info", "It is being evaluated, which takes a minute or so. Its report will be here then.");
    });
  const first = chosen.value || datasets?.[0] || "";
  const words = ready ? "Evaluate again" : "Evaluate";
  return (
    <>
      {ready && (
        <a class="button" href={address} target="_blank" rel="noopener" aria-label={`Report on ${name}, in a new tab`}>
          <Icon name="models" size={18} />
          Report
        </a>
      )}
      {evaluating ? (
        <span class="chip starting" role="status">
          <i aria-hidden="true" />
          Being evaluated …
        </span>
      ) : dataset !== undefined ? (
        <Button onClick={() => evaluate(dataset)}>{words}</Button>
      ) : (
        <Button
          disabled={!datasets?.length}
          title={datasets?.length ? undefined : "There is no dataset of its dimension to measure it on"}
          onClick={() => void (choosing.value = true)}
        >
          {words}
        </Button>
      )}
      {datasets && (
        <Dialog title="Evaluate" open={choosing.value} onClose={() => (choosing.value = false)}>
          <form
            class="stack"
            onSubmit={(event) => {
              event.preventDefault();
              void evaluate(first);
            }}
          >
            <p class="soft">
              How well it predicts playing that it has not heard, beside simple players, with pictures.
            </p>
            <Field label="On which dataset">
              {(ids) => (
                <select {...ids} value={first} onChange={(event) => (chosen.value = event.currentTarget.value)}>
                  {datasets.map((each) => (
                    <option key={each}>{each}</option>
                  ))}
                </select>
              )}
            </Field>
            <div class="row">
              <Button kind="main" type="submit">
                Evaluate
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

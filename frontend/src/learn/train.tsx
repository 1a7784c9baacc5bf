/** The second step: size, time, start. */

import { useSignal } from "@preact/signals";
import { post } from "../api";
import { counted } from "../record/words";
import { attempt, runs } from "../store";
import type { Dataset, Run, Size } from "../protocol";
import { Button, Card, Field, Segments } from "../ui";
import { SIZES, advisedSize, goesOn } from "./words";

type Long = "automatic" | "epochs" | "minutes";

/** A number that was typed, or undefined where nothing was. */
const typed = (text: string) => (text.trim() === "" ? undefined : Number(text));

interface TrainProps {
  datasets: readonly Dataset[];
  chosen: string | null;
  onChoose: (name: string) => void;
}

export function Train({ datasets, chosen, onChoose }: TrainProps) {
  const usable = datasets.filter((each) => !each.problem && each.events > 0);
  const dataset = usable.find((each) => each.name === chosen) ?? usable[0];
  const advised = advisedSize(dataset?.events ?? 0);
  const size = useSignal<Size | null>(null);
  const long = useSignal<Long>("automatic");
  const amount = useSignal("10");
  const advanced = useSignal({ seed: "", architecture: "gestures", batch: "", patience: "" });
  const busy = runs.value.some(goesOn);
  const set = (changes: Partial<typeof advanced.value>) => (advanced.value = { ...advanced.value, ...changes });

  const start = () =>
    attempt(async () => {
      const { seed, architecture, batch, patience } = advanced.value;
      const asked = {
        dataset: dataset!.name,
        size: size.value ?? advised,
        epochs: long.value === "epochs" ? typed(amount.value) : undefined,
        minutes: long.value === "minutes" ? typed(amount.value) : undefined,
        seed: typed(seed),
        architecture: architecture === "gestures" ? undefined : architecture,
        batch: typed(batch),
        patience: typed(patience),
      };
      const run = await post<Run>("/api/training", asked);
      runs.value = [run, ...runs.value.filter((each) => each.id !== run.id)];
    });

  const number = (label: string, key: "seed" | "batch" | "patience", hint: string, least: number) => (
    <Field label={label} hint={hint}>
      {(ids) => (
        <input
          {...ids}
          type="number"
          inputMode="numeric"
          min={least}
          step={1}
          placeholder="automatic"
          value={advanced.value[key]}
          onInput={(event) => set({ [key]: event.currentTarget.value })}
        />
      )}
    </Field>
  );

  return (
    <Card title="2 · Train" class="step">
      {!dataset ? (
        <p class="soft nothing">First make a dataset above, or upload one.</p>
      ) : (
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void start();
          }}
        >
          <Field label="Dataset">
            {(ids) => (
              <select {...ids} value={dataset.name} onChange={(event) => onChoose(event.currentTarget.value)}>
                {usable.map((each) => (
                  <option key={each.name} value={each.name}>
                    {each.name}: {counted(each.events, "event")}, {counted((each.dimension ?? 1) - 1, "control")}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <fieldset>
            <legend class="field-label">How large a network</legend>
            <div class="sizes">
              {SIZES.map((each) => (
                <label key={each.value} class="size">
                  <input
                    type="radio"
                    name="size"
                    value={each.value}
                    checked={(size.value ?? advised) === each.value}
                    onChange={() => (size.value = each.value)}
                  />
                  <span>
                    <b>
                      {each.name} <span class="soft mono">{each.value}</span>
                      {each.value === advised && <span class="tag good">suggested</span>}
                    </b>
                    <small class="soft">{each.words}</small>
                  </span>
                </label>
              ))}
            </div>
          </fieldset>
          <div class="how-long">
            <div>
              <p class="field-label" aria-hidden="true">
                How long
              </p>
              <Segments
                local
                label="How long"
                value={long.value}
                options={[
                  { value: "automatic", label: "Automatic", title: "20 epochs, or fewer once it gets no better" },
                  { value: "minutes", label: "Minutes" },
                  { value: "epochs", label: "Epochs" },
                ]}
                onChange={(value) => {
                  long.value = value;
                  amount.value = value === "epochs" ? "20" : "10";
                }}
              />
            </div>
            {long.value !== "automatic" && (
              <Field label={long.value === "epochs" ? "Epochs" : "Minutes"}>
                {(ids) => (
                  <input
                    {...ids}
                    type="number"
                    required
                    min={long.value === "epochs" ? 1 : 0.5}
                    step={long.value === "epochs" ? 1 : 0.5}
                    value={amount.value}
                    onInput={(event) => (amount.value = event.currentTarget.value)}
                  />
                )}
              </Field>
            )}
          </div>
          <details class="more">
            <summary>Advanced</summary>
            <div class="advanced">
              {number("Seed", "seed", "The same seed, dataset and machine give the same model.", 0)}
              <Field label="Architecture" hint="Plain is the network of the released IMPSY, for comparing.">
                {(ids) => (
                  <select
                    {...ids}
                    value={advanced.value.architecture}
                    onChange={(event) => set({ architecture: event.currentTarget.value })}
                  >
                    <option value="gestures">Gestures (better)</option>
                    <option value="plain">Plain</option>
                  </select>
                )}
              </Field>
              {number("Batch", "batch", "Windows of events in a step.", 1)}
              {number("Patience", "patience", "Epochs without a better one before it stops.", 1)}
            </div>
          </details>
          <div class="row">
            <Button kind="main" icon="learn" type="submit">
              Start training
            </Button>
            <p class="soft">
              {busy
                ? "Another training goes on: both will take longer."
                : "It goes on when you close this page. You can play meanwhile."}
            </p>
          </div>
        </form>
      )}
    </Card>
  );
}

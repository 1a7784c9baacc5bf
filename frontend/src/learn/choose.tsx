/** The first step: takes are chosen and become a dataset. */

import { useSignal } from "@preact/signals";
import { post } from "../api";
import { bringBack } from "../models/undo";
import type { Made, Take } from "../protocol";
import { Pauses } from "../record/trimming";
import { called, found } from "../record/take";
import { about, counted } from "../record/words";
import { follow } from "../router";
import { attempt, overview, notify } from "../store";
import { Button, Card, Empty, Field, Segments, duration } from "../ui";
import { chosenAtFirst, dimensions, sums, usable } from "./choice";
import { sentence } from "../record/words";

export function Choose({ takes, onMade }: { takes: readonly Take[]; onMade: (name: string) => void }) {
  /** What was switched on or off by hand; all else is as it is at first, however many takes come. */
  const changed = useSignal<ReadonlyMap<string, boolean>>(new Map());
  const wanted = useSignal<number | null>(null);
  const name = useSignal("");
  const remarks = useSignal<string[]>([]);
  const widths = dimensions(takes, overview.value?.dimension ?? null);
  const dimension = wanted.value !== null && widths.includes(wanted.value) ? wanted.value : (widths[0] ?? null);
  const listed = found(takes, "", [], "newest").filter((take) => usable(take) && take.dimension === dimension);
  const first = chosenAtFirst(takes);
  const isOn = (take: Take) => changed.value.get(take.name) ?? first.has(take.name);
  const chosen = listed.filter(isOn);
  const sum = sums(chosen);
  const setAll = (on: boolean) => (changed.value = new Map(listed.map((take) => [take.name, on])));
  const make = () =>
    attempt(async () => {
      const given = name.value.trim();
      const made = await post<Made>("/api/datasets", {
        takes: chosen.map((take) => take.name),
        dimension,
        ...(given ? { name: given } : {}),
      });
      remarks.value = made.remarks;
      const { undo } = made;
      const text = `${made.dataset.name} is made: ${counted(made.dataset.events, "event")}.`;
      notify("info", text, undo ? { label: "Bring the old one back", run: () => void bringBack(undo) } : undefined);
      onMade(made.dataset.name);
    });

  if (listed.length === 0) {
    return (
      <Card title="1 · Choose takes" class="step">
        <Empty icon="record" title="Nothing to learn from yet">
          <p>A model learns from what you played. Play a while first: every session becomes a take.</p>
          <a class="button main" href="/record" onClick={follow}>
            Go to Record
          </a>
        </Empty>
      </Card>
    );
  }
  return (
    <Card
      title="1 · Choose takes"
      class="step"
      actions={
        <>
          <Button kind="quiet" onClick={() => setAll(true)}>
            All
          </Button>
          <Button kind="quiet" onClick={() => setAll(false)}>
            None
          </Button>
        </>
      }
    >
      {widths.length > 1 && (
        <div class="widths">
          <Segments
            label="Takes of how many controls"
            value={String(dimension)}
            options={widths.map((each) => ({ value: String(each), label: counted(each - 1, "control") }))}
            onChange={(value) => (wanted.value = Number(value))}
          />
        </div>
      )}
      <fieldset>
        <legend class="hidden">Takes to learn from</legend>
        <ul class="plain checklist">
          {listed.map((take) => (
            <li key={take.name}>
              <label class="check">
                <input
                  type="checkbox"
                  checked={isOn(take)}
                  onChange={(event) => {
                    changed.value = new Map(changed.value).set(take.name, event.currentTarget.checked);
                  }}
                />
                <span class="grow clip" title={called(take)}>
                  {called(take)}
                  {take.live && <span class="tag live">recording</span>}
                  {take.excluded && <span class="tag">set aside</span>}
                </span>
                <span class="soft small-figures">
                  {take.pauses > 0 && `${counted(take.pauses, "long pause")} · `}
                  {duration(take.seconds)} · {counted(take.events, "event")}
                </span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <Pauses takes={chosen} />
      <div class="row make">
        <p class="grow" role="status">
          {chosen.length === 0 ? (
            "Choose at least one take."
          ) : (
            <>
              <b>{counted(sum.takes, "take")}</b>, {counted(sum.events, "event")} of yours in {about(sum.seconds)}
            </>
          )}
        </p>
        <Button kind="main" disabled={chosen.length === 0} onClick={make}>
          Make dataset
        </Button>
      </div>
      <details class="more">
        <summary>Give it a name</summary>
        <Field
          label="Name of the dataset"
          hint="Without one it takes the place of the usual dataset, which can be brought back."
        >
          {(ids) => (
            <input
              {...ids}
              value={name.value}
              maxLength={140}
              placeholder={`training-dataset-${dimension}d`}
              onInput={(event) => (name.value = event.currentTarget.value)}
            />
          )}
        </Field>
      </details>
      {remarks.value.length > 0 && (
        <ul class="plain advice" aria-label="What happened while it was made">
          {remarks.value.map((text) => (
            <li key={text} class="note">
              {sentence(text)}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

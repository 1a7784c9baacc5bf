/** A controller that is plugged in and whose mapping is known: one click takes the mapping into the draft. */

import { signal } from "@preact/signals";
import type { Json } from "../protocol";
import { notify } from "../store";
import { Button } from "../ui";
import { givenBy } from "./command-rows";
import { devices, useDevices } from "./devices";
import { change, values } from "./draft";
import "./found.css";
import { controlWords } from "./hands";
import { type Offer, offersOf } from "./offers";

const KEPT_AS = "impsy.setup.not-offered";

function kept(): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return [];
  }
}

/** The examples that are not wanted in this browser. */
const unwanted = signal<readonly string[]>(kept());

function refuse(name: string): void {
  unwanted.value = [...unwanted.value, name];
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(unwanted.value));
  } catch {
    // It holds until the page is closed.
  }
}

function take({ name, changes, undo }: Offer): void {
  change(...changes);
  notify("info", `The mapping of ${name} is in the draft. Save it to play with it.`, {
    label: "Undo",
    run: () => change(...undo),
  });
}

export function FoundControllers() {
  useDevices();
  const offers = offersOf(values.value, devices.value?.midi.inputs ?? []);
  return offers
    .filter(({ preset }) => !unwanted.value.includes(preset.name))
    .map((offer) => <Found key={offer.preset.name} offer={offer} />);
}

function Found({ offer }: { offer: Offer }) {
  const { name, preset } = offer;
  return (
    <section class="found-controller" aria-label={`${name} found`}>
      <p>
        <b>{name} found: use its mapping?</b> {preset.about}
      </p>
      <div class="row">
        <Button kind="main" icon="check" onClick={() => take(offer)}>
          Use its mapping
        </Button>
        <Button kind="quiet" local onClick={() => refuse(preset.name)}>
          Not this one
        </Button>
      </div>
      {preset.advice && <p class="found-controller-more soft">{preset.advice}</p>}
      <details class="more found-controller-more">
        <summary>What it changes</summary>
        <Changes offer={offer} />
      </details>
    </section>
  );
}

const words = (entry: Json | undefined): string => (entry === undefined ? "nothing" : givenBy(entry));

/** What each control is moved by, now and then. */
function Changes({ offer: { name, added, before, after, preset } }: { offer: Offer }) {
  return (
    <>
      <p>
        {added ? `${name} becomes an input. ` : ""}
        Nothing is written until you save; all else stays as it is.
      </p>
      <div class="found-controller-table">
        <table>
          <thead>
            <tr>
              <th scope="col">Control</th>
              <th scope="col">Now</th>
              <th scope="col">Then</th>
            </tr>
          </thead>
          <tbody>
            {after.map((entry, index) => (
              <tr key={index}>
                <th scope="row">{controlWords(values.value, index)}</th>
                <td>{words(before?.[index])}</td>
                <td>
                  {words(entry)}
                  {index < preset.entries.length && preset.parts[index] && (
                    <small class="soft"> {preset.parts[index]}</small>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Sound on and off, on every page. */

import { Icon } from "../icons";
import { soundEngine, sounding, toggleSound } from "./state";

export function SoundButton() {
  const state = sounding.value;
  const label = state === "on" ? "Mute the sound" : "Turn on the sound";
  return (
    <button
      type="button"
      class="button quiet"
      data-sound-button
      aria-label={state === "missing" ? "This browser makes no sound" : label}
      title={state === "missing" ? "This browser makes no sound" : label}
      aria-pressed={state === "on"}
      aria-busy={state === "starting"}
      disabled={state === "missing"}
      onClick={() => void toggleSound()}
    >
      <Icon name={state === "on" ? "speaker" : "mute"} />
    </button>
  );
}

// Tests measure the sound by this: the address ends in #measure.
if (location.hash.includes("measure")) {
  void import("./offline").then(({ renderOffline, measure, calm, mad }) => {
    const samples = () => Array.from(soundEngine()?.samples() ?? []);
    Object.assign(globalThis, { impsySound: { renderOffline, measure, calm, mad, samples } });
  });
}

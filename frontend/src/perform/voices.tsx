/** Several models as one instrument: a line for each. */

import { modeTitle, wordsOf } from "../modes";
import type { VoiceState } from "../protocol";
import { rangesText, voiceWords } from "./words";

export function Voices({ voices }: { voices: readonly VoiceState[] }) {
  return (
    <ul class="voices" aria-label="Voices">
      {voices.map((voice) => (
        <li key={voice.name} class={voice.turn} title={`${voice.model}; ${modeTitle(wordsOf(voice.mode))}`}>
          <i class="voice-light" aria-hidden="true" />
          <b>{voice.name}</b>
          <span>{voiceWords(voice)}</span>
          <small class="soft">
            {wordsOf(voice.mode).label} · {rangesText(voice.controls)} · {voice.model}
          </small>
        </li>
      ))}
    </ul>
  );
}

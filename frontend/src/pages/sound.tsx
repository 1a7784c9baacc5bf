/** The synthesiser of the page, and the MIDI devices of the browser's machine. */

import { useId } from "preact/hooks";
import { MidiCard } from "../sound/midi/card";
import { partsOf, ROLE_WORDS } from "../sound/roles";
import { ROOTS, SCALES } from "../sound/scales";
import { Scope } from "../sound/scope";
import { PATCHES, TEMPO, type Voice } from "../sound/settings";
import "../sound/sound.css";
import { TapeButton } from "../sound/tape";
import { kindsNow, setSound, sharedTempo, sound, soundEngine, sounding, toggleSound } from "../sound/state";
import { controlName } from "../store";
import { Button, Card, Field, Page, Toggle } from "../ui";

function Slider(props: {
  label: string;
  value: number;
  onInput: (value: number) => void;
  least?: number;
  most?: number;
  text?: string;
  disabled?: boolean;
}) {
  const { least = 0, most = 1 } = props;
  const id = useId();
  const text = props.text ?? `${Math.round(100 * props.value)} %`;
  return (
    <div class="slider">
      <label for={id}>{props.label}</label>
      <output for={id}>{text}</output>
      <input
        id={id}
        type="range"
        min={least}
        max={most}
        step={(most - least) / 100 >= 1 ? 1 : (most - least) / 100}
        value={props.value}
        disabled={props.disabled}
        aria-valuetext={text}
        onInput={(event) => props.onInput(event.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

function Master() {
  const state = sounding.value;
  const on = state === "on";
  return (
    <section class="card master" aria-label="Volume">
      <Scope />
      <div class="master-row">
        <Button
          local
          icon={on ? "speaker" : "mute"}
          kind={on ? "plain" : "main"}
          disabled={state === "missing" || state === "starting"}
          onClick={toggleSound}
        >
          {on ? "Mute" : "Turn on the sound"}
        </Button>
        <Button
          local
          icon="play"
          disabled={!on}
          title="A short phrase that only this page hears"
          onClick={() => soundEngine()?.tryOut()}
        >
          Try it
        </Button>
        <TapeButton />
        <Slider label="Volume" value={sound.value.volume} onInput={(volume) => setSound({ volume })} />
      </div>
      {state === "missing" && (
        <p class="trouble" role="alert">
          This browser makes no sound: it has no Web Audio.
        </p>
      )}
    </section>
  );
}

function Patches() {
  const name = useId();
  return (
    <fieldset class="patches">
      <legend class="hidden">Sound</legend>
      {PATCHES.map((patch) => (
        <label key={patch.id} class={`patch ${patch.id}`}>
          <input
            type="radio"
            name={name}
            value={patch.id}
            checked={sound.value.patch === patch.id}
            onChange={() => setSound({ patch: patch.id })}
          />
          <span class="patch-art" aria-hidden="true" />
          <b>{patch.name}</b>
          <span class="patch-words">{patch.words}</span>
        </label>
      ))}
    </fieldset>
  );
}

function VoiceOf(props: { who: "performer" | "model"; label: string; volume: string }) {
  const voice = sound.value[props.who];
  const set = (change: Partial<Voice>) => setSound({ [props.who]: { ...voice, ...change } });
  return (
    <div class={`voice ${props.who}`}>
      <Toggle local label={props.label} value={voice.on} onChange={(on) => set({ on })} />
      <Slider label={props.volume} value={voice.volume} disabled={!voice.on} onInput={(volume) => set({ volume })} />
    </div>
  );
}

function Tuning() {
  return (
    <Card title="Tuning">
      <div class="stack">
        <div class="tuning">
          <Field label="Scale">
            {(ids) => (
              <select
                {...ids}
                value={sound.value.scale}
                onChange={(event) => setSound({ scale: event.currentTarget.value })}
              >
                {SCALES.map((scale) => (
                  <option key={scale.id} value={scale.id}>
                    {scale.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label="Root">
            {(ids) => (
              <select
                {...ids}
                value={sound.value.root}
                onChange={(event) => setSound({ root: Number(event.currentTarget.value) })}
              >
                {ROOTS.map((root, semitones) => (
                  <option key={root} value={semitones}>
                    {root}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <Slider
          label="Tempo of beat and echo"
          least={TEMPO.least}
          most={TEMPO.most}
          value={sharedTempo.value ?? sound.value.tempo}
          text={
            sharedTempo.value === null ? `${sound.value.tempo} BPM` : `${Math.round(sharedTempo.value)} BPM, shared`
          }
          disabled={sharedTempo.value !== null}
          onInput={(tempo) => setSound({ tempo: Math.round(tempo) })}
        />
        <Slider label="Room" value={sound.value.room} onInput={(room) => setSound({ room })} />
        <Slider label="Echo" value={sound.value.echo} onInput={(echo) => setSound({ echo })} />
      </div>
    </Card>
  );
}

/** Which control does what, in the colours of what it does. */
function Roles() {
  const parts = partsOf(kindsNow());
  return (
    <Card title="What each control does">
      <ol class="roles">
        {parts.map((part) => {
          const label = controlName(part.index);
          return (
            <li key={part.index} class={part.role} title={`${label}: ${ROLE_WORDS[part.role]}`}>
              <span class="role-label">{label}</span>
              <span class="role-word">{ROLE_WORDS[part.role]}</span>
            </li>
          );
        })}
      </ol>
    </Card>
  );
}

export default function Sound() {
  return (
    <Page
      title="Sound"
      lead="A synthesiser in this page. It plays whatever you and the model play; nothing has to be plugged in."
    >
      <Master />
      <Patches />
      <div class="columns sound-columns">
        <Card title="Players">
          <div class="stack">
            <VoiceOf who="performer" label="You" volume="Your volume" />
            <VoiceOf who="model" label="Model" volume="Model volume" />
          </div>
          <p class="soft voices-hint">You are a little to the left, the model a little to the right.</p>
        </Card>
        <Tuning />
      </div>
      <Roles />
      <MidiCard />
    </Page>
  );
}

/** Playing a take back through the outputs. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { part, post } from "../api";
import { clock } from "../plot/words";
import { attempt, playback, running } from "../store";
import { Button, Field, isAway, Segments, Toggle } from "../ui";
import { Playhead } from "./playhead";
import type { Take } from "../protocol";

type Who = "both" | "performer" | "model";
const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4, 8]; // the web process takes 0.1 to 10

/** Where the playback of this take is, between the messages about it too; null: it is not played. */
export function usePlayhead(take: Take) {
  const head = useRef(new Playhead()).current;
  const { name, at } = playback.value;
  const playing = name === take.name;
  useEffect(() => {
    if (playing) head.hear(at, performance.now() / 1000);
  }, [playing, playback.value]);
  const place = useRef(() => null as number | null);
  place.current = () => (playing ? Math.min(take.seconds, head.at(performance.now() / 1000)) : null);
  const ask = useRef(() => place.current()).current;
  return { playing, ask };
}

interface Changes {
  from?: number;
  speed?: number;
  who?: Who;
  pauses?: "short" | "whole";
}

interface PlayerProps {
  take: Take;
  playing: boolean;
  /** Where to begin. */
  from: number;
  onFrom: (at: number) => void;
}

export function Player({ take, playing, from, onFrom }: PlayerProps) {
  const speed = useSignal(1);
  const who = useSignal<Who>("both");
  const short = useSignal(true);
  const play = (changes: Changes = {}) =>
    attempt(() =>
      post(`/api/takes/${part(take.name)}/play`, {
        speed: speed.value,
        who: take.answers > 0 && take.events > 0 ? who.value : "both",
        pauses: short.value ? "short" : "whole",
        from,
        ...changes,
      }),
    );
  /** What is changed while it plays holds at once. */
  const again = (changes: Changes) => {
    if (playing) void play({ from: playback.value.at, ...changes });
  };
  const at = playing ? playback.value.at : from;
  const nothing = !running.value || take.events + take.answers === 0;
  return (
    <fieldset class="player">
      <legend class="hidden">Play back</legend>
      <div class="player-line">
        {playing ? (
          <Button kind="main" icon="stop" onClick={() => attempt(() => post("/api/playback/stop"))}>
            Stop
          </Button>
        ) : (
          <Button kind="main" icon="play" disabled={nothing} onClick={() => play()}>
            Play
          </Button>
        )}
        <input
          class="grow"
          type="range"
          disabled={isAway()}
          aria-label="Position"
          aria-valuetext={clock(at)}
          min={0}
          max={Math.max(0.1, take.seconds)}
          step="any"
          value={at}
          onInput={(event) => onFrom(event.currentTarget.valueAsNumber)}
          onChange={(event) => again({ from: event.currentTarget.valueAsNumber })}
        />
        <span class="position">
          {clock(at)} <span class="soft">/ {clock(take.seconds)}</span>
        </span>
      </div>
      <div class="player-line">
        {take.answers > 0 && take.events > 0 && (
          <Segments
            label="Whose playing"
            value={who.value}
            options={[
              { value: "both", label: "Both" },
              { value: "performer", label: "You" },
              { value: "model", label: "Model" },
            ]}
            onChange={(value) => {
              who.value = value;
              again({ who: value });
            }}
          />
        )}
        <Field label="Speed">
          {(ids) => (
            <select
              {...ids}
              value={String(speed.value)}
              onChange={(event) => {
                speed.value = Number(event.currentTarget.value);
                again({ speed: speed.value });
              }}
            >
              {SPEEDS.map((each) => (
                <option key={each} value={String(each)}>
                  {each} ×
                </option>
              ))}
            </select>
          )}
        </Field>
        <Toggle
          label="Shorten pauses"
          value={short.value}
          onChange={(value) => {
            short.value = value;
            again({ pauses: value ? "short" : "whole" });
          }}
        />
        {!running.value && (
          <p class="soft player-hint">It plays through the session's outputs: start a session first.</p>
        )}
      </div>
    </fieldset>
  );
}

/** What a performance needs, as large as the screen: faders, whose turn it is, scenes, pause and panic. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { commands } from "../../guest";
import { Icon } from "../../icons";
import type { Control, State } from "../../protocol";
import { command, overview } from "../../store";
import { Button } from "../../ui";
import { Faders } from "../faders";
import { PauseButton } from "../pause";
import { banksFor, fitting } from "./banks";
import { canFill, fillScreen, full, leaveStage } from "./stage";
import "./stage.css";

const GAP = 8;

export function StageButtons({ state }: { state: State }) {
  return (
    <>
      <PauseButton paused={state.paused} wordClass="stage-word" />
      <Button icon="panic" kind="danger" title="Panic: every note ends" onClick={() => command("panic")}>
        <span class="stage-word">Panic</span>
      </Button>
    </>
  );
}

function StageScenes({ state }: { state: State }) {
  const scenes = overview.value?.scenes ?? [];
  if (scenes.length === 0) return null;
  return (
    <div class="stage-scenes" role="group" aria-label="Scenes">
      {scenes.map((scene) => (
        <Button
          key={scene.name}
          pressed={state.scene === scene.name}
          title={scene.name}
          onClick={() => command("scene", scene.name)}
        >
          <span class="scene-name">{scene.name}</span>
        </Button>
      ))}
    </div>
  );
}

interface StageProps {
  /** Whose turn it is, with its buttons. */
  banner: ComponentChildren;
  state: State | null;
  controls: readonly Control[];
  enabled: boolean;
  held: readonly boolean[] | null;
  keyBank: number;
}

export function Stage({ banner, state, controls, enabled, held, keyBank }: StageProps) {
  const room = useRef<HTMLDivElement>(null);
  const size = useSignal(controls.length);
  const place = useSignal(0);
  useLayoutEffect(() => {
    const element = room.current!;
    const measure = () => (size.value = fitting(element.clientWidth, element.clientHeight, GAP));
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  const banks = banksFor(controls.length, size.value);
  const bank = Math.min(place.value, banks.length - 1);
  const turn = (by: number) => (place.value = (bank + by + banks.length) % banks.length);
  const { from, until } = banks[bank]!;
  return (
    <div class="stage">
      <h1 class="hidden">Perform: stage view</h1>
      <div class="stage-top">
        {banner}
        <div class="stage-view">
          {banks.length > 1 && (
            <>
              <Button icon="previous" label="The faders before" local onClick={() => turn(-1)} />
              <span class="stage-bank" role="status">
                {from + 1}–{until}
              </span>
              <Button icon="next" label="The faders after" local onClick={() => turn(1)} />
            </>
          )}
          {canFill() && !full.value && (
            <span class="stage-fill">
              <Button icon="fill" label="Fill the screen" local onClick={fillScreen} />
            </span>
          )}
          <button
            type="button"
            class="button"
            title="Leave the stage view (Shift+F, Esc)"
            aria-label="Leave the stage view"
            onClick={leaveStage}
          >
            <Icon name="cross" />
          </button>
        </div>
      </div>
      <div class="stage-room" ref={room}>
        <Faders controls={controls} enabled={enabled} bank={keyBank} held={held} shown={banks[bank]!} />
      </div>
      {state && commands.value && <StageScenes state={state} />}
    </div>
  );
}

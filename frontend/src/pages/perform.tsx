/** The instrument. */

import { signal, useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { post } from "../api";
import { plainControl } from "../controls";
import { commands, isOwner, mayDo } from "../guest";
import { home } from "../home";
import { GuestTransport, WhoYouAre } from "../invite/here";
import { InviteButton } from "../invite/invite";
import { live } from "../live";
import { Banner } from "../perform/banner";
import { Facts } from "../perform/facts";
import { current, Faders } from "../perform/faders";
import { Help } from "../perform/help";
import { isHeardElsewhere } from "../perform/hint";
import { LikeMe } from "../perform/like-me";
import { actionOf, isTyping, type Action } from "../perform/keys";
import "../perform/perform.css";
import { Scenes } from "../perform/scenes";
import { Presets } from "../perform/panel";
import { PauseButton } from "../perform/pause";
import { ModeSegments, Strip } from "../perform/strip";
import { isShared } from "../modes";
import { enterStage, leaveStage, staged, toggleStage, useStage } from "../perform/stage/stage";
import { Stage, StageButtons } from "../perform/stage/view";
import { Timeline } from "../perform/timeline/timeline";
import { Voices } from "../perform/voices";
import { follow } from "../router";
import { sounding, turnSound, waitsForTouch } from "../sound/state";
import { connection } from "../socket";
import { attempt, command, controlName, notify, overview, performerRunning, running, session, trouble } from "../store";
import type { Control, State } from "../protocol";
import { Button, Card, Empty, Page, Toggle } from "../ui";

/** Those of the configuration, or as many as the session has. */
function controlsNow(): Control[] {
  const configured = overview.value?.controls ?? [];
  const state = session.value.state;
  const count = state ? state.dimension - 1 : (overview.value?.dimension ?? 1) - 1;
  if (configured.length > 0 && (state === null || configured.length === count)) return configured;
  return Array.from({ length: Math.max(0, count || live.input.length) }, (_, index) => ({
    ...plainControl(index, controlName(index)),
    kind: configured[index]?.kind ?? "value",
    plays: configured[index]?.plays ?? "value",
  }));
}

const setPerformer = (on: boolean) => attempt(() => post("/api/performer", { running: on }));

function mark() {
  command("mark", "");
  notify("info", "This moment is marked in the take.");
}

function Transport({ state }: { state: State }) {
  return (
    <>
      <PauseButton paused={state.paused} />
      <Button
        icon="another"
        title="Another: what it is about to play is thrown away, and it draws something else (O)"
        onClick={() => command("another")}
      >
        Another
      </Button>
      <Button icon="reset" title="Reset: the model forgets what it heard (Shift+R)" onClick={() => command("reset")}>
        Reset
      </Button>
      <Button icon="panic" kind="danger" title="Panic: every note ends (Esc)" onClick={() => command("panic")}>
        Panic
      </Button>
    </>
  );
}

const MUTE = "impsy.perform.mute";
/** The performer hears it by other means. */
const unwanted = signal(localStorage.getItem(MUTE) === "yes");

function leaveMute() {
  unwanted.value = true;
  localStorage.setItem(MUTE, "yes");
}

function SoundHint() {
  const workspace = overview.value;
  if (workspace === null || sounding.value !== "off" || waitsForTouch.value || unwanted.value) return null;
  if (!workspace.demo && isHeardElsewhere(workspace.controls)) return null;
  return (
    <aside class="sound-hint" aria-label="Sound">
      <p>
        <b>Hear it.</b> Move a fader and let go: the model answers. The page can play both of you.
      </p>
      <Button kind="main" icon="speaker" local onClick={() => turnSound(true)}>
        Turn on the sound
      </Button>
      <Button icon="cross" kind="quiet" local label="Without the page's sound" onClick={leaveMute} />
    </aside>
  );
}

/** Nothing is known of the session now, and nothing reaches it. */
function Lost() {
  return (
    <section class="turn nobody" aria-label="Session">
      <i class="turn-light" aria-hidden="true" />
      <div class="turn-words">
        <p class="turn-who" role="status">
          Not connected
        </p>
        <p class="turn-next">
          What the session does is not known here. The faders reach it again once there is a connection.
        </p>
      </div>
    </section>
  );
}

/** A process plays, or should, and does not say how it is: what matters most works all the same. */
function Unheard() {
  const { sentence } = session.value;
  return (
    <section class="turn nobody" aria-label="Session">
      <i class="turn-light" aria-hidden="true" />
      <div class="turn-words">
        <p class="turn-who" role="status">
          The session is not heard
        </p>
        <p class="turn-next">{sentence || "What it does is not known here."} It may hear these all the same.</p>
      </div>
      <div class="row transport">
        <Button icon="pause" onClick={() => command("pause", true)}>
          Pause
        </Button>
        <Button icon="panic" kind="danger" onClick={() => command("panic")}>
          Panic
        </Button>
        {isOwner.value && (
          <Button icon="stop" onClick={() => attempt(() => post("/api/session/stop"))}>
            Stop
          </Button>
        )}
      </div>
    </section>
  );
}

function NoSession() {
  const { status, sentence } = session.value;
  if (status === "running" || (status === "starting" && sentence)) return <Unheard />;
  const busy = status === "starting" || status === "stopping";
  return (
    <section class="turn nobody" aria-label="Session">
      <i class="turn-light" aria-hidden="true" />
      <div class="turn-words">
        <p class="turn-who" role="status">
          {status === "starting" ? "Starting …" : status === "stopping" ? "Stopping …" : "Nothing plays yet"}
        </p>
        <p class="turn-next">
          {busy
            ? "This takes a moment."
            : isOwner.value
              ? "Start the session, and these faders are an instrument."
              : "Who invited you starts it; then you play."}
        </p>
      </div>
      {isOwner.value && (
        <div class="row transport">
          <Button kind="main" icon="play" disabled={busy} onClick={() => attempt(() => post("/api/session/start"))}>
            {status === "failed" ? "Start again" : "Start"}
          </Button>
        </div>
      )}
    </section>
  );
}

function NotConfigured() {
  return (
    <Page title="Perform">
      <Card>
        <Empty icon="setup" title="This workspace is new">
          <p>Say what you play with, and how many controls it has: that takes a minute.</p>
          <a class="button main" href="/setup" onClick={follow}>
            Set it up
          </a>
        </Empty>
      </Card>
    </Page>
  );
}

/** What keys do on this page. Returns what was done, so that the browser does nothing else with it. */
function useKeys(help: { value: boolean }, bank: { value: number }) {
  useLayoutEffect(() => {
    const act = (action: Action, event: KeyboardEvent): void => {
      if (!mayDo(action.do)) return;
      const state = running.value ? session.value.state : null;
      const { surface } = current;
      switch (action.do) {
        case "glide":
          return surface?.glide(event.code, action.column, action.up);
        case "focus":
          return surface?.focus(action.column);
        case "bank":
          bank.value = surface?.shift(action.by) ?? 0;
          return;
        case "scene": {
          const scene = overview.value?.scenes[action.place];
          return scene && state ? command("scene", scene.name) : undefined;
        }
        case "pause":
          return command("pause", !state?.paused);
        case "reset":
          return state ? command("reset") : undefined;
        case "another":
          return state ? command("another") : undefined;
        case "tap":
          return state ? command("tap") : undefined;
        case "mark":
          return state ? mark() : undefined;
        case "stage":
          return toggleStage();
        case "panic":
          return staged.peek() ? leaveStage() : command("panic");
        case "help":
          help.value = true;
      }
    };
    const down = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const input = target as HTMLInputElement;
      if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
      if (isTyping(target.tagName, input.type, target.isContentEditable)) return;
      const action = actionOf(event);
      if (action === null) return;
      event.preventDefault();
      if (!event.repeat) act(action, event);
    };
    const up = (event: KeyboardEvent) => current.surface?.release(event.code);
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
    };
  }, []);
}

export default function Perform() {
  const help = useSignal(false);
  const bank = useSignal(0);
  useKeys(help, bank);
  const workspace = overview.value;
  useStage(workspace !== null && (workspace.configured || session.value.state !== null));
  if (workspace === null) {
    const silent = connection.value === "lost" || trouble.value !== "";
    return <Page title="Perform">{!silent && <p class="loading" role="status" aria-label="Loading" />}</Page>;
  }
  if (!workspace.configured && session.value.state === null) return <NotConfigured />;
  const state = running.value ? session.value.state : null;
  const controls = controlsNow();
  const lost = connection.value === "lost";
  const held = state && isShared(state.mode) ? state.held : null;
  const Buttons = !commands.value ? GuestTransport : staged.value ? StageButtons : Transport;
  const banner = lost ? (
    <Lost />
  ) : state ? (
    <Banner state={state}>
      <Buttons state={state} />
    </Banner>
  ) : (
    <NoSession />
  );
  const keys = <Help open={help.value} onClose={() => (help.value = false)} count={controls.length} />;
  if (staged.value) {
    const enabled = state !== null && !lost;
    return (
      <>
        <Stage banner={banner} state={state} controls={controls} enabled={enabled} held={held} keyBank={bank.value} />
        {keys}
      </>
    );
  }
  return (
    <Page
      title="Perform"
      actions={
        <>
          <InviteButton />
          {home().hasProcesses && isOwner.value && (
            <Toggle
              label="Simulated performer"
              value={performerRunning.value}
              disabled={state === null}
              onChange={setPerformer}
            />
          )}
          <Button icon="fill" local title="Stage view: faders as large as the screen (Shift+F)" onClick={enterStage}>
            <span class="offer">Stage view</span>
          </Button>
          <span class="only-keys">
            <Button local title="Keys (?)" onClick={() => (help.value = true)}>
              Keys
            </Button>
          </span>
        </>
      }
    >
      <div class="perform">
        {banner}
        <WhoYouAre names={controls.map(({ label }) => label)} />
        {state?.voices && <Voices voices={state.voices} />}
        {state && <SoundHint />}
        <section class="instrument" aria-label="Instrument">
          <Timeline enabled={state !== null && !lost} onMark={commands.value ? mark : null}>
            <p class="legend" aria-hidden="true">
              <span class="you">you</span>
              <span class="it">model</span>
              <span class="may">what it may play next</span>
              <span class="will">what it will play</span>
            </p>
          </Timeline>
          <Faders controls={controls} enabled={state !== null && !lost} bank={bank.value} held={held} />
        </section>
        <div class="quick">
          {state && commands.value && <ModeSegments state={state} />}
          {state && commands.value && <Presets state={state} />}
          {commands.value && <Scenes state={state} />}
        </div>
        {isOwner.value && <LikeMe state={state} />}
        {state && commands.value && (
          <div class="below">
            <Card title="How it plays">
              <Strip state={state} />
            </Card>
            <Facts state={state} />
          </div>
        )}
      </div>
      {keys}
    </Page>
  );
}

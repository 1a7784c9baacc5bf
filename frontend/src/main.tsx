/** The frame around all pages: navigation, the state of the session, messages. */

import { useSignal } from "@preact/signals";
import { type ComponentType, render } from "preact";
import { useEffect } from "preact/hooks";
import { post } from "./api";
import { Icon, type IconName } from "./icons";
import { follow, path } from "./router";
import { connect, connection } from "./socket";
import { attempt, command, dismiss, overview, refreshOverview, session, STATUS_WORDS, toasts, trouble } from "./store";
import { SoundButton } from "./sound/button";
import "./theme.css";
import { Button } from "./ui";

interface Place {
  path: string;
  label: string;
  icon: IconName;
  load: () => Promise<{ default: ComponentType }>;
}

const PLACES: readonly Place[] = [
  { path: "/", label: "Perform", icon: "perform", load: () => import("./pages/perform") },
  { path: "/sound", label: "Sound", icon: "sound", load: () => import("./pages/sound") },
  { path: "/setup", label: "Setup", icon: "setup", load: () => import("./pages/setup") },
  { path: "/record", label: "Record", icon: "record", load: () => import("./pages/record") },
  { path: "/learn", label: "Learn", icon: "learn", load: () => import("./pages/learn") },
  { path: "/models", label: "Models", icon: "models", load: () => import("./pages/models") },
  { path: "/system", label: "System", icon: "system", load: () => import("./pages/system") },
];

function SessionChip() {
  const { status, sentence, state } = session.value;
  const paused = status === "running" && state?.paused;
  const on = status === "running" || status === "starting";
  return (
    <div class="chip-group">
      <span class={`chip ${paused ? "paused" : status}`} role="status" title={sentence}>
        <i aria-hidden="true" />
        {paused ? "Paused" : STATUS_WORDS[status]}
      </span>
      {on ? (
        <Button
          icon="stop"
          kind="quiet"
          label="Stop the session"
          onClick={() => attempt(() => post("/api/session/stop"))}
        />
      ) : (
        <Button
          icon="play"
          kind="quiet"
          label="Start the session"
          disabled={status === "stopping" || !overview.value?.configured || trouble.value !== ""}
          onClick={() => attempt(() => post("/api/session/start"))}
        />
      )}
    </div>
  );
}

function Shell() {
  const place = PLACES.find((each) => each.path === path.value) ?? PLACES[0]!;
  const title = overview.value?.title || overview.value?.workspace || "IMPSY";
  useEffect(() => void (document.title = `${place.label} · ${title}`), [place, title]);
  // The first request is made once there is a connection.
  useEffect(() => void (overview.peek() !== null && refreshOverview()), [place]);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href="/" onClick={follow} aria-label="IMPSY, to the Perform page">
          <img src="/icon.svg" alt="" width="28" height="28" />
          <b>IMPSY</b>
        </a>
        <span class="workspace" title={overview.value?.path}>
          {title}
          {overview.value?.demo && <em class="badge">demo</em>}
        </span>
        <SessionChip />
        <SoundButton />
        <Button icon="panic" kind="quiet" label="Panic: end every note" onClick={() => command("panic")} />
      </header>
      <nav class="places" aria-label="Pages">
        {PLACES.map((each) => (
          <a key={each.path} href={each.path} onClick={follow} aria-current={each === place ? "page" : undefined}>
            <Icon name={each.icon} size={22} />
            <span>{each.label}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        {connection.value === "lost" && (
          <p class="trouble" role="alert">
            The connection to IMPSY is lost; it is tried again by itself. Is <code>impsy webui</code> still running?
          </p>
        )}
        {trouble.value && (
          <p class="trouble" role="alert">
            {trouble.value}
          </p>
        )}
        {session.value.status === "failed" && session.value.sentence && (
          <p class="trouble" role="alert">
            {session.value.sentence}
          </p>
        )}
        <Loaded key={place.path} place={place} />
      </main>
      <Toasts />
    </div>
  );
}

/** The place that was shown last. */
let shown: Place | null = null;

function Loaded({ place }: { place: Place }) {
  const page = useSignal<ComponentType | null>(null);
  const failed = useSignal(false);
  useEffect(() => {
    // After a link the focus is at the beginning of the page, not where the link was.
    if (shown !== null && shown !== place) document.getElementById("main")?.focus({ preventScroll: true });
    shown = place;
    place.load().then(
      (loaded) => (page.value = loaded.default),
      () => (failed.value = true),
    );
  }, [place]);
  if (failed.value) {
    return (
      <p class="trouble" role="alert">
        This page could not be loaded. <a href={place.path}>Load it again</a>
      </p>
    );
  }
  const Page = page.value;
  return Page ? <Page /> : <p class="loading" aria-live="polite" />;
}

function Toasts() {
  return (
    <div class="toasts" role="log" aria-live="polite" aria-label="Messages">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.level}`}>
          <span>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              class="button quiet"
              onClick={() => {
                toast.action?.run();
                dismiss(toast.id);
              }}
            >
              {toast.action.label}
            </button>
          )}
          <Button icon="cross" kind="quiet" label="Dismiss" onClick={() => dismiss(toast.id)} />
        </div>
      ))}
    </div>
  );
}

connect();
render(<Shell />, document.getElementById("app")!);

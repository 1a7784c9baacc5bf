/** The frame around all pages: navigation, the state of the session, messages. */

// First, as they say which layer of styles comes before which.
import "./theme.css";
import "./pieces.css";
import { useSignal } from "@preact/signals";
import { type ComponentType, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isOwner, plays } from "./guest";
import { Icon, type IconName } from "./icons";
import { MonitorButton, MonitorPlace } from "./monitor/monitor";
import { addressOf, follow, path } from "./router";
import { connect, connection } from "./socket";
import { SoundButton } from "./sound/button";
import { servedBy } from "./serving";
import { command, dismiss, overview, refreshOverview, session, type Toast, toasts, trouble } from "./store";
import { troubles } from "./troubles";
import { Button, Empty, Page, isAway } from "./ui";

export interface Place {
  path: string;
  label: string;
  icon: IconName;
  load: () => Promise<{ default: ComponentType }>;
  /** Whether those who were invited see it, too. */
  guests?: boolean;
  /** Whether it stands in the navigation now. */
  listed?: () => boolean;
}

const ICON = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? "";

/** The sentences of the banner: of the workspace, of the session, and of the page that is shown. */
function standing(): string[] {
  const { status, sentence } = session.value;
  const idle = status === "failed" || status === "stopped";
  return [...new Set([trouble.value, idle ? sentence : "", ...troubles.value])].filter(Boolean);
}

function Standing() {
  const lost = isAway();
  const sentences = standing();
  if (!lost && sentences.length === 0) return null;
  return (
    <div class="trouble" role="alert">
      {lost ? (
        <p>
          The connection to IMPSY is lost; it is tried again by itself. Is <code>{servedBy.value}</code> still running?
        </p>
      ) : (
        sentences.map((each) => <p key={each}>{each}</p>)
      )}
    </div>
  );
}

function NotHere() {
  return (
    <Page title="Nothing is here">
      <section class="card">
        <Empty icon="system" title={`There is no page at ${path.value.slice(0, 100)}`}>
          <a class="button main" href={addressOf("/")} onClick={follow}>
            Go to Perform
          </a>
        </Empty>
      </section>
    </Page>
  );
}

const isListed = ({ listed }: Place): boolean => listed?.() ?? true;

interface Frame {
  places: readonly Place[];
  /** How the session is, at the top. */
  Status: ComponentType;
}

function Shell({ places: all, Status }: Frame) {
  const places = isOwner.value ? all : all.filter((each) => each.guests);
  const place = places.find((each) => each.path === path.value);
  const title = overview.value?.title || overview.value?.workspace || "IMPSY";
  useEffect(() => void (document.title = `${place?.label ?? "Nothing is here"} · ${title}`), [place, title]);
  // The first request is made once there is a connection.
  useEffect(() => void (overview.peek() !== null && refreshOverview()), [place]);
  return (
    <div class={`shell ${isAway() ? "away" : ""}`}>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={addressOf("/")} onClick={follow} aria-label="IMPSY, to the Perform page">
          <img src={ICON} alt="" width="28" height="28" />
          <b>IMPSY</b>
        </a>
        <span class="workspace">
          {title}
          {overview.value?.demo && <em class="badge">demo</em>}
        </span>
        <Status />
        <SoundButton />
        <MonitorButton />
        {plays.value && (
          <Button icon="panic" kind="quiet" local title="Panic: end every note" onClick={() => command("panic")}>
            Panic
          </Button>
        )}
      </header>
      <nav class="places" aria-label="Pages">
        {places.filter(isListed).map((each) => (
          <a
            key={each.path}
            href={addressOf(each.path)}
            onClick={follow}
            aria-current={each === place ? "page" : undefined}
          >
            <Icon name={each.icon} size={22} />
            <span>{each.label}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <Standing />
        {place ? <Loaded key={place.path} place={place} /> : <NotHere />}
      </main>
      <MonitorPlace />
      <Toasts />
    </div>
  );
}

/** The place that was shown last. */
let shown: Place | null = null;

function Loaded({ place }: { place: Place }) {
  const page = useSignal<ComponentType | null>(null);
  const failed = useSignal(false);
  const connected = connection.value === "open";
  const wasAway = useRef(false);
  wasAway.current ||= isAway();
  useEffect(() => {
    // After a link the focus is at the beginning of the page, not where the link was.
    if (shown !== null && shown !== place) document.getElementById("main")?.focus({ preventScroll: true });
    shown = place;
  }, [place]);
  useEffect(() => {
    if (page.peek() !== null || (failed.peek() && !connected)) return;
    place.load().then(
      (loaded) => {
        page.value = loaded.default;
        failed.value = false;
      },
      () => {
        // A browser may keep that a module could not be loaded: only the whole page, loaded again, has it then.
        if (failed.peek() && wasAway.current && connected) location.reload();
        failed.value = true;
      },
    );
  }, [place, connected]);
  if (failed.value && isAway()) return <p class="soft">This page opens once there is a connection.</p>;
  if (failed.value) {
    return (
      <p class="trouble" role="alert">
        This page could not be loaded. <a href={addressOf(place.path)}>Load it again</a>
      </p>
    );
  }
  const Page = page.value;
  return Page ? <Page /> : <p class="loading" aria-live="polite" />;
}

/** Whether the banner does not show the same text. */
const isNews = (toast: Toast): boolean => toast.level !== "error" || !standing().includes(toast.text);

function Toasts() {
  return (
    <div class="toasts" role="log" aria-live="polite" aria-label="Messages">
      {toasts.value.filter(isNews).map((toast) => (
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
          <Button icon="cross" kind="quiet" label="Dismiss" local onClick={() => dismiss(toast.id)} />
        </div>
      ))}
    </div>
  );
}

/** Connect, and draw the frame with its pages. */
export function show(places: readonly Place[], Status: ComponentType): void {
  connect();
  render(<Shell places={places} Status={Status} />, document.getElementById("app")!);
}

/** All pages, with a web process behind them. */

import { post } from "./api";
import { isOwner } from "./guest";
import { settle } from "./home";
import { overview, session, STATUS_WORDS, attempt, trouble } from "./store";
import { type Place, show } from "./shell";
import { Button, isAway } from "./ui";
import { WebHome } from "./webhome";
import { isOpen } from "./workshop/state";

const PLACES: readonly Place[] = [
  { path: "/", label: "Perform", icon: "perform", load: () => import("./pages/perform"), guests: true },
  { path: "/sound", label: "Sound", icon: "sound", load: () => import("./pages/sound"), guests: true },
  { path: "/setup", label: "Setup", icon: "setup", load: () => import("./pages/setup") },
  { path: "/record", label: "Record", icon: "record", load: () => import("./pages/record") },
  { path: "/learn", label: "Learn", icon: "learn", load: () => import("./pages/learn") },
  { path: "/models", label: "Models", icon: "models", load: () => import("./pages/models") },
  { path: "/system", label: "System", icon: "system", load: () => import("./pages/system") },
  {
    path: "/workshop",
    label: "Workshop",
    icon: "invite",
    load: () => import("./pages/workshop"),
    listed: () => isOpen.value,
  },
];

function SessionChip() {
  const { status, sentence, state } = session.value;
  const paused = status === "running" && state?.paused;
  const on = status === "running" || status === "starting";
  const lost = isAway();
  return (
    <div class="chip-group">
      <span class={`chip ${lost ? "lost" : paused ? "paused" : status}`} role="status" title={lost ? "" : sentence}>
        <i aria-hidden="true" />
        {lost ? "Not connected" : paused ? "Paused" : STATUS_WORDS[status]}
      </span>
      {!isOwner.value ? null : on ? (
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

settle(new WebHome());
show(PLACES, SessionChip);

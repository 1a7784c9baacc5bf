/** The instrument of one page: the same pages as everywhere, without a web process behind them. */

import { settle } from "../home";
import { routeByHash } from "../router";
import { type Place, show } from "../shell";
import { startWithFirstTouch } from "../sound/state";
import { session, STATUS_WORDS } from "../store";
import { content } from "./content";
import { here } from "./here";

const PLACES: readonly Place[] = [
  { path: "/", label: "Perform", icon: "perform", load: () => import("../pages/perform") },
  { path: "/sound", label: "Sound", icon: "sound", load: () => import("../pages/sound") },
  { path: "/files", label: "Files", icon: "models", load: () => import("./files") },
];

function Status() {
  const { status, sentence, state } = session.value;
  const paused = status === "running" && state?.paused;
  return (
    <span class={`chip ${paused ? "paused" : status}`} role="status" title={sentence}>
      <i aria-hidden="true" />
      {paused ? "Paused" : STATUS_WORDS[status]}
    </span>
  );
}

settle(here);
routeByHash();
startWithFirstTouch();
show(PLACES, Status);

addEventListener("beforeunload", (event) => {
  if (here.hasUnsaved) event.preventDefault();
});

// The site's files are kept, so that it plays offline. A page on a disk is all there. Where the host has no https, it
// plays online.
if (content.site) navigator.serviceWorker?.register("service-worker.js").catch(() => undefined);

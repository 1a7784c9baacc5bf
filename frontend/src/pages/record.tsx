/** Takes: what was played, to be looked at, heard again, named, and learned from. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { upload } from "../api";
import { Trash } from "../models/trash";
import { Detail } from "../record/detail";
import { type Filter, TakeList } from "../record/list";
import { Now } from "../record/now";
import "../record/record.css";
import { tagsInUse } from "../record/tags";
import type { Take } from "../protocol";
import { found } from "../record/take";
import { attempt, session, notify } from "../store";
import { Empty, FileButton, Page, Trouble, useResource } from "../ui";

/** How often the list is requested again while a take grows, in milliseconds. */
const GROWING = 4000;

/** Room for the list and a take beside each other; record.css says the same. */
const WIDE = matchMedia("(min-width: 981px)");

function useWide(): boolean {
  const wide = useSignal(WIDE.matches);
  useEffect(() => {
    const follow = () => void (wide.value = WIDE.matches);
    WIDE.addEventListener("change", follow);
    return () => WIDE.removeEventListener("change", follow);
  }, []);
  return wide.value;
}

const asked = () => new URLSearchParams(location.search).get("take");

/** Which take is chosen, by the address: a reload and the way back keep it. */
function useChosen() {
  const chosen = useSignal(asked());
  useEffect(() => {
    const follow = () => void (chosen.value = asked());
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);
  const choose = (name: string | null) => {
    if (name === chosen.value) return;
    chosen.value = name;
    history.pushState(null, "", name === null ? "/record" : `/record?take=${encodeURIComponent(name)}`);
  };
  return { chosen, choose };
}

export default function Record() {
  const { data, error, reload } = useResource<Take[]>("/api/takes", "takes");
  const { chosen, choose } = useChosen();
  const filter = useSignal<Filter>({ text: "", tags: [], order: "newest" });
  const takes = data.value;
  const live = takes?.some((take) => take.live) ?? false;
  const rows = session.value.state?.log.rows ?? 0;
  useEffect(() => {
    if (!live) return undefined;
    let last = rows;
    const timer = setInterval(() => {
      const now = session.value.state?.log.rows ?? 0;
      if (document.hidden || now === last) return;
      last = now;
      void reload();
    }, GROWING);
    return () => clearInterval(timer);
  }, [live, reload]);

  const bring = (path: string) => async (file: File) => {
    const take = await attempt(() => upload<Take>(path, file));
    if (!take) return;
    notify("info", `${file.name} is now a take.`);
    choose(take.name);
  };
  const actions = (
    <>
      <FileButton label="Upload a log" accept=".log" onFile={bring("/api/takes")} />
      <FileButton label="Import MIDI" accept=".mid,.midi,.rmi,.kar,audio/midi" onFile={bring("/api/takes/midi")} />
    </>
  );
  const wide = useWide();
  // A window that becomes narrow hides the take: wide again, it is as it was left.
  const wasWide = useRef(wide);
  wasWide.current ||= wide;
  const picked = takes?.find((take) => take.name === chosen.value);
  const shown = picked ?? (wasWide.current && takes ? found(takes, "", [], "newest")[0] : undefined);
  return (
    <Page title="Record" lead="Everything you play is kept, one take a session." actions={actions}>
      <Now />
      <Trouble text={error.value} />
      {takes === null && !error.value && <p class="loading" aria-busy="true" />}
      {takes?.length === 0 && (
        <section class="card">
          <Empty icon="record" title="No takes yet">
            <p>
              Start a session and play: the faders on the Perform page, your instrument, anything that is mapped. What
              you play becomes a take by itself.
            </p>
            <p>You have logs or MIDI files already? Bring them in above.</p>
          </Empty>
        </section>
      )}
      {takes && takes.length > 0 && (
        <div class={`record ${picked ? "one" : ""}`}>
          <TakeList takes={takes} filter={filter} chosen={shown?.name ?? null} onChoose={choose} />
          {shown && (
            <Detail
              take={shown}
              tagsInUse={tagsInUse(takes)}
              alone={!wide}
              picked={picked !== undefined}
              onBack={() => choose(null)}
              onTake={choose}
            />
          )}
        </div>
      )}
      <Trash kinds={["take"]} />
    </Page>
  );
}

/** System: findings, versions, output, and what was deleted. */

import { useEffect } from "preact/hooks";
import { InviteButton } from "../invite/invite";
import { Trash } from "../models/trash";
import { lines, notify } from "../store";
import { Findings, Machine, SessionCard, Versions } from "../system/cards";
import { copy } from "../system/copy";
import type { System } from "../protocol";
import { report } from "../system/facts";
import { SessionLog } from "../system/log";
import "../system/system.css";
import { Button, Card, Page, Trouble, useResource } from "../ui";

// A check-up keeps a processor busy for a moment, and somebody may be playing.
const EVERY = 20000;

export default function SystemPage() {
  const { data, error, reload } = useResource<System>("/api/system", "session", "config", "models", "devices");
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && void reload(), EVERY);
    return () => clearInterval(timer);
  }, [reload]);
  const system = data.value;
  const copyAll = async () => {
    if (!system) return;
    if (await copy(report(system, lines.value))) notify("info", "Versions, findings and output were copied.");
    else notify("error", "This browser does not let pages copy.");
  };
  return (
    <Page
      title="System"
      lead="Health, what is running, what it says, and what can be brought back."
      actions={
        <>
          <InviteButton />
          <Button icon="download" local disabled={!system} onClick={copyAll} title="For a question or a bug report">
            Copy a report
          </Button>
        </>
      }
    >
      <Trouble text={error.value} />
      {!system && !error.value && <p class="loading" role="status" aria-label="Looking at everything" />}
      {/* All cards are shown together: one that came later would push the others down. */}
      {(system || error.value) && (
        <div class="system">
          <div class="stack">
            <Card
              title="Health"
              actions={
                <Button icon="reset" kind="quiet" onClick={reload}>
                  Check again
                </Button>
              }
            >
              {system && <Findings findings={system.findings} />}
            </Card>
            <SessionLog />
          </div>
          <div class="stack">
            <SessionCard />
            {system && <Machine system={system} />}
            <Trash />
            {system && <Versions versions={system.versions} />}
          </div>
        </div>
      )}
    </Page>
  );
}

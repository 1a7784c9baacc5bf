/** Figures: rates, lateness, the log, the ports and the reports of the session. */

import { useMemo } from "preact/hooks";
import type { PortHealth, State } from "../protocol";
import { counted } from "../record/words";
import { Card } from "../ui";
import { Rates, rateText } from "./rates";
import { healthOf, millisecondsText } from "./words";

const SHOWN_REPORTS = 6;
const CUT_WORDS: Record<string, string> = {
  thru_matrix: "what is passed on",
  voices: "the voices",
  input: "your values",
  output: "the model's values",
};
const LEVEL_WORDS = { info: "Note", warning: "Warning", error: "Error" } as const;

function Port({ port }: { port: PortHealth }) {
  const { word, tone } = healthOf(port);
  const bad = port.bad + port.failed;
  return (
    <li>
      <i class={`dot ${tone}`} aria-hidden="true" />
      <span class="port-name" title={port.name}>
        {port.name}
      </span>
      <span class={`port-word ${tone}`}>{word}</span>
      {(port.error || port.detail || bad > 0) && (
        <small class="soft">
          {[port.error || port.detail, bad > 0 ? `${bad} not understood or not sent` : ""].filter(Boolean).join(" · ")}
        </small>
      )}
    </li>
  );
}

export function Facts({ state }: { state: State }) {
  const rates = useMemo(() => new Rates(), [state.pid]);
  const { counters, lateness_ms: late } = state;
  const [heard, played] = rates.read(state.uptime, [counters.heard, counters.played]);
  const reports = state.reports.slice(-SHOWN_REPORTS).reverse();
  return (
    <Card title="How it goes" class="how">
      <dl class="figures">
        <div class="you">
          <dt>you, events/s</dt>
          <dd>{rateText(heard ?? 0)}</dd>
        </div>
        <div class="it">
          <dt>model, events/s</dt>
          <dd>{rateText(played ?? 0)}</dd>
        </div>
        <div>
          <dt>late, usually</dt>
          <dd>{millisecondsText(late.p50)}</dd>
        </div>
        <div>
          <dt>99 % within</dt>
          <dd>{millisecondsText(late.p99)}</dd>
        </div>
        <div>
          <dt>at worst</dt>
          <dd>{millisecondsText(late.max)}</dd>
        </div>
      </dl>
      <p class="log soft" title={state.log.file}>
        {state.log.error ? (
          <span class="error">{state.log.error}</span>
        ) : state.log.file ? (
          <>
            Recording <span class="mono">{state.log.file.split(/[\\/]/).pop()}</span>, {counted(state.log.rows, "row")}
          </>
        ) : (
          "Nothing is recorded."
        )}
      </p>
      {state.cut && state.cut.length > 0 && (
        <p class="soft">
          This session has more than can be shown; not complete:{" "}
          {state.cut.map((key) => CUT_WORDS[key] ?? key).join(", ")}.
        </p>
      )}
      {state.ports.length > 0 && (
        <>
          <h3>Ports</h3>
          <ul class="ports">
            {state.ports.map((port) => (
              <Port key={port.name} port={port} />
            ))}
          </ul>
        </>
      )}
      {reports.length > 0 && (
        <>
          <h3>Messages</h3>
          <ul class="reports">
            {reports.map((report, place) => (
              <li key={`${place} ${report.text}`} class={report.level}>
                <b>{LEVEL_WORDS[report.level] ?? "Note"}</b> {report.text}
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

/** The session, the machine, and what was deleted. */

import { Icon, type IconName } from "../icons";
import { post } from "../api";
import type { Finding, System } from "../protocol";
import { navigate } from "../router";
import { attempt, overview, performerRunning, session, STATUS_WORDS } from "../store";
import { Button, Card, Toggle, bytes, duration } from "../ui";
import { verdict, worstFirst } from "./facts";

const MARKS: Record<Finding["level"], { icon: IconName; word: string }> = {
  good: { icon: "check", word: "Good" },
  note: { icon: "panic", word: "Note" },
  problem: { icon: "cross", word: "Problem" },
};

export function Findings({ findings }: { findings: readonly Finding[] }) {
  return (
    <>
      <p class="verdict" role="status">
        {verdict(findings)}
      </p>
      <ul class="findings">
        {worstFirst(findings).map((finding, i) => (
          <li key={i} class={finding.level}>
            <Icon name={MARKS[finding.level].icon} size={18} />
            <div>
              <span class="hidden">{MARKS[finding.level].word}: </span>
              {finding.text}
              {finding.advice && <small class="hint">{finding.advice}</small>}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

export function SessionCard() {
  const { status, ours, pid, sentence, state } = session.value;
  const on = status === "running" || status === "starting";
  const act = (what: string) => () => attempt(() => post(`/api/session/${what}`));
  return (
    <Card title="The session">
      <dl class="facts">
        <dt>Now</dt>
        <dd>{STATUS_WORDS[status]}</dd>
        {sentence && (
          <>
            <dt>Says</dt>
            <dd>{sentence}</dd>
          </>
        )}
        {on && (
          <>
            <dt>Started</dt>
            <dd>{ours ? "here" : "elsewhere, and found here"}</dd>
          </>
        )}
        {state && on && (
          <>
            <dt>For</dt>
            <dd>{duration(state.uptime)}</dd>
            <dt>Lateness</dt>
            <dd>
              {state.lateness_ms.count > 0
                ? `${state.lateness_ms.p99.toFixed(2)} ms (99 of 100 events)`
                : "nothing played yet"}
            </dd>
          </>
        )}
        {pid !== null && on && (
          <>
            <dt>Process</dt>
            <dd>{pid}</dd>
          </>
        )}
      </dl>
      <div class="row card-buttons">
        {on ? (
          <>
            <Button icon="stop" onClick={act("stop")}>
              Stop
            </Button>
            <Button icon="reset" onClick={act("restart")}>
              Restart
            </Button>
          </>
        ) : overview.value?.configured === false ? (
          <Button kind="main" local onClick={() => navigate("/setup")}>
            Set up an instrument first
          </Button>
        ) : (
          <Button kind="main" icon="play" disabled={status === "stopping"} onClick={act("start")}>
            Start
          </Button>
        )}
      </div>
      {status === "running" && (
        <Toggle
          label="A simulated performer plays"
          value={performerRunning.value}
          onChange={(running) => void attempt(() => post("/api/performer", { running }))}
        />
      )}
    </Card>
  );
}

/** How much of something is used. */
function Meter(props: { label: string; used: number; total: number; words: string }) {
  const share = props.total > 0 ? Math.min(1, Math.max(0, props.used / props.total)) : 0;
  const level = share > 0.95 ? "bad" : share > 0.85 ? "warn" : "";
  return (
    <div class="measure">
      <div class="measure-words">
        <span>{props.label}</span>
        <span class="soft">{props.words}</span>
      </div>
      <div
        class={`bar ${level}`}
        role="meter"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={props.words}
      >
        <i style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </div>
    </div>
  );
}

export function Machine({ system }: { system: System }) {
  const { disk, memory } = system;
  const held = (label: string, count: number | null | undefined) =>
    count != null && (
      <>
        <dt>{label}</dt>
        <dd>{bytes(count)}</dd>
      </>
    );
  return (
    <Card title="Disk and memory">
      {disk && (
        <Meter
          label="Disk"
          used={disk.total - disk.free}
          total={disk.total}
          words={`${bytes(disk.free)} free of ${bytes(disk.total)}`}
        />
      )}
      <Meter
        label="Memory"
        used={memory.total - memory.available}
        total={memory.total}
        words={`${bytes(memory.available)} free of ${bytes(memory.total)}`}
      />
      <dl class="facts">
        <dt>Workspace</dt>
        <dd>{system.workspace}</dd>
        {held("This page's server", memory.web)}
        {held("The session", memory.session)}
        {held("Training", memory.training)}
        <dt>Server up</dt>
        <dd>{duration(system.uptime)}</dd>
      </dl>
    </Card>
  );
}

export function Versions({ versions }: { versions: Record<string, string> }) {
  return (
    <Card title="Versions">
      <dl class="facts">
        {Object.entries(versions).flatMap(([name, version]) => [
          <dt key={name}>{name}</dt>,
          <dd key={`${name} version`}>{version}</dd>,
        ])}
      </dl>
    </Card>
  );
}

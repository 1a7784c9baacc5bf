/** What the web process says and takes, over HTTP and the WebSocket. */

export type Mode = "callresponse" | "polyphony" | "battle" | "useronly";
export type Turn = "performer" | "model" | "both" | "nobody";
export type Size = "xxs" | "xs" | "s" | "m" | "l" | "xl";
export type Level = "info" | "warning" | "error";

export interface PortHealth {
  name: string;
  state: "receiving" | "open" | "waiting" | "closed";
  detail: string;
  error: string;
  received: number;
  bad: number;
  sent: number;
  failed: number;
}

export interface SessionState {
  mode: Mode;
  paused: boolean;
  turn: Turn;
  model: string;
  dimension: number;
  threshold: number;
  input_thru: boolean;
  sigma_temperature: number;
  pi_temperature: number;
  timescale: number;
  input: number[];
  output: number[];
  waiting: number;
  counters: {
    heard: number;
    skipped: number;
    rejected: number;
    predicted: number;
    played: number;
    cancelled: number;
    overflowed: number;
    not_finite: number;
    panics: number;
    dropped: number;
    logged: number;
    unmirrored: number;
  };
  lateness_ms: { count: number; p50: number; p99: number; max: number };
  ports: PortHealth[];
  log: { file: string; rows: number; error: string };
  reports: { level: Level; text: string }[];
  scenes: string[];
  scene: string;
  uptime: number;
  pid: number;
}

export interface Session {
  status: "stopped" | "starting" | "running" | "stopping" | "failed";
  ours: boolean;
  pid: number | null;
  sentence: string;
  state: SessionState | null;
}

export interface OutputLine {
  time: string;
  level: string;
  text: string;
}

/** What the model intends: mixture components over the values, and seconds until its next event. */
export interface Next {
  in: number | null;
  what: "event" | "answer" | null;
  weights: number[];
  means: number[][];
  spreads: number[][];
  dt: number[];
}

export interface Control {
  index: number;
  label: string;
  kind: string;
  inputs: string[];
  outputs: string[];
}

export interface Scene {
  name: string;
  mode?: Mode | null;
  threshold?: number | null;
  sigmatemp?: number | null;
  pitemp?: number | null;
  timescale?: number | null;
  model?: string | null;
}

export interface Overview {
  version: string;
  title: string;
  workspace: string;
  path: string;
  demo: boolean;
  configured: boolean;
  dimension: number | null;
  mode: Mode | null;
  controls: Control[];
  scenes: Scene[];
  models: string[];
}

export interface Problem {
  key: string;
  message: string;
  line: number | null;
  level: "error" | "warning";
}

export interface Run {
  id: string;
  dataset: string;
  size: Size;
  status: "running" | "stopping" | "done" | "stopped" | "failed" | "interrupted";
  started: string;
  epoch: number;
  epochs: number | null;
  pace: number | null;
  left: number | null;
  /** Null where a loss was not finite. At most 300; a run asked for by itself has all. */
  losses: { epoch: number; train: number | null; held_out: number | null }[];
  best: number | null;
  model: string | null;
  resumable: boolean;
  options: Record<string, unknown>;
  sentence: string;
}

export type ServerMessage =
  | { type: "hello"; version: string }
  | ({ type: "session" } & Session)
  | { type: "in"; values: number[] }
  | { type: "out"; values: number[] }
  | ({ type: "next" } & Next)
  | { type: "output"; lines: OutputLine[] }
  | { type: "changed"; what: string }
  | { type: "performer"; running: boolean }
  | { type: "training"; run: Run }
  | { type: "playback"; name: string | null; at: number; seconds: number }
  | { type: "learn"; port: string; name?: string; entry: unknown[]; words: string; value: number; chosen?: boolean }
  | { type: "learning"; on: boolean; error: string }
  | { type: "pong"; t: number }
  | { type: "sentence"; level: Level; text: string };

export type CommandName =
  "mode" | "pause" | "reset" | "panic" | "sigmatemp" | "pitemp" | "threshold" | "timescale" | "model" | "scene";

export type PageMessage =
  | { type: "play"; changes: [number, number][] }
  | { type: "command"; name: CommandName; value?: string | number | boolean | null }
  | { type: "ping"; t: number };

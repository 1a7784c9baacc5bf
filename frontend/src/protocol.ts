/** What the web process and this page send each other. Generated from src/impsy/protocol by make_protocol.py. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export type Role = "watch" | "play" | "own" | "all";

export type GivenRole = "watch" | "play" | "all";

/** What a page may do. controls: those that it may play (from 0); null: all. instrument: of a workshop, from 1. */
export interface GuestFacts {
  role: Role;
  controls: number[] | null;
  instrument: number | null;
}

/**
 * A code that lets others in.
 *
 * code: to be typed, or in the link. controls: that its guests may play (from 0); null: all. each: so many of them
 * for each guest, in turn; null: all of them for everybody. workshop: each guest has an instrument of their own.
 * seconds: for which it lets somebody in from now on; 0: no more. guests: that came; here: those with an open page.
 */
export interface Invitation {
  id: string;
  code: string;
  role: Role;
  controls: number[] | null;
  each: number | null;
  workshop: boolean;
  seconds: number;
  guests: number;
  here: number;
}

/**
 * Who can be invited. addresses: that phones of the network can reach, the likeliest first.
 *
 * advice: why nobody can be invited, and what to do; empty: somebody can.
 */
export interface Invite {
  addresses: string[];
  advice: string;
  invitations: Invitation[];
}

/** One instrument of a workshop. taken: a guest has it; here: and a page open. input, output: the last values. */
export interface WallInstrument {
  number: number;
  status: "stopped" | "starting" | "running" | "stopping" | "failed";
  sentence: string;
  taken: boolean;
  here: boolean;
  paused: boolean;
  turn: string;
  input: number[];
  output: number[];
}

/**
 * All instruments of a workshop; none: there is no workshop. sentence: what keeps it from being whole, or empty.
 *
 * folder: where they keep what they record, in the workspace.
 */
export interface Wall {
  folder: string;
  sentence: string;
  instruments: WallInstrument[];
}

/**
 * How one control is played: limits, notes (rising; empty: any value), seconds of gate and repeat.
 *
 * gate: null: a note lasts until the next one. velocity: the control (from 0) of the velocity of its notes.
 */
export interface ExportedHand {
  name: string;
  enabled: boolean;
  low: number;
  high: number;
  notes: number[];
  gate: number | null;
  repeat: number;
  velocity: number | null;
}

/**
 * A model that comes with the page.
 *
 * name: of its file. place: the id of the element that holds it, after "#", or its address on the page's site.
 * facts: what its maker says of it.
 */
export interface ExportedModel {
  name: string;
  dimension: number;
  place: string;
  facts: Record<string, Json>;
}

export type ControlKind = "note" | "velocity" | "cc" | "bend" | "pressure" | "program" | "value";

export type EntryName = "note_on" | "note_velocity" | "control_change" | "pitch_bend" | "control_change_14" | "channel_aftertouch" | "program_change";

/** An entry of a mapping in use, and the port or section that it is for. Null: its kind has no such number. */
export interface MappedEntry {
  port: string;
  kind: EntryName;
  channel: number;
  controller: number | null;
  velocity: number | null;
  minimum: number | null;
  maximum: number | null;
}

/**
 * One of x_1 … x_n.
 *
 * index: from 0. label: its name, or a word or two, different for each control. kind: what is received for it, or
 * what is sent where nothing is mapped for input; plays and channel (1-16; null: nothing is mapped): the other way
 * round. inputs and outputs: where it comes from and goes to, in words; received and sent: those that are mapped.
 * enabled: it is heard and played. gate: seconds after which its note ends; null: with the next one.
 */
export interface Control {
  index: number;
  label: string;
  kind: ControlKind;
  plays: ControlKind;
  channel: number | null;
  inputs: string[];
  outputs: string[];
  received: MappedEntry[];
  sent: MappedEntry[];
  enabled: boolean;
  gate: number | null;
}

export type Mode = "callresponse" | "polyphony" | "battle" | "useronly" | "duet";

/** A named set of settings, which need not be valid; null: it leaves that alone. */
export interface Scene {
  mode: Mode | null;
  threshold: number | null;
  sigmatemp: number | null;
  pitemp: number | null;
  timescale: number | null;
  hold: number | null;
  longest_wait: number | null;
  tempo: number | null;
  quantise: number | null;
  grid: "1/4" | "1/8" | "1/8t" | "1/16" | "1/16t" | "1/32" | null;
  while_playing: boolean | null;
  model: string | null;
  name: string;
}

/**
 * An instrument that runs in a page.
 *
 * version: IMPSY's. settings: the live settings by name, where they are not the defaults' own. log_input,
 * log_predictions: whose rows are recorded. models: the first one plays; empty: one has to be opened. site: it is
 * several files on a web host, one of which works offline.
 */
export interface Instrument {
  version: string;
  title: string;
  dimension: number;
  settings: Record<string, Json>;
  hands: ExportedHand[];
  log_input: boolean;
  log_predictions: boolean;
  controls: Control[];
  scenes: Scene[];
  models: ExportedModel[];
  site: boolean;
}

export type Size = "xxs" | "xs" | "s" | "m" | "l" | "xl";

/**
 * One take.
 *
 * started: local time. seconds: from its first row to its last. events, answers: rows of the performer and of the
 * model. pauses: of the performer, of more than 30 s; paused: seconds of these together. trim_pauses: seconds from
 * which on a pause is not learned; 0: all are learned. journal: whether its session's journal is there; participant,
 * condition: of a study, by the journal. size: in bytes. live: the session is writing it. looking: it is still being
 * read, and figures may be missing; a `Changed` message follows once they are known. problem: a sentence on what
 * is wrong with it, or empty.
 */
export interface Take {
  name: string;
  title: string;
  started: string | null;
  seconds: number;
  events: number;
  answers: number;
  dimension: number;
  tags: string[];
  excluded: boolean;
  pauses: number;
  paused: number;
  trim_pauses: number;
  journal: boolean;
  participant: string;
  condition: string;
  size: number;
  live: boolean;
  looking: boolean;
  problem: string;
}

/** A marker in a take: `at` seconds after its first row. `text` may be empty. */
export interface TakeMark {
  at: number;
  text: string;
}

/** A take, and how to undo the change. */
export interface ChangedTake extends Take {
  undo: string;
}

/**
 * What was played between `begin` and `end`, of `seconds` in all.
 *
 * times (P), rising; performer and model (n, P): values in [0, 1] of each control; null: not known yet. labels (n).
 */
export interface Picture {
  seconds: number;
  begin: number;
  end: number;
  times: number[];
  performer: ((number | null)[])[];
  model: ((number | null)[])[];
  labels: string[];
}

/** What was changed in a take, `at` seconds after its first row: a setting, model or scene, or a marker. */
export interface TakeChange {
  at: number;
  name: string;
  value: string;
}

/**
 * What a take was made with, by its journal.
 *
 * version: of IMPSY. models: their names and the first figures of their SHA-256, or "" where they came from no file.
 * settings: those that it began with, by their names. changes: the first of those on the way; more: how many others
 * there are. versions: of what the models were computed with.
 */
export interface TakeOrigin {
  version: string;
  started: string;
  seed: number;
  participant: string;
  condition: string;
  models: ([string, string])[];
  settings: Record<string, string>;
  changes: TakeChange[];
  more: number;
  versions: Record<string, string>;
}

/**
 * The latest exact replay of a take; `name` null: there was none.
 *
 * same: whether its log was the recorded one, byte for byte; null: it is not known (yet). sentence: on how it came
 * out. kept: whether there is a log that can be kept as a take.
 */
export interface ExactReplay {
  name: string | null;
  running: boolean;
  same: boolean | null;
  sentence: string;
  kept: boolean;
}

/** A file that was made of takes: its name, its size in bytes, and where to get it, once. */
export interface Exported {
  name: string;
  size: number;
  address: string;
}

/** Which take is played back, and where it is, in seconds; `name` null: none. */
export interface PlaybackState {
  name: string | null;
  at: number;
  seconds: number;
}

/** What was done, as a sentence. */
export interface Done {
  sentence: string;
}

/** What was done, as a sentence, and how to undo it. */
export interface Undo {
  undo: string;
  sentence: string;
}

/** Something that was deleted and can be brought back. `time` is ISO, UTC. */
export interface Trashed {
  id: string;
  what: string;
  name: string;
  time: string;
}

/**
 * One dataset.
 *
 * size: in bytes. made: when it was written, ISO. looking: as of a take. problem: why it cannot be used, or empty.
 */
export interface Dataset {
  name: string;
  dimension: number | null;
  performances: number;
  events: number;
  seconds: number;
  size: number;
  made: string;
  looking: boolean;
  problem: string;
}

/**
 * One control over all events.
 *
 * number: 1 … n. minimum, maximum, mean: of its values. at_zero, at_one: shares of events at exactly 0 and 1.
 * activity: share of events in which it changes (of those that have one before them in their performance).
 * distinct: different values in a sample of the events. step: of the grid that they lie on (1/127 = 0.00787), 0 if
 * they are continuous.
 */
export interface ControlStatistics {
  number: number;
  minimum: number;
  maximum: number;
  mean: number;
  at_zero: number;
  at_one: number;
  activity: number;
  distinct: number;
  step: number;
}

/**
 * All of a dataset.
 *
 * performances, events, seconds: how much there is; seconds is the sum of all dt.
 * lengths: events of each performance. windows: how many windows to learn from fit into them.
 * time_median, time_mean, time_longest: of dt, in seconds.
 * time_edges, time_counts: its histogram; bin i holds time_edges[i] ≤ dt < time_edges[i + 1], the last all above.
 * pauses: how many dt are longer than `LONG_PAUSE`.
 * moving: shares of events in which no control changes, one does, more do.
 * controls: of each. advice: sentences on what may spoil what is learned; empty if nothing does.
 */
export interface DatasetStatistics {
  dimension: number;
  performances: number;
  events: number;
  seconds: number;
  lengths: number[];
  windows: number;
  time_median: number;
  time_mean: number;
  time_longest: number;
  time_edges: number[];
  time_counts: number[];
  pauses: number;
  moving: [number, number, number];
  controls: ControlStatistics[];
  advice: string[];
}

/** What was made, sentences on how, its statistics, and how to bring back the dataset that it replaced. */
export interface Made {
  dataset: Dataset;
  remarks: string[];
  statistics: DatasetStatistics;
  undo: string | null;
}

/** The losses after an epoch, in nats an event; null where one was not finite. */
export interface Loss {
  epoch: number;
  train: number | null;
  held_out: number | null;
}

/**
 * One training run.
 *
 * pace: milliseconds a step. left: seconds, estimated. losses: at most 300 points; a run requested by itself has all
 * of them. best: the lowest held-out loss. model: the file that was made. resumable: it can go on where it stopped.
 * seconds: since it was started or resumed, or until it ended. waiting: it gets almost no processor time. sentence:
 * how it is doing, or why it failed.
 */
export interface Run {
  id: string;
  dataset: string;
  size: Size;
  status: "running" | "stopping" | "done" | "stopped" | "failed" | "interrupted";
  started: string;
  seconds: number;
  waiting: boolean;
  epoch: number;
  epochs: number | null;
  pace: number | null;
  left: number | null;
  losses: Loss[];
  best: number | null;
  model: string | null;
  resumable: boolean;
  options: Record<string, Json>;
  sentence: string;
}

/** One sentence of the verdict on a model, and the figures that it is drawn from. */
export interface VerdictSentence {
  text: string;
  evidence: string;
}

/**
 * One model. Its files that can be played are shown as one, by the name of the first of `.tflite`, `.keras`,
 * `.h5`.
 *
 * bytes: of the file `name`. made: when it was trained, as its file says, ISO; empty: not known. changed: when the
 * file was written here, ISO. in_use: the configuration names it. report: it has
 * been evaluated. verdict: the result, in three sentences. facts: what its maker says of it, unchecked. looking:
 * as of a take. problem: why
 * it cannot be played, or empty.
 */
export interface Model {
  name: string;
  dimension: number | null;
  size: string | null;
  layers: number | null;
  units: number | null;
  mixtures: number | null;
  parameters: number | null;
  architecture: string | null;
  format: string;
  runs: string;
  bytes: number;
  made: string;
  changed: string;
  in_use: boolean;
  report: boolean;
  verdict: VerdictSentence[];
  evaluating: boolean;
  files: string[];
  facts: Record<string, Json>;
  looking: boolean;
  problem: string;
}

/** Which model plays now, as the configuration names it. */
export interface Used {
  model: string;
  sentence: string;
}

export type Turn = "performer" | "model" | "both" | "nobody";

export type Level = "info" | "warning" | "error";

/** How a port is doing. Counts are of packets (received, bad) and of messages (sent, failed). */
export interface PortHealth {
  name: string;
  state: "closed" | "waiting" | "open" | "receiving";
  detail: string;
  error: string;
  received: number;
  bad: number;
  sent: number;
  failed: number;
}

/**
 * How often things happened since the start: the engine's `Counters`, and what the session counts itself.
 *
 * dropped: events that found no room in the queue. logged: rows in the log. unmirrored: messages that were not sent
 * to the monitor port. marks: moments that were marked in the take.
 */
export interface Counts {
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
  marks: number;
}

/** How late the model's events were sent, in milliseconds: of the recent ones, and the maximum of all. */
export interface LatenessSummary {
  p50: number;
  p99: number;
  max: number;
  count: number;
}

/** The log: rows in the file, waiting in memory, rescued into another file, and lost. `error`: of the file. */
export interface LogState {
  file: string;
  rows: number;
  waiting: number;
  rescued: number;
  lost: number;
  error: string;
}

/** Something that the performer should know. */
export interface ReportText {
  level: Level;
  text: string;
}

/** The shared time. tempo: beats a minute. beat: where it is, in quarter notes. locked: its source is there. */
export interface ClockState {
  source: string;
  tempo: number;
  beat: number;
  locked: boolean;
}

/**
 * Learning while playing.
 *
 * events: the performer's that were heard. steps: of learning. updates: how often what was learnt took over. gain:
 * nats an event on the performer's latest phrases, of what plays against the model before (or the better of
 * repeating and a random walk, where there was none); null: nothing took over. base: the model before; "": none.
 * learns: all layers or the mixture layer; "" as long as that is not known. earlier: what is learned besides. kept:
 * the file that was saved last. pid: of the process that learns; 0: there is none. words: how it is doing.
 */
export interface LearningState {
  on: boolean;
  events: number;
  steps: number;
  updates: number;
  gain: number | null;
  base: string;
  learns: string;
  earlier: string;
  kept: string;
  can_keep: boolean;
  can_forget: boolean;
  pid: number;
  words: string;
}

/** One of several models that play as one instrument. controls: its own, from 1. */
export interface VoiceState {
  name: string;
  model: string;
  mode: Mode;
  turn: Turn;
  controls: number[];
}

/**
 * The session at one moment. Beside these keys the message holds each live setting by its name.
 *
 * turn: who plays. model: the name of its file. input, output: the last vectors. held: of each control, whether the
 * performer holds it (mode duet). waiting: predictions that are not played yet. uptime: seconds. command_port: where
 * it listens to the page; 0: nowhere (yet). config: the path of the configuration. seed: of the model's choices,
 * where one was given. voices: where several models play. learning: where one model plays, which can learn. cut: the
 * keys whose content is not complete, as all of it does not fit into a datagram.
 */
export interface State {
  dimension: number;
  mode: Mode;
  threshold: number;
  input_thru: boolean;
  sigma_temperature: number;
  pi_temperature: number;
  timescale: number;
  hold: number;
  longest_wait: number;
  clock_source: string;
  tempo: number;
  quantise: number;
  grid: string;
  clock_delay: number;
  clock_send: string[];
  paused: boolean;
  while_playing: boolean;
  thru_matrix: ([string, string[]])[];
  turn: Turn;
  model: string;
  scenes: string[];
  scene: string;
  input: number[];
  output: number[];
  held: boolean[];
  waiting: number;
  counters: Counts;
  lateness_ms: LatenessSummary;
  ports: PortHealth[];
  log: LogState;
  clock: ClockState;
  reports: ReportText[];
  uptime: number;
  pid: number;
  command_port: number;
  config?: string;
  seed?: number;
  voices?: VoiceState[];
  learning?: LearningState;
  cut?: string[];
}

/** M components over n controls, temperatures applied: weights and dt (M), means and spreads (M, n). */
export interface Mixture {
  weights: number[];
  means: number[][];
  spreads: number[][];
  dt: number[];
}

export interface Due {
  in: number | null;
}

/**
 * The model's plan, and the mixture that its next event is drawn from.
 *
 * in: seconds until it plays its next `"event"` or begins its `"answer"` (`what`); null if it plans nothing.
 * The mixture is empty if it plans nothing or predicts no mixture. controls: those that its means and spreads are of
 * (from 0), where the model has not all.
 *
 * plan: the model's next events, up to eight or four seconds ahead, each `[seconds from now, x_1 … x_n]`: what it
 * will play unless somebody interrupts. It is missing while a plan is made anew, after somebody interrupted: what
 * was sent before may not come. Empty: nothing is planned, or what the model plays cannot be known before.
 */
export interface Next extends Due, Mixture {
  what: "event" | "answer" | null;
  controls?: number[];
  plan?: number[][];
}

export type Stage = "idle" | "collecting" | "training" | "comparing" | "ready";

/**
 * How far “Make it play like me” is.
 *
 * stage: `ready`: there is a new model, and the performer has not decided yet. sentence: what it does, or how it
 * ended; failed: by an error. stopping: it was asked to stop. progress: of the training, 0 to 1; left: seconds,
 * estimated; null: not known. seconds: since the training was started; null: there is none. waiting: it gets almost
 * no processor time. before, now: the models, as a configuration names them; empty: none in this workspace.
 * gain: by how many nats an event the new one foresees the last phrases better; null: not known.
 */
export interface OwnModel {
  stage: Stage;
  sentence: string;
  failed: boolean;
  stopping: boolean;
  progress: number | null;
  left: number | null;
  seconds: number | null;
  waiting: boolean;
  before: string;
  now: string;
  gain: number | null;
}

export type Place = "/" | "/sound" | "/setup" | "/record" | "/learn" | "/models" | "/system" | "/workshop";

/** The first message of a connection. guest: what the page may do; without it, everything. */
export interface Hello {
  type: "hello";
  version: string;
  guest?: GuestFacts;
}

/**
 * How the session is.
 *
 * ours: the web process started it. pid: its process. sentence: what is wrong or unusual, or empty. state: its last
 * `/monitor/state`.
 */
export interface Session {
  status: "stopped" | "starting" | "running" | "stopping" | "failed";
  ours: boolean;
  pid: number | null;
  sentence: string;
  state: State | null;
}

/** The session has changed, or has sent its state. */
export interface SessionMessage extends Session {
  type: "session";
}

/** A vector that the performer played, from which an answer of the model goes on, or that was sent to outputs. */
export interface VectorMessage {
  type: "in" | "start" | "out";
  values: number[];
}

/** The model's plan has changed. */
export interface NextMessage extends Next {
  type: "next";
}

export type LineLevel = "debug" | "info" | "warning" | "error";

/** A line that the session printed; `time` is local, ISO 8601. */
export interface Line {
  time: string;
  level: LineLevel;
  text: string;
}

/** Lines that the session printed. */
export interface OutputMessage {
  type: "output";
  lines: Line[];
}

export type Topic = "session" | "config" | "devices" | "takes" | "datasets" | "models" | "training" | "trash" | "invitations" | "replay";

/** What a page holds on this topic is out of date. */
export interface Changed {
  type: "changed";
  what: Topic;
}

/** Whether the simulated performer plays. */
export interface PerformerState {
  running: boolean;
}

/** The simulated performer was started or stopped. */
export interface PerformerMessage extends PerformerState {
  type: "performer";
}

/** How a training run is doing. */
export interface TrainingMessage {
  type: "training";
  run: Run;
}

/** “Make it play like me” has gone on. */
export interface OwnModelMessage extends OwnModel {
  type: "own_model";
}

/** What is played back, and where it is. */
export interface PlaybackMessage extends PlaybackState {
  type: "playback";
}

/** How the instruments of the workshop are. */
export interface WorkshopMessage extends Wall {
  type: "workshop";
}

/**
 * A control was moved while a mapping is learnt.
 *
 * name: how a configuration refers to the port. entry: the control as an entry of a mapping; words: the same in
 * English. number: the note or the program; null: it is neither. chosen: it was moved on purpose and has come to
 * rest.
 */
export interface LearnMessage {
  type: "learn";
  port: string;
  name: string;
  entry: (string | number)[];
  words: string;
  number: number | null;
  value: number;
  chosen: boolean;
}

/** Learning a mapping has started or ended; `error` says why it ended, or is empty. */
export interface LearningMessage {
  type: "learning";
  on: boolean;
  error: string;
}

export type Way = "in" | "out";

export type MessageKind = "note" | "controller" | "other" | "clock" | "osc" | "line";

/**
 * A message that passed a port.
 *
 * at: Unix time, in seconds. words: what it says. data: its first bytes, in hex with blanks between. size: bytes in
 * all. changes: the first of the controls (from 0) that it changes, with their values. peer: who sent it, or how
 * many it was sent to. remark: what it commands, why it is not played, or what is wrong with it.
 */
export interface PortMessage {
  port: string;
  way: Way;
  at: number;
  kind: MessageKind;
  words: string;
  data: string;
  size: number;
  changes: ([number, number])[];
  peer: string;
  remark: string;
}

/** How many messages passed a port that are not shown, as others are newer. */
export interface LeftOut {
  port: string;
  way: Way;
  count: number;
}

/** What passed the ports of the session since the message before, oldest first. */
export interface Traffic {
  messages: PortMessage[];
  left_out: LeftOut[];
}

/** Messages have passed the session's ports, and this page asked for them. */
export interface TrafficMessage extends Traffic {
  type: "traffic";
}

/** The answer to a ping. */
export interface Pong {
  type: "pong";
  t: number | string | null;
}

/** A message that the page shows as it is. */
export interface SentenceMessage {
  type: "sentence";
  level: Level;
  text: string;
}

export type ServerMessage = Hello | SessionMessage | VectorMessage | NextMessage | OutputMessage | Changed | PerformerMessage | TrainingMessage | OwnModelMessage | PlaybackMessage | WorkshopMessage | LearnMessage | LearningMessage | TrafficMessage | Pong | SentenceMessage;

export type CommandName = "mode" | "threshold" | "sigmatemp" | "pitemp" | "timescale" | "hold" | "longest_wait" | "tempo" | "quantise" | "grid" | "pause" | "learn" | "model" | "scene" | "preset" | "mark" | "panic" | "another" | "tap" | "reset" | "forget" | "keep";

/** `changes`: pairs of a control (from 0) and its value in [0, 1]. */
export interface Play {
  type: "play";
  changes: ([number, number])[];
}

/** The performer still has a finger on these controls (from 0): those that are held stay held. */
export interface Touch {
  type: "touch";
  controls: number[];
}

/** Something for the session to do, or a setting to change. */
export interface Command {
  type: "command";
  name: CommandName;
  value: boolean | number | string | null;
}

/** Whether this page wants the messages that pass the session's ports. */
export interface ShowPorts {
  type: "ports";
  on: boolean;
}

/** `t` comes back. */
export interface Ping {
  type: "ping";
  t: number | string | null;
}

export type PageMessage = Play | Touch | Command | ShowPorts | Ping;

/** The last lines, oldest first. */
export interface Output {
  lines: Line[];
}

/** The result of one check. `problem`: it keeps IMPSY from playing. */
export interface Finding {
  check: string;
  level: "good" | "note" | "problem";
  text: string;
  advice: string;
}

/** Bytes of the disk that the workspace is on. */
export interface Disk {
  free: number;
  total: number;
}

/** Bytes. `web`, `session` and `training`: of these processes; null: there is none. */
export interface Memory {
  total: number;
  available: number;
  web: number;
  session: number | null;
  training: number | null;
}

/** The machine. `workspace`: its folder. `disk` is null where it is not known; `uptime` in seconds. */
export interface System {
  versions: Record<string, string>;
  findings: Finding[];
  workspace: string;
  disk: Disk | null;
  memory: Memory;
  uptime: number;
}

/**
 * A message as it passed a port, named as in `PortHealth`.
 *
 * at: Unix time, in seconds. data: its first bytes, in hex. size: bytes in all. changes: the first of the controls
 * (from 0) that it changes, with their values; null: it is not said. command: it is a command. peer: who sent it, or
 * how many it was sent to. remark: why it is not played, or what is wrong with it.
 */
export interface RawMessage {
  port: string;
  way: Way;
  at: number;
  data: string;
  size: number;
  changes: ([number, number])[] | null;
  command: boolean;
  peer: string;
  remark: string;
}

/** What passed the ports since the message before: the newest of each port, oldest first. */
export interface RawTraffic {
  messages: RawMessage[];
  left_out: LeftOut[];
}

/**
 * The workspace at a glance.
 *
 * configured: there is a configuration file. dimension and mode are null where it does not say. models: the names of
 * those in the workspace that have this dimension and can be played.
 */
export interface Overview {
  version: string;
  title: string;
  workspace: string;
  demo: boolean;
  configured: boolean;
  dimension: number | null;
  mode: string | null;
  controls: Control[];
  scenes: Scene[];
  models: string[];
}

/**
 * What is wrong with a text, or odd about it.
 *
 * key: where, as messages write it; path: its parts in the present form, positions in lists from 0. line: from 1;
 * null: not known.
 */
export interface ConfigProblem {
  key: string;
  path: (string | number)[];
  message: string;
  line: number | null;
  level: Level;
}

/**
 * The part of JSON Schema (2020-12) that describes a configuration, and words for forms.
 *
 * wanted: the end of the sentence "wanted …". choices: words for each value of `enum`.
 */
export interface FormSchema {
  type?: string;
  title?: string;
  description?: string;
  wanted?: string;
  unit?: string;
  format?: string;
  default?: Json;
  enum?: (string | number)[];
  choices?: string[];
  items?: FormSchema;
  properties?: Record<string, FormSchema>;
  required?: string[];
  additionalProperties?: FormSchema | boolean;
}

/** One number of an entry, both ends of its range included. The optional ones are given all or not at all. */
export interface MappingArgument {
  name: string;
  min: number;
  max: number;
  optional: boolean;
}

/** A kind of entry, its title, and what follows its name in the list; optional arguments come last. */
export interface MappingKind {
  kind: EntryName;
  words: string;
  arguments: MappingArgument[];
}

/**
 * A text of a configuration, read.
 *
 * values: its tables in the present form, valid or not, without defaults; null: it is not TOML. understood: a line
 * about the earlier form that it is in; empty: it is in the present one.
 */
export interface CheckedText {
  values: Record<string, Json> | null;
  problems: ConfigProblem[];
  understood: string;
}

/** A text that was changed. */
export interface EditedText extends CheckedText {
  text: string;
}

/** The configuration as it is on the disk. `stamp` is sent back when saving; empty: there is no file yet. */
export interface ConfigAnswer extends EditedText {
  exists: boolean;
  path: string;
  stamp: string;
  schema: FormSchema;
  mapping_kinds: MappingKind[];
}

/** A text, to be looked at and perhaps saved. */
export interface ConfigText {
  text: string;
}

/** A configuration that was replaced at `time` (ISO 8601); `size` in bytes. */
export interface ConfigVersion {
  name: string;
  time: string;
  size: number;
}

/** One way to start a workspace. */
export interface SetupTemplate {
  id: "browser" | "midi" | "osc" | "serial";
  title: string;
  description: string;
}

/** The ways to start a workspace. */
export interface Setup {
  templates: SetupTemplate[];
}

/**
 * The mapping that an example has for a controller.
 *
 * name: of the example. about: what the controller is, as a sentence; advice: how to set it, in sentences, or empty.
 * entries: of the mapping, as a configuration writes them; parts: what the controller has for each.
 */
export interface ControllerPreset {
  name: string;
  about: string;
  advice: string;
  entries: ((string | number)[])[];
  parts: string[];
}

/**
 * A MIDI port of this machine.
 *
 * short: a name for a configuration, which means this port also when the device is plugged in again. configured: the
 * name by which the configuration means it, or empty. state: how it is doing in the session (null: no session has
 * it), error: what is wrong with it there. preset: of an input, the mapping that goes with it; null: none is known.
 */
export interface MidiPort {
  name: string;
  short: string;
  configured: string;
  state: string | null;
  error: string;
  preset: ControllerPreset | null;
}

/** The MIDI ports, and the name of the system that has them; or why there are none (`error`). */
export interface MidiPorts {
  system: string;
  inputs: MidiPort[];
  outputs: MidiPort[];
  error: string;
}

/** A serial port of this machine. `stable` stays the same wherever the device is plugged in. */
export interface SerialPort {
  name: string;
  stable: string;
  description: string;
  configured: string;
  state: string | null;
  error: string;
}

/** The ports of this machine. `serial_error`: why serial ports cannot be listed, or empty. */
export interface Devices {
  midi: MidiPorts;
  serial: SerialPort[];
  serial_error: string;
  ways: Way[];
  learning: boolean;
}

/** Whether a mapping is being learnt, from which inputs, and which cannot be opened (`note` says why). */
export interface Listening {
  on: boolean;
  ports: string[];
  unheard: string[];
  note: string;
}

export const SETTINGS = [
  {"name": "mode", "command": "mode", "section": "interaction", "key": "mode", "kind": "choice", "title": "Mode", "help": "Who plays when.", "unit": "", "aboveZero": false, "inScenes": true, "slider": null, "within": null, "choices": ["callresponse", "polyphony", "battle", "useronly", "duet"]},
  {"name": "threshold", "command": "threshold", "section": "interaction", "key": "threshold", "kind": "number", "title": "Answers after", "help": "Seconds of your silence after which the model answers (callresponse).", "unit": "s", "aboveZero": false, "inScenes": true, "slider": [10, 3], "within": null, "choices": []},
  {"name": "sigma_temperature", "command": "sigmatemp", "section": "model", "key": "sigmatemp", "kind": "number", "title": "Variation", "help": "How far values stray from what the model predicts; more is wilder.", "unit": "", "aboveZero": false, "inScenes": true, "slider": [2, 4], "within": null, "choices": []},
  {"name": "pi_temperature", "command": "pitemp", "section": "model", "key": "pitemp", "kind": "number", "title": "Surprise", "help": "How readily the model chooses what is less likely; more is wilder.", "unit": "", "aboveZero": false, "inScenes": true, "slider": [5, 2], "within": null, "choices": []},
  {"name": "timescale", "command": "timescale", "section": "model", "key": "timescale", "kind": "number", "title": "Speed", "help": "Stretches the model's time: 2 plays at half speed, 0.5 at double.", "unit": "×", "aboveZero": true, "inScenes": true, "slider": [10, 1], "within": null, "choices": []},
  {"name": "hold", "command": "hold", "section": "interaction", "key": "hold", "kind": "number", "title": "Hold", "help": "Seconds for which a control that you moved stays yours (duet).", "unit": "s", "aboveZero": false, "inScenes": true, "slider": [10, 3], "within": null, "choices": []},
  {"name": "longest_wait", "command": "longest_wait", "section": "interaction", "key": "longest_wait", "kind": "number", "title": "Longest wait", "help": "Seconds that the model may wait before its next event; 0: as long as it likes.", "unit": "s", "aboveZero": false, "inScenes": true, "slider": [60, 3], "within": null, "choices": []},
  {"name": "tempo", "command": "tempo", "section": "clock", "key": "tempo", "kind": "number", "title": "Tempo", "help": "Beats per minute.", "unit": "BPM", "aboveZero": true, "inScenes": true, "slider": [400, 1], "within": [20, 400], "choices": []},
  {"name": "quantise", "command": "quantise", "section": "clock", "key": "quantise", "kind": "number", "title": "Quantise", "help": "How far the model's events move to the grid: 0 not at all, 1 onto it.", "unit": "", "aboveZero": false, "inScenes": true, "slider": [1, 1], "within": [0, 1], "choices": []},
  {"name": "grid", "command": "grid", "section": "clock", "key": "grid", "kind": "choice", "title": "Grid", "help": "The note values that events are pulled to; t is for triplets.", "unit": "", "aboveZero": false, "inScenes": true, "slider": null, "within": null, "choices": ["1/4", "1/8", "1/8t", "1/16", "1/16t", "1/32"]},
  {"name": "paused", "command": "pause", "section": "", "key": "", "kind": "flag", "title": "Pause", "help": "The model is silent and predicts nothing.", "unit": "", "aboveZero": false, "inScenes": false, "slider": null, "within": null, "choices": []},
  {"name": "while_playing", "command": "learn", "section": "learning", "key": "while_playing", "kind": "flag", "title": "Learn while playing", "help": "The model learns from what you play, and takes over what it has learnt.", "unit": "", "aboveZero": false, "inScenes": true, "slider": null, "within": null, "choices": []},
] as const;

export const MODES = [
  {"name": "callresponse", "title": "Call and response", "help": "You play a phrase; when you pause, the model answers.", "plays": "after silence", "hears": true, "feedsBack": true, "yields": true, "shares": false},
  {"name": "polyphony", "title": "Together", "help": "To everything you play, the model adds something of its own.", "plays": "each event", "hears": true, "feedsBack": false, "yields": false, "shares": false},
  {"name": "battle", "title": "By itself", "help": "The model plays on its own, whatever you do.", "plays": "always", "hears": false, "feedsBack": true, "yields": false, "shares": false},
  {"name": "useronly", "title": "Listen only", "help": "You play and it records: good for collecting takes.", "plays": "never", "hears": false, "feedsBack": false, "yields": false, "shares": false},
  {"name": "duet", "title": "Duet", "help": "What you move is yours for a while; the model plays the rest, and goes along with you.", "plays": "always", "hears": true, "feedsBack": true, "yields": false, "shares": true},
] as const;

export const PRESETS = [
  {"name": "calm", "title": "Calm", "help": "It waits longer, plays slower, and stays with what you moved.", "values": {"threshold": 1.0, "sigma_temperature": 0.003, "pi_temperature": 0.5, "timescale": 1.5, "quantise": 1.0}},
  {"name": "close", "title": "Close", "help": "It plays as it has learnt, mostly on what you moved.", "values": {"threshold": 0.3, "sigma_temperature": 0.01, "pi_temperature": 1.0, "timescale": 1.0, "quantise": 0.5}},
  {"name": "free", "title": "Free", "help": "It turns to other controls than yours, still one at a time.", "values": {"threshold": 0.3, "sigma_temperature": 0.015, "pi_temperature": 2.0, "timescale": 1.0, "quantise": 0.25}},
  {"name": "wild", "title": "Wild", "help": "It answers at once, jumps, and moves several controls together.", "values": {"threshold": 0.15, "sigma_temperature": 0.05, "pi_temperature": 3.0, "timescale": 0.7, "quantise": 0.0}},
] as const;

export const COMMANDS = [
  {"name": "pause", "act": "press", "title": "Pause", "help": "The model is silent and predicts nothing."},
  {"name": "learn", "act": "press", "title": "Learn while playing", "help": "The model learns from what you play, and takes over what it has learnt."},
  {"name": "panic", "act": "press", "title": "Panic", "help": "Ends every note."},
  {"name": "another", "act": "press", "title": "Another", "help": "Throws away what the model is about to play, and draws something else."},
  {"name": "reset", "act": "press", "title": "Reset", "help": "The model forgets what it has heard."},
  {"name": "keep", "act": "press", "title": "Keep", "help": "Saves the model that was learnt while playing."},
  {"name": "forget", "act": "press", "title": "Forget", "help": "Goes back to the model from before it learnt."},
  {"name": "tap", "act": "press", "title": "Tap", "help": "A tap on the beat: two or more set the tempo."},
  {"name": "mode.callresponse", "act": "press", "title": "Mode: Call and response", "help": "You play a phrase; when you pause, the model answers."},
  {"name": "mode.polyphony", "act": "press", "title": "Mode: Together", "help": "To everything you play, the model adds something of its own."},
  {"name": "mode.battle", "act": "press", "title": "Mode: By itself", "help": "The model plays on its own, whatever you do."},
  {"name": "mode.useronly", "act": "press", "title": "Mode: Listen only", "help": "You play and it records: good for collecting takes."},
  {"name": "mode.duet", "act": "press", "title": "Mode: Duet", "help": "What you move is yours for a while; the model plays the rest, and goes along with you."},
  {"name": "grid.1/4", "act": "press", "title": "Grid: 1/4", "help": "The note values that events are pulled to; t is for triplets."},
  {"name": "grid.1/8", "act": "press", "title": "Grid: 1/8", "help": "The note values that events are pulled to; t is for triplets."},
  {"name": "grid.1/8t", "act": "press", "title": "Grid: 1/8t", "help": "The note values that events are pulled to; t is for triplets."},
  {"name": "grid.1/16", "act": "press", "title": "Grid: 1/16", "help": "The note values that events are pulled to; t is for triplets."},
  {"name": "grid.1/16t", "act": "press", "title": "Grid: 1/16t", "help": "The note values that events are pulled to; t is for triplets."},
  {"name": "grid.1/32", "act": "press", "title": "Grid: 1/32", "help": "The note values that events are pulled to; t is for triplets."},
  {"name": "preset.calm", "act": "press", "title": "Preset: Calm", "help": "It waits longer, plays slower, and stays with what you moved."},
  {"name": "preset.close", "act": "press", "title": "Preset: Close", "help": "It plays as it has learnt, mostly on what you moved."},
  {"name": "preset.free", "act": "press", "title": "Preset: Free", "help": "It turns to other controls than yours, still one at a time."},
  {"name": "preset.wild", "act": "press", "title": "Preset: Wild", "help": "It answers at once, jumps, and moves several controls together."},
  {"name": "threshold", "act": "turn", "title": "Answers after", "help": "Seconds of your silence after which the model answers (callresponse)."},
  {"name": "sigmatemp", "act": "turn", "title": "Variation", "help": "How far values stray from what the model predicts; more is wilder."},
  {"name": "pitemp", "act": "turn", "title": "Surprise", "help": "How readily the model chooses what is less likely; more is wilder."},
  {"name": "timescale", "act": "turn", "title": "Speed", "help": "Stretches the model's time: 2 plays at half speed, 0.5 at double."},
  {"name": "hold", "act": "turn", "title": "Hold", "help": "Seconds for which a control that you moved stays yours (duet)."},
  {"name": "longest_wait", "act": "turn", "title": "Longest wait", "help": "Seconds that the model may wait before its next event; 0: as long as it likes."},
  {"name": "tempo", "act": "turn", "title": "Tempo", "help": "Beats per minute."},
  {"name": "quantise", "act": "turn", "title": "Quantise", "help": "How far the model's events move to the grid: 0 not at all, 1 onto it."},
] as const;

export const STATUS = {
  noteOff: 128,
  noteOn: 144,
  keyAftertouch: 160,
  controlChange: 176,
  programChange: 192,
  channelAftertouch: 208,
  pitchBend: 224,
} as const;

export const SCALES = [
  {"id": "minor-pentatonic", "name": "Minor pentatonic", "steps": [0, 3, 5, 7, 10]},
  {"id": "major-pentatonic", "name": "Major pentatonic", "steps": [0, 2, 4, 7, 9]},
  {"id": "dorian", "name": "Dorian", "steps": [0, 2, 3, 5, 7, 9, 10]},
  {"id": "minor", "name": "Minor", "steps": [0, 2, 3, 5, 7, 8, 10]},
  {"id": "major", "name": "Major", "steps": [0, 2, 4, 5, 7, 9, 11]},
  {"id": "lydian", "name": "Lydian", "steps": [0, 2, 4, 6, 7, 9, 11]},
  {"id": "mixolydian", "name": "Mixolydian", "steps": [0, 2, 4, 5, 7, 9, 10]},
  {"id": "phrygian", "name": "Phrygian", "steps": [0, 1, 3, 5, 7, 8, 10]},
  {"id": "harmonic-minor", "name": "Harmonic minor", "steps": [0, 2, 3, 5, 7, 8, 11]},
  {"id": "blues", "name": "Blues", "steps": [0, 3, 5, 6, 7, 10]},
  {"id": "hirajoshi", "name": "Hirajōshi", "steps": [0, 2, 3, 7, 8]},
  {"id": "whole-tone", "name": "Whole tones", "steps": [0, 2, 4, 6, 8, 10]},
  {"id": "chromatic", "name": "All twelve", "steps": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]},
] as const;

export const ENTRY_WORDS = {
  note_on: "notes",
  note_velocity: "velocity of notes",
  control_change: "control {controller}",
  pitch_bend: "pitch bend",
  control_change_14: "control {controller} (14 bits)",
  channel_aftertouch: "pressure",
  program_change: "program",
} as const;

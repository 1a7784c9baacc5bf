"""What a session sends to ``[webui] monitor_port``: OSC messages, two of which hold one JSON text."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from impsy.config.schema import Mode
from impsy.engine import Turn

INPUT = "/monitor/in"
"""Floats: each vector that the performer played."""
OUTPUT = "/monitor/out"
"""Floats: each vector that was sent to the outputs."""
START = "/monitor/start"
"""Floats: before the first event of an answer, the values from which the model goes on, which are not played."""
NEXT = "/monitor/next"
"""One text: :class:`Next` as JSON."""
STATE = "/monitor/state"
"""One text: :class:`State` and the live settings as JSON, at least once a second and at each change."""

Level = Literal["info", "warning", "error"]


class PortHealth(TypedDict):
    """How a port is doing. Counts are of packets (received, bad) and of messages (sent, failed)."""

    name: str
    state: Literal["closed", "waiting", "open", "receiving"]
    detail: str
    error: str
    received: int
    bad: int
    sent: int
    failed: int


class Counts(TypedDict):
    """How often things happened since the start: the engine's ``Counters``, and what the session counts itself.

    dropped: events that found no room in the queue. logged: rows in the log. unmirrored: messages that were not sent
    to the monitor port. marks: moments that were marked in the take.
    """

    heard: int
    skipped: int
    rejected: int
    predicted: int
    played: int
    cancelled: int
    overflowed: int
    not_finite: int
    panics: int
    dropped: int
    logged: int
    unmirrored: int
    marks: int


class LatenessSummary(TypedDict):
    """How late the model's events were sent, in milliseconds: of the recent ones, and the maximum of all."""

    p50: float
    p99: float
    max: float
    count: int


class LogState(TypedDict):
    """The log: rows in the file, waiting in memory, rescued into another file, and lost. ``error``: of the file."""

    file: str
    rows: int
    waiting: int
    rescued: int
    lost: int
    error: str


class ReportText(TypedDict):
    """Something that the performer should know."""

    level: Level
    text: str


class ClockState(TypedDict):
    """The shared time. tempo: beats a minute. beat: where it is, in quarter notes. locked: its source is there."""

    source: str
    tempo: float
    beat: float
    locked: bool


class LearningState(TypedDict):
    """Learning while playing.

    events: the performer's that were heard. steps: of learning. updates: how often what was learnt took over. gain:
    nats an event on the performer's latest phrases, of what plays against the model before (or the better of
    repeating and a random walk, where there was none); null: nothing took over. base: the model before; "": none.
    learns: all layers or the mixture layer; "" as long as that is not known. earlier: what is learned besides. kept:
    the file that was saved last. pid: of the process that learns; 0: there is none. words: how it is doing.
    """

    on: bool
    events: int
    steps: int
    updates: int
    gain: float | None
    base: str
    learns: str
    earlier: str
    kept: str
    can_keep: bool
    can_forget: bool
    pid: int
    words: str


class VoiceState(TypedDict):
    """One of several models that play as one instrument. controls: its own, from 1."""

    name: str
    model: str
    mode: Mode
    turn: Turn
    controls: list[int]


class State(TypedDict):
    """The session at one moment. Beside these keys the message holds each live setting by its name.

    turn: who plays. model: the name of its file. input, output: the last vectors. held: of each control, whether the
    performer holds it (mode duet). waiting: predictions that are not played yet. uptime: seconds. command_port: where
    it listens to the page; 0: nowhere (yet). config: the path of the configuration. seed: of the model's choices,
    where one was given. voices: where several models play. learning: where one model plays, which can learn. cut: the
    keys whose content is not complete, as all of it does not fit into a datagram.
    """

    mode: Mode
    turn: Turn
    model: str
    scenes: list[str]
    scene: str
    input: list[float]
    output: list[float]
    held: list[bool]
    waiting: int
    counters: Counts
    lateness_ms: LatenessSummary
    ports: list[PortHealth]
    log: LogState
    clock: ClockState
    reports: list[ReportText]
    uptime: float
    pid: int
    command_port: int
    config: NotRequired[str]
    seed: NotRequired[int]
    voices: NotRequired[list[VoiceState]]
    learning: NotRequired[LearningState]
    cut: NotRequired[list[str]]


class Mixture(TypedDict):
    """M components over n controls, temperatures applied: weights and dt (M), means and spreads (M, n)."""

    weights: list[float]
    means: list[list[float]]
    spreads: list[list[float]]
    dt: list[float]


Due = TypedDict("Due", {"in": float | None})  # a keyword, so no class can have it as an attribute


class Next(Due, Mixture):
    """The model's plan, and the mixture that its next event is drawn from.

    in: seconds until it plays its next ``"event"`` or begins its ``"answer"`` (``what``); null if it plans nothing.
    The mixture is empty if it plans nothing or predicts no mixture. controls: those that its means and spreads are of
    (from 0), where the model has not all.

    plan: the model's next events, up to eight or four seconds ahead, each ``[seconds from now, x_1 … x_n]``: what it
    will play unless somebody interrupts. It is missing while a plan is made anew, after somebody interrupted: what
    was sent before may not come. Empty: nothing is planned, or what the model plays cannot be known before.
    """

    what: Literal["event", "answer"] | None
    controls: NotRequired[list[int]]
    plan: NotRequired[list[list[float]]]

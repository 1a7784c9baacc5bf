"""What the web process returns about the session and the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from typing_extensions import TypedDict

from impsy.protocol.monitor import State

# --- the session --------------------------------------------------------------------------------------


class Session(TypedDict):
    """How the session is.

    ours: the web process started it. pid: its process. sentence: what is wrong or unusual, or empty. state: its last
    ``/monitor/state``.
    """

    status: Literal["stopped", "starting", "running", "stopping", "failed"]
    ours: bool
    pid: int | None
    sentence: str
    state: State | None


LineLevel = Literal["debug", "info", "warning", "error"]


class Line(TypedDict):
    """A line that the session printed; ``time`` is local, ISO 8601."""

    time: str
    level: LineLevel
    text: str


class PerformerState(TypedDict):
    """Whether the simulated performer plays."""

    running: bool


class Output(TypedDict):
    """The last lines, oldest first."""

    lines: list[Line]


# --- the machine --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. ``problem``: it keeps IMPSY from playing."""

    check: str
    level: Literal["good", "note", "problem"]
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of the disk that the workspace is on."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. ``web``, ``session`` and ``training``: of these processes; null: there is none."""

    total: int
    available: int
    web: int
    session: int | None
    training: int | None


@dataclass(frozen=True, slots=True)
class System:
    """The machine. ``workspace``: its folder. ``disk`` is null where it is not known; ``uptime`` in seconds."""

    versions: dict[str, str]
    findings: list[Finding]
    workspace: str
    disk: Disk | None
    memory: Memory
    uptime: float

"""The interface of all transports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from impsy.codecs.shown import Shown
from impsy.events import Event, Report

__all__ = [
    "Adapter",
    "Complaints",
    "Deliver",
    "Health",
    "Overhear",
    "Overhearable",
    "Overheard",
    "PassesOn",
    "Rate",
    "SendReport",
    "SendsClock",
    "TakesTempo",
    "Watches",
]

Deliver = Callable[[Event], None]
"""Give an event to the performance. Any thread may call it, and it returns at once."""

SendReport = Callable[[Report], object]
"""Report something to the performer. Any thread may call it, and it returns at once."""


class Overheard(NamedTuple):
    """A message that passes a port.

    Attributes:
        port: as the port's ``Health`` is named.
        way: ``in``: it was received, ``out``: it was sent.
        data: its bytes.
        changes: of a MIDI message that was received, what it changes; None: nothing, empty: it is a command, which
            changes no control.
        peer: who sent it, or how many it was sent to; empty where there is only one.
        remark: why it is not played, or what is wrong with it; empty: nothing is.
    """

    port: str
    way: Literal["in", "out"]
    data: bytes
    changes: tuple[tuple[int, float], ...] | None = None
    peer: str = ""
    remark: str = ""


Overhear = Callable[[Overheard], object]
"""Called with each message, in the thread that receives or sends it: before its event is delivered, or once it is
sent. It must not wait."""

KINDS_LIMIT = 200
"""Different complaints kept for one port; a peer chooses some of the words in them."""

LINES_A_MINUTE = 30
"""Complaints reported for one port; more kinds in a minute are only counted."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a port is doing: ``waiting`` (for its device), ``open``, ``receiving`` (something came), ``closed``.

    ``received`` and ``bad`` count packets, ``sent`` counts messages, ``failed`` those that could not be sent.
    """

    name: str
    state: Literal["closed", "waiting", "open", "receiving"]
    detail: str = ""
    error: str = ""
    received: int = 0
    bad: int = 0
    sent: int = 0
    failed: int = 0


class Adapter(Protocol):
    """A transport. Constructing one does nothing; ``close`` may be called twice and silences what sounds."""

    @property
    def name(self) -> str:
        """Short and unique: ``osc``, ``midi in X-TOUCH``."""
        ...

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start. A device that is missing is reported and searched for; this neither waits nor raises."""
        ...

    def send(self, values: Sequence[float]) -> None:
        """Play x_1 … x_n. Called by the engine's thread: it must not wait."""
        ...

    def silence(self) -> None:
        """End every sounding note."""
        ...

    def panic(self) -> None:
        """End every note on every channel in use, known to sound or not."""
        ...

    def close(self) -> None:
        """Stop and close the device, within half a second."""
        ...

    def health(self) -> tuple[Health, ...]:
        """One entry for each port of this transport."""
        ...


@runtime_checkable
class PassesOn(Protocol):
    """What an ``Adapter`` has that can send some of the values: one that plays notes.

    To others, the performer's values are passed on by ``send``, those that did not move among them.
    """

    def pass_on(self, values: Sequence[float], moved: Sequence[int], origin: str) -> None:
        """Play the values at the indices ``moved``, which came in at the port ``origin``. It must not wait."""
        ...

    def end_notes(self, keys: Sequence[tuple[int, float | None]], origin: str) -> None:
        """End what was passed on from ``origin`` for these keys (index and value; None: any). It must not wait."""
        ...


@runtime_checkable
class SendsClock(Protocol):
    """What an ``Adapter`` has that can send MIDI clock."""

    def tick(self, position: int, rolling: bool) -> None:
        """Send one tick, ``position`` ticks after beat 0 (24 a beat). It must not wait.

        ``rolling``: the receiver is to play; it starts and continues by itself where that fits.
        """
        ...

    def stop(self, *, forget: bool) -> None:
        """Stop the receiver, if it plays. ``forget``: it starts from the beginning next time."""
        ...


@runtime_checkable
class TakesTempo(Protocol):
    """What an ``Adapter`` has that shares a tempo with others."""

    def set_tempo(self, tempo: float) -> None:
        """Give all who share it another tempo, in beats a minute. It must not wait."""
        ...


@runtime_checkable
class Watches(Protocol):
    """What an ``Adapter`` has that lets others read the performance."""

    def watch(self, read: Callable[[], Shown | None]) -> None:
        """Read it by this function, which any thread may call; None: it has not started."""
        ...


@runtime_checkable
class Overhearable(Protocol):
    """What an ``Adapter`` has whose messages can be overheard; None: nobody does, and that costs nothing."""

    overhear: Overhear | None


class Rate:
    """Whether one more of something is within ``a_second``, after at most ``burst`` at once."""

    def __init__(self, a_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = a_second
        self._burst = burst
        self._clock = clock
        self._left = burst
        self._at = clock()

    def allows(self) -> bool:
        """Count one more; False: it is too much, and is not counted."""
        now = self._clock()
        self._left, self._at = min(self._burst, self._left + (now - self._at) * self._a_second), now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Complaints:
    """Counts what is wrong with a peer and reports the first of each kind, thirty in a minute at most."""

    def __init__(self, port: str) -> None:
        self._port = port
        self._seen: set[str] = set()
        self._lines = Rate(LINES_A_MINUTE / 60, LINES_A_MINUTE)
        self.count = 0
        self.last = ""

    def add(self, kind: str, text: str, report: SendReport) -> None:
        """Count one more; report it if its kind is new."""
        self.count += 1
        self.last = text
        if kind in self._seen:
            return
        if len(self._seen) >= KINDS_LIMIT or not self._lines.allows():
            kind, text = "many", "further kinds of bad input are only counted"
            if kind in self._seen:
                return
        self._seen.add(kind)
        report(Report(f"{self._port}:{kind}", f"{self._port}: {text}"))

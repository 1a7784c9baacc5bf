"""Listens to a configuration's inputs without a model, to show what arrives and what it means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Self

from impsy.config import Config
from impsy.events import Event, Interaction, Released, Report, Update
from impsy.io.adapter import Adapter, Health, Overhearable, Overheard
from impsy.perform.building.ports import Ports
from impsy.perform.building.session import WantedPorts
from impsy.perform.diagnostics.meanings import Meanings

__all__ = ["Arrival", "Listening", "Tally", "inputs_only"]

Changes = tuple[tuple[int, float], ...]

WAITING_LIMIT = 20_000
"""Arrivals that may wait to be taken; later ones are only counted."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that came in at ``time`` (monotonic seconds).

    ``changes`` are the ``(index, value)`` pairs that it means to the instrument, indices from 0; none if it is
    ignored, and ``ignored`` then says why. ``message`` is the MIDI message, where it was one. ``command`` is an event
    that is not playing, such as a change of mode, or the name of the command that a message belongs to.
    """

    time: float
    port: str
    changes: Changes = ()
    message: bytes | None = None
    ignored: str = ""
    command: Event | str | None = None


@dataclass(slots=True)
class Heard:
    """What one control did: how many messages, and how far it went."""

    count: int = 0
    low: float = 1.0
    high: float = 0.0
    ports: set[str] = field(default_factory=set)


class Tally:
    """Counts arrivals for each control, and those that were ignored for each port and reason."""

    def __init__(self) -> None:
        self.controls: dict[int, Heard] = {}
        self.ignored: Counter[tuple[str, str]] = Counter()
        self.commands = 0

    def add(self, arrival: Arrival) -> None:
        """Count one more."""
        if arrival.command is not None:
            self.commands += 1
        elif arrival.ignored:
            self.ignored[arrival.port, arrival.ignored] += 1
        for index, value in arrival.changes:
            heard = self.controls.setdefault(index, Heard())
            heard.count += 1
            heard.low, heard.high = min(heard.low, value), max(heard.high, value)
            heard.ports.add(arrival.port)


def inputs_only(config: Config) -> Config:
    """The configuration without its outputs and, since nothing can come back then, without feedback protection."""
    changed: dict[str, object] = {}
    if config.midi is not None:
        changed["midi"] = config.midi.model_copy(
            update={
                "out_device": (),
                "output": {},
                "thru_matrix": {},
                "feedback_protection": False,
            }
        )
    if config.websocket is not None:
        changed["websocket"] = config.websocket.model_copy(update={"output": ()})
    if config.serialmidi is not None:
        changed["serialmidi"] = config.serialmidi.model_copy(update={"output": ()})
    return config.model_copy(update=changed)


class Listening:
    """Listens for as long as its ``with`` block lasts; ``take`` gives what arrived.

    Args:
        config: whose inputs.
        now: monotonic seconds.
        folder: of the configuration.
    """

    def __init__(self, config: Config, now: Callable[[], float], folder: Path | None = None) -> None:
        self._config = inputs_only(config)
        self._folder = folder
        self._now = now
        self._meanings = Meanings(self._config)
        self._queue: SimpleQueue[Arrival | Report] = SimpleQueue()
        self._adapters: tuple[Adapter, ...] = ()
        self._overheard: set[str] = set()
        self._reported: Counter[str] = Counter()
        self.dropped = 0

    def __enter__(self) -> Self:
        """Open every input; one that is missing is reported and looked for."""
        self._adapters = Ports(WantedPorts(self._folder, lights=False)).apply(self._config)
        for adapter in self._adapters:
            if isinstance(adapter, Overhearable) and adapter.name in self._meanings.ports:
                adapter.overhear = self._overhear
                self._overheard.add(adapter.name)
            adapter.open(partial(self._deliver, adapter.name), self._report)
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close them."""
        for adapter in self._adapters:
            adapter.close()

    def take(self) -> list[Arrival | Report]:
        """All that arrived since the last call, oldest first; reports on ports and bad input are among it."""
        found: list[Arrival | Report] = []
        try:
            while len(found) < WAITING_LIMIT:
                found.append(self._queue.get_nowait())
        except Empty:
            pass
        return found

    def health(self) -> list[Health]:
        """How each port is doing."""
        return [health for adapter in self._adapters for health in adapter.health()]

    # --- in the adapters' threads ------------------------------------------------------------------

    def _overhear(self, heard: Overheard) -> None:
        port, message, changes = heard.port, heard.data, heard.changes
        if heard.remark or heard.way == "out":
            return
        if changes == ():
            command = self._meanings.command(port, message) or "a command"
            self._put(Arrival(self._now(), port, (), message, command=command))
            return
        ignored = self._meanings.why_ignored(port, message) if changes is None else ""
        self._put(Arrival(self._now(), port, changes or (), message, ignored))

    def _deliver(self, port: str, event: Event) -> None:
        match event:
            case Update():
                if event.port not in self._overheard:  # there the message itself has been put already
                    self._put(Arrival(self._now(), event.port, event.changes))
            case Released():
                pass  # no interaction; its message has been put
            case Interaction():
                self._put(Arrival(self._now(), event.port, tuple(enumerate(event.values))))
            case _:
                if port not in self._overheard:
                    self._put(Arrival(self._now(), port, command=event))

    def _report(self, report: Report) -> None:
        self._reported[report.kind] += 1
        if report.always or self._reported[report.kind] == 1:
            self._put(report)

    def _put(self, item: Arrival | Report) -> None:
        if self._queue.qsize() >= WAITING_LIMIT:
            self.dropped += 1
        else:
            self._queue.put(item)

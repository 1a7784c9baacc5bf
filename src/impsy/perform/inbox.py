"""The engine's queue of events; when it is full, the oldest are dropped."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from queue import Empty, SimpleQueue
from threading import Lock
from typing import NamedTuple

from impsy.events import Event

__all__ = ["BEAT_SECONDS", "Arrival", "Inbox"]

BEAT_SECONDS = 0.25
"""The engine's thread looks after its inbox at least so often."""

STALLED_SECONDS = 1.0
"""Where it has not for so long, the whole program did not run: it was stopped, or the computer slept."""

PILED_SECONDS = 0.25
"""For so long after that, what arrives had piled up before."""

SHORTEST_WAIT = 0.00005
"""Seconds. Sleeping and waking up takes longer than this, so a shorter wait is left out."""


class Arrival(NamedTuple):
    """An event, when it arrived, and by which port; "" if by none."""

    at: float
    event: Event
    source: str = ""


class Inbox:
    """Events with the time they arrived. Any thread may ``put``; the engine's takes.

    When ``limit`` events wait, each new one replaces the oldest, which ``dropped`` counts.
    """

    def __init__(self, now: Callable[[], float], limit: int = 20_000) -> None:
        self._now = now
        self._limit = limit
        self._queue: SimpleQueue[Arrival | None] = SimpleQueue()
        # So that no event has an earlier time than a moment that was returned before it was queued.
        self._stamping = Lock()
        self._beat = inf  # nobody looks after it yet
        self._settled_at = -inf
        self.dropped = 0

    def put(self, event: Event, source: str = "") -> None:
        """Add an event that came in by the port ``source``, as of now."""
        with self._stamping:
            if self._queue.qsize() >= self._limit:
                try:
                    self._queue.get_nowait()
                    self.dropped += 1
                except Empty:  # the engine was faster
                    pass
            self._queue.put(Arrival(self._look(), event, source))

    def beat(self) -> None:
        """The engine's thread is at work."""
        with self._stamping:
            self._beat = self._look()

    def _look(self) -> float:
        now = self._now()
        if now - self._beat > STALLED_SECONDS:
            self._beat, self._settled_at = now, now + PILED_SECONDS
        return now

    @property
    def settled_at(self) -> float:
        """When what had piled up while the program did not run has been taken; usually long ago."""
        return self._settled_at

    def moment(self) -> float | None:
        """The time, if everything that arrived before it has been taken; None if something waits."""
        with self._stamping:
            return self._now() if self._queue.empty() else None

    def wake(self) -> None:
        """Make a waiting ``take`` return."""
        self._queue.put(None)

    def take(self, timeout: float) -> list[Arrival]:
        """All that waits, oldest first; waits at most ``timeout`` seconds for it."""
        try:
            first = self._queue.get(timeout=timeout) if timeout > SHORTEST_WAIT else self._queue.get_nowait()
        except Empty:
            return []
        batch = [first]
        for _ in range(self._queue.qsize()):
            try:
                batch.append(self._queue.get_nowait())
            except Empty:  # ``put`` took it to make room
                break
        return [item for item in batch if item is not None]

"""The engine's queue of events; when it is full, the oldest are dropped."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Lock

from impsy.events import Event

__all__ = ["Inbox"]

SHORTEST_WAIT = 0.00005
"""Seconds. Sleeping and waking up takes longer than this, so a shorter wait is left out."""


class Inbox:
    """Events with the time they arrived. Any thread may ``put``; the engine's takes.

    When ``limit`` events wait, each new one replaces the oldest, which ``dropped`` counts.
    """

    def __init__(self, now: Callable[[], float], limit: int = 20_000) -> None:
        self._now = now
        self._limit = limit
        self._queue: SimpleQueue[tuple[float, Event] | None] = SimpleQueue()
        # So that no event has an earlier time than a moment that was returned before it was queued.
        self._stamping = Lock()
        self.dropped = 0

    def put(self, event: Event) -> None:
        """Add an event, as of now."""
        with self._stamping:
            if self._queue.qsize() >= self._limit:
                try:
                    self._queue.get_nowait()
                    self.dropped += 1
                except Empty:  # the engine was faster
                    pass
            self._queue.put((self._now(), event))

    def moment(self) -> float | None:
        """The time, if everything that arrived before it has been taken; None if something waits."""
        with self._stamping:
            return self._now() if self._queue.empty() else None

    def wake(self) -> None:
        """Make a waiting ``take`` return."""
        self._queue.put(None)

    def take(self, timeout: float) -> list[tuple[float, Event]]:
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

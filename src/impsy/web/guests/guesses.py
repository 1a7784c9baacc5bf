"""Counts wrong codes: who guesses is stopped long before a guess is right."""

from __future__ import annotations

from collections import deque

from impsy.io.door import network

__all__ = ["Guesses"]

WINDOW_SECONDS = 60.0
OF_ADDRESS, OF_ALL = 20, 100
"""Wrong codes within that time, of one address and of all; a class may sit behind one address."""

ADDRESSES_LIMIT = 1000


class Guesses:
    """Wrong guesses of the last minute. Times are given, in seconds."""

    def __init__(self) -> None:
        self._all: deque[float] = deque(maxlen=OF_ALL)
        self._of: dict[str, deque[float]] = {}

    def too_many(self, ip: str, now: float) -> bool:
        """Whether no further code of this address is looked at now."""
        counts = (self._all, self._of.get(network(ip), deque()))
        return any(len(times) == times.maxlen and now - times[0] < WINDOW_SECONDS for times in counts)

    def wrong(self, ip: str, now: float) -> None:
        """A code of this address was wrong."""
        if len(self._of) >= ADDRESSES_LIMIT:
            self._of = {key: times for key, times in self._of.items() if now - times[-1] < WINDOW_SECONDS}
        self._all.append(now)
        if len(self._of) < ADDRESSES_LIMIT or network(ip) in self._of:
            self._of.setdefault(network(ip), deque(maxlen=OF_ADDRESS)).append(now)

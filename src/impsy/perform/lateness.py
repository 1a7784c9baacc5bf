"""How late the model's events sound."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from impsy.protocol.monitor import LatenessSummary

__all__ = ["Lateness"]

EDGES = [1e-5 * 1.04**step for step in range(360)]
"""Upper edges of the buckets in seconds, from 10 µs to 13 s, each 4 % above the last."""


class Lateness:
    """Seconds between when an event was due and when it had been sent.

    Percentiles are of the recent events, exact to 4 %. Adding costs 1 µs and looking costs little, as both
    happen while playing.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._recent: deque[int] = deque()
        self._buckets = [0] * (len(EDGES) + 1)
        self._maximum = 0.0
        self.count = 0

    def add(self, seconds: float) -> None:
        """Note one event. One thread calls this."""
        bucket = bisect_left(EDGES, seconds)
        self._recent.append(bucket)
        self._buckets[bucket] += 1
        if len(self._recent) > self._size:
            self._buckets[self._recent.popleft()] -= 1
        self.count += 1
        self._maximum = max(self._maximum, seconds)

    def summary(self) -> LatenessSummary:
        """How late the events were, in milliseconds."""
        return {
            "p50": self._percentile(0.5),
            "p99": self._percentile(0.99),
            "max": round(self._maximum * 1000, 3),
            "count": self.count,
        }

    def _percentile(self, share: float) -> float:
        wanted = share * sum(self._buckets)
        passed = 0
        for bucket, events in enumerate(self._buckets):
            passed += events
            if events and passed >= wanted:
                edge = EDGES[min(bucket, len(EDGES) - 1)]
                return round(min(edge, self._maximum) * 1000, 3)
        return 0.0

"""What a long performance is like, minute by minute, and whether it stays so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.figures import median
from bench.program import Performance
from bench.wire import numbers_of

__all__ = ["Minute", "Watch", "late_fault", "memory_fault"]

MEMORY_GROWTH = 0.05
"""Share by which memory may grow after the first minute."""
LATENESS_FLOOR = 0.5
"""Milliseconds: a p99 below this may double, for there it is the machine's own noise."""

_WATCH_EVERY = 2.0


@dataclass(slots=True)
class Minute:
    """What was seen in one minute.

    ``reports`` are the program's own lateness (milliseconds, of its last 10,000 events) as it told it in that
    minute, ``counters`` (since the start) what it told last.
    """

    number: int
    sent: int = 0
    predictions: int = 0
    memory: float = 0.0
    processor: float = 0.0
    reports: list[dict[str, float]] = field(default_factory=list)
    counters: dict[str, float] = field(default_factory=dict)

    @property
    def lateness(self) -> dict[str, float]:
        """The median of each figure reported, so that one moment of a busy machine is not taken for the program."""
        shared = set.intersection(*map(set, self.reports)) if self.reports else set()
        return {key: median([report[key] for report in self.reports]) for key in shared}


class Watch:
    """Watches a performance from now on: ``seen`` are its minutes, ``memories`` all samples of its memory (MB).

    ``state`` is what the program last told of itself.
    """

    def __init__(self, performance: Performance) -> None:
        self._performance = performance
        self._watched = 0.0
        self._used = performance.processor_seconds()
        self.seen: list[Minute] = []
        self.memories: list[float] = []
        self.state: dict[str, object] = {}

    def look(self, passed: float) -> Minute:
        """Look again, ``passed`` seconds after the start; returns the minute that this is."""
        if not self.seen or passed >= self.seen[-1].number * 60:
            self.seen.append(Minute(len(self.seen) + 1))
            self._used = self._performance.processor_seconds()
        minute = self.seen[-1]
        for state in self._performance.states():
            self.state = state
            if lateness := numbers_of(state, "lateness_ms"):
                minute.reports.append(lateness)
            minute.counters = numbers_of(state, "counters") or minute.counters
        if passed - self._watched >= _WATCH_EVERY:
            self._watched = passed
            self._performance.check()
            self.memories.append(self._performance.memory())
            minute.memory = self.memories[-1]
            lasted = passed - (minute.number - 1) * 60
            minute.processor = (self._performance.processor_seconds() - self._used) / max(lasted, 0.1) * 100
        return minute


def memory_fault(memories: Sequence[float]) -> str:
    """What is wrong with these samples (MB, one each 2 s); empty if nothing is."""
    if not memories:
        return ""
    # The first minute fills caches and the queue of what is still to be played.
    settled = min(round(60 / _WATCH_EVERY), len(memories) // 2)
    growth = max(memories[settled:]) / memories[settled] - 1
    return f"memory grew by {growth:.1%} after the first minute" if growth > MEMORY_GROWTH else ""


def late_fault(seen: Sequence[Minute]) -> str:
    """Whether it was later in the last minute than in the first; empty if not."""
    tails = [minute.lateness["p99"] for minute in seen if "p99" in minute.lateness]
    if not tails or tails[-1] <= 2 * max(tails[0], LATENESS_FLOOR):
        return ""
    return f"lateness p99 went from {tails[0]:.2f} to {tails[-1]:.2f} ms"

"""The predictions that wait to be played, in the order of their times."""

from __future__ import annotations

import heapq
from itertools import count
from typing import NamedTuple

from impsy.settings import Settings

__all__ = ["LONGEST_WAIT", "Prediction", "Waiting", "longest_wait"]

LONGEST_WAIT = 1e9
"""Seconds, at most, until a prediction is played (30 years): a sum of times stays finite."""


def longest_wait(settings: Settings) -> float:
    """Seconds, at most, that the model may plan to wait."""
    return min(settings.longest_wait or LONGEST_WAIT, LONGEST_WAIT)


class Prediction(NamedTuple):
    """One event to come.

    ``due``: when it is played. ``order``: keeps equal times in sequence. ``values``: x_1 … x_n. ``vector``: what the
    model hears if it hears itself.
    """

    due: float
    order: int
    values: tuple[float, ...]
    vector: tuple[float, ...]

    def shortened(self, longest: float, timescale: float, now: float) -> Prediction:
        """The same, ``longest`` seconds after the event before, or now if that is past."""
        wait = self.vector[0] * timescale
        if wait <= longest:
            return self
        since = self.due - wait
        due = min(self.due, max(now, since + longest))
        return self._replace(due=due, vector=((due - since) / timescale, *self.vector[1:]))


class Waiting:
    """Holds ``limit`` predictions at most: beyond them the oldest, by when it was made, is dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[Prediction] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def due(self) -> float | None:
        """When the first of them is to be played."""
        return self._heap[0].due if self._heap else None

    def add(self, due: float, values: tuple[float, ...], vector: tuple[float, ...]) -> bool:
        """Keep one until it is due; returns whether the oldest had to go."""
        too_many = len(self._heap) >= self._limit
        if too_many:
            oldest = min(range(len(self._heap)), key=lambda i: self._heap[i].order)
            self._heap[oldest] = self._heap[-1]
            self._heap.pop()
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, Prediction(due, next(self._order), values, vector))
        return too_many

    def take(self, now: float) -> Prediction | None:
        """The first, if it is due."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].due <= now else None

    def clear(self) -> int:
        """Drop all; returns how many there were."""
        dropped = len(self._heap)
        self._heap.clear()
        return dropped

    def stretch(self, ratio: float, timescale: float, now: float, earliest: float, longest: float) -> None:
        """Wait ``ratio`` times as long for each from now on, yet at most ``longest`` and until ``earliest``.

        None waits longer than its whole dt at this timescale, which also holds where a tiny remainder, stretched, is
        mostly rounding.
        """
        ratio = min(ratio, LONGEST_WAIT)
        self._heap = [
            each._replace(
                due=max(
                    earliest,
                    now + min(max(0.0, each.due - now) * ratio, each.vector[0] * timescale, longest),
                )
            )
            for each in self._heap
        ]
        heapq.heapify(self._heap)

    def shorten(self, longest: float, timescale: float, now: float) -> None:
        """Wait ``longest`` seconds in all for each, where it would be more; for none until before ``now``.

        The model hears what is played: its dt becomes shorter, too.
        """
        self._heap = [each.shortened(longest, timescale, now) for each in self._heap]
        heapq.heapify(self._heap)

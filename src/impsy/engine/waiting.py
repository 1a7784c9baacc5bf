"""The predictions that wait to be played, in the order of their times."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

__all__ = ["LONGEST_WAIT", "Prediction", "Waiting"]

LONGEST_WAIT = 1e9
"""Seconds, at most, until a prediction is played (30 years): a sum of times stays finite."""


Values = tuple[float, ...]


class Prediction(NamedTuple):
    """One event to come.

    ``due``: when it is played. ``order``: keeps equal times in sequence. ``values``: x_1 … x_n. ``vector``: what the
    model hears if it hears itself.
    """

    due: float
    order: int
    values: tuple[float, ...]
    vector: tuple[float, ...]


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

    def revise(self, change: Callable[[Values, Values], tuple[Values, Values]]) -> None:
        """Put what ``change`` makes of values and vector in the place of each; their times stay."""
        revised = [(each, *change(each.values, each.vector)) for each in self._heap]
        self._heap = [each._replace(values=values, vector=vector) for each, values, vector in revised]

    def stretch(self, ratio: float, timescale: float, now: float, earliest: float) -> None:
        """Wait ``ratio`` times as long for each from now on, yet for none until before ``earliest``.

        None waits longer than its whole dt at this timescale, which also holds where a tiny remainder, stretched, is
        mostly rounding.
        """
        ratio = min(ratio, LONGEST_WAIT)
        self._heap = [
            each._replace(
                due=max(
                    earliest,
                    now + min(max(0.0, each.due - now) * ratio, each.vector[0] * timescale, LONGEST_WAIT),
                )
            )
            for each in self._heap
        ]
        heapq.heapify(self._heap)

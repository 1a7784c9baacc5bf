"""The predictions that wait to be played, in the order of their times."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import NamedTuple

from impsy.copying import copied
from impsy.engine.playback import MINIMUM_DT
from impsy.settings import Settings

__all__ = ["LONGEST_WAIT", "Prediction", "Waiting", "longest_wait"]

LONGEST_WAIT = 1e9
"""Seconds, at most, until a prediction is played (30 years): a sum of times stays finite."""


Values = tuple[float, ...]


def longest_wait(settings: Settings) -> float:
    """Seconds, at most, that the model may plan to wait."""
    return min(settings.longest_wait or LONGEST_WAIT, LONGEST_WAIT)


class Prediction(NamedTuple):
    """One event to come.

    ``due``: when it is played. ``order``: keeps equal times in sequence. ``values``: x_1 … x_n. ``vector``: what the
    model hears if it hears itself. ``planned``: when it would be played off the grid. ``beat``: the point of the grid
    that it was pulled to; None: to none.
    """

    due: float
    order: int
    values: tuple[float, ...]
    vector: tuple[float, ...]
    planned: float
    beat: float | None = None

    def heard(self, timescale: float) -> tuple[float, ...]:
        """What the model hears of it: its dt as it was played."""
        if self.due == self.planned:
            return self.vector
        return (max(MINIMUM_DT, self.vector[0] + (self.due - self.planned) / timescale), *self.vector[1:])

    def shortened(self, longest: float, timescale: float, now: float) -> Prediction:
        """The same, ``longest`` seconds after the event before, or now if that is past."""
        wait = self.vector[0] * timescale
        if wait <= longest:
            return self
        since = self.planned - wait
        due = min(self.planned, max(now, since + longest))
        return self._replace(due=due, planned=due, beat=None, vector=((due - since) / timescale, *self.vector[1:]))


class Waiting:
    """Holds ``limit`` predictions at most: beyond them the oldest, by when it was made, is dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[Prediction] = []
        self._made = 0

    def fork(self) -> Waiting:
        """A copy that shares nothing that changes."""
        return copied(self, _heap=self._heap.copy())

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def due(self) -> float | None:
        """When the first of them is to be played."""
        return self._heap[0].due if self._heap else None

    def add(
        self,
        due: float,
        values: tuple[float, ...],
        vector: tuple[float, ...],
        planned: float | None = None,
        beat: float | None = None,
    ) -> bool:
        """Keep one until it is due; returns whether the oldest had to go. ``planned`` None: when it is due."""
        too_many = len(self._heap) >= self._limit
        if too_many:
            oldest = min(range(len(self._heap)), key=lambda i: self._heap[i].order)
            self._heap[oldest] = self._heap[-1]
            self._heap.pop()
            heapq.heapify(self._heap)
        planned = due if planned is None else planned
        heapq.heappush(self._heap, Prediction(due, self._made, values, vector, planned, beat))
        self._made += 1
        return too_many

    def take(self, now: float) -> Prediction | None:
        """The first, if it is due."""
        return heapq.heappop(self._heap) if self._heap and self._heap[0].due <= now else None

    def clear(self) -> int:
        """Drop all; returns how many there were."""
        return len(self.drop())

    def drop(self) -> list[Prediction]:
        """Drop all; returns them, the first to be played first."""
        dropped = sorted(self._heap)
        self._heap.clear()
        return dropped

    def revise(self, change: Callable[[Values, Values], tuple[Values, Values]]) -> None:
        """Put what ``change`` makes of values and vector in the place of each; their times stay."""

        def revised(each: Prediction) -> Prediction:
            values, vector = change(each.values, each.vector)
            return each._replace(values=values, vector=vector)

        self.change(revised)

    def stretch(self, ratio: float, timescale: float, now: float, earliest: float, longest: float) -> None:
        """Wait ``ratio`` times as long for each from now on, yet at most ``longest`` and until ``earliest``.

        None waits longer than its whole dt at this timescale, which also holds where a tiny remainder, stretched, is
        mostly rounding.
        """
        ratio = min(ratio, LONGEST_WAIT)

        def stretched(each: Prediction) -> Prediction:
            wait = min(max(0.0, each.planned - now) * ratio, each.vector[0] * timescale, longest)
            due = max(earliest, now + wait)
            return each._replace(due=due, planned=due, beat=None)

        self.change(stretched)

    def change(self, changed: Callable[[Prediction], Prediction]) -> None:
        """Replace each by another."""
        self._heap = [changed(each) for each in self._heap]
        heapq.heapify(self._heap)

    def shorten(self, longest: float, timescale: float, now: float) -> None:
        """Wait ``longest`` seconds in all for each, where it would be more; for none until before ``now``.

        The model hears what is played: its dt becomes shorter, too.
        """
        self.change(lambda each: each.shortened(longest, timescale, now))

"""The material of the two-sample test of :mod:`impsy.evaluation.twosample.classifier`.

A contestant hears what players played and goes on; what they themselves played next is the other sample, so that only
the playing differs, not what it is an answer to.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.evaluation.contestants import Contestant
from impsy.evaluation.generation import generate, stretches
from impsy.evaluation.likelihood import Tick
from impsy.evaluation.twosample.classifier import LONG, Streams, TwoSample, TwoSampleTest

__all__ = ["Likeness"]

EventArray = NDArray[np.float32]


class Likeness:
    """Tells playing from that in ``parts`` of ``events`` (N, D), at ``streams`` places, evenly spaced.

    At each place ``heard`` events are heard and ``played`` are played. There are fewer places where the parts are
    short.
    """

    def __init__(
        self, events: EventArray, parts: Sequence[slice], streams: int, heard: int, played: int, seed: int
    ) -> None:
        self._events, self._parts, self._played = events, parts, played
        places = np.unique(stretches(parts, heard + played, streams))
        self._heard = events[places[:, None] + np.arange(heard)]
        self._when = places + heard
        self._test = TwoSampleTest(self._stretch(self._when), seed)
        self.work = len(places) * (heard + played)
        """Events that a contestant hears."""

    def of(self, contestant: Contestant, rng: Generator, tick: Tick) -> TwoSample:
        """How well a contestant's playing is told from the players'."""
        made = generate(contestant, self._heard, len(self._heard), self._played, rng, tick)
        return self._test.of(Streams(np.concatenate([self._heard[:, -1:], made], axis=1), self._when))

    def of_themselves(self) -> TwoSample:
        """How well the players' playing is told from itself, a little later: what "not at all" looks like."""
        apart = max(LONG // 2, int(np.median(np.diff(self._when))) // 2 if len(self._when) > 1 else 0)
        every = np.concatenate([np.arange(part.start + 1, part.stop - self._played + 1) for part in self._parts])
        wanted = self._when + apart
        after = np.minimum(np.searchsorted(every, wanted), len(every) - 1)
        before = np.maximum(after - 1, 0)
        nearest = np.where(wanted - every[before] < every[after] - wanted, every[before], every[after])
        return self._test.of(self._stretch(nearest))

    def of_parts(self, parts: Sequence[slice], rng: Generator) -> TwoSample | None:
        """How well playing in other parts is told from theirs; None if there is none that is long enough."""
        begins = stretches(parts, 1 + self._played, len(self._when))
        if not len(begins):
            return None
        rng.shuffle(begins)  # which place of theirs stands for which of ours means nothing
        return self._test.of(Streams(self._stretch(begins + 1).events, self._when))

    def _stretch(self, when: NDArray[np.int64]) -> Streams:
        return Streams(self._events[when[:, None] + np.arange(-1, self._played)], when)

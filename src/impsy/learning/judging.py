"""How well networks foresee what the performer played, and whether one does so better than another."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.contestants import Contestant, RandomWalk
from impsy.evaluation.scoring import Mixtures, score
from impsy.learning.memory import Phrases
from impsy.models.batch.network import BatchNetwork
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import Weights

__all__ = ["MARGIN", "Difference", "Repeating", "costs", "costs_of", "gain_of"]

FloatArray = NDArray[np.float64]

MOST_NATS = 30.0
"""An event costs at most so much: one surprise must not decide."""
MARGIN = 0.03
"""Nats an event by which learnt weights must be better, beyond what noise could reach."""


class Difference(NamedTuple):
    """By how much one is better than another, nats an event; ``surely``: at least, with a probability of .975."""

    mean: float
    surely: float

    @property
    def is_better(self) -> bool:
        """Whether it is better by more than noise and the margin."""
        return self.surely > MARGIN


def costs(weights: Weights, phrases: Phrases, grid: FloatArray | None = None) -> FloatArray:
    """What each scored event of the phrases costs, (B, scored), nats; see :func:`costs_of`."""
    network = BatchNetwork(weights)
    network.reset(len(phrases.windows))

    def expected(event: NDArray[np.float32], counts: bool) -> Mixtures | None:
        if not counts:
            network.listen(event)
            return None
        return Mixtures.of(network.hear(event), weights.dimension)

    return _scored(expected, phrases, grid)


def costs_of(contestant: Contestant, phrases: Phrases, grid: FloatArray | None = None) -> FloatArray:
    """The same for a contestant with a density.

    Without a ``grid`` an event costs −log of its density, × 10 space. With one, (n,) steps of the controls and 0
    where there is none, it costs −log of the probability of the cells that its values are in, and −log of the density
    of its dt: so networks with different constants, and baselines, are compared fairly.
    """
    contestant.reset(len(phrases.windows))
    return _scored(lambda event, _counts: contestant.hear(event), phrases, grid)


def _scored(
    expected: Callable[[NDArray[np.float32], bool], Mixtures | None], phrases: Phrases, grid: FloatArray | None
) -> FloatArray:
    """Nats of each scored event (B, scored).

    ``expected(event, scored)`` returns the mixtures predicted after an event (B, D) of each window. ``scored`` is
    False for the events that only prepare the model; their mixtures are not used.
    """
    steps = phrases.windows.swapaxes(0, 1)
    first = len(steps) - 1 - phrases.scored
    by_cells = grid is not None and bool(grid.any())
    used = np.zeros(steps.shape[2] - 1) if grid is None else grid
    found = []
    for number, (event, target) in enumerate(pairwise(steps)):
        mixtures = expected(event, number >= first)
        if number < first:
            continue
        if mixtures is None:
            raise ValueError("this contestant has no density")
        scores = score(mixtures, target, used)
        found.append(scores.bits * math.log(2.0) + scores.time if by_cells else scores.joint)
    return np.minimum(np.stack(found, axis=1), MOST_NATS)


def gain_of(before: FloatArray, after: FloatArray) -> Difference:
    """By how much ``after`` costs less than ``before``, both (B, events) of the same events.

    Rows count as independent of each other: the interval is that of Student's t over their means.
    """
    differences = (before - after).mean(axis=1)
    mean, free = float(differences.mean()), len(differences) - 1
    if free < 1:
        return Difference(mean, -math.inf)
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return Difference(mean, mean - _student(free) * error)


def _student(free: int) -> float:
    """The .975 quantile of Student's t, to 3 % from 2 degrees of freedom on."""
    if free == 1:
        return 12.71
    return 1.96 + 2.5 / free + 4.0 / (free * free)


class Repeating(RandomWalk):
    """As a density, what repeats the last event: dt is log-normal around the last dt, controls around where they are.

    How far they stray is fitted to ``pieces``, as for the random walk.
    """

    def __init__(self, pieces: list[NDArray[np.float32]]) -> None:
        super().__init__(pieces)
        self._drift = np.zeros_like(self._drift)
        logged = [np.log(np.maximum(piece[:, 0].astype(np.float64), 1e-3)) for piece in pieces]
        self._log_time_spread = float(np.concatenate([np.diff(each) for each in logged]).std())

    def hear(self, events: NDArray[np.float32]) -> Mixtures:
        """See :meth:`Contestant.hear`."""
        expected = super().hear(events)
        expected.mu[:, 0, 0] = np.log(np.maximum(self._last[:, 0], 1e-3) * SCALE_FACTOR)
        return expected

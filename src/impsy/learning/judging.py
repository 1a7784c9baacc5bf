"""How well networks foresee what the performer played, and whether one does so better than another."""

from __future__ import annotations

import math
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
    steps = _steps(phrases)
    for event in steps[: -phrases.scored]:
        network.listen(event)
    found = [Mixtures.of(network.hear(event), weights.dimension) for event in steps[-phrases.scored :]]
    return _scored(found, phrases, grid)


def costs_of(contestant: Contestant, phrases: Phrases, grid: FloatArray | None = None) -> FloatArray:
    """The same for a contestant with a density.

    Without a ``grid`` an event costs −log of its density, × 10 space. With one, (n,) steps of the controls and 0
    where there is none, it costs −log of the probability of the cells that its values are in, and −log of the density
    of its dt: so networks with different constants, and baselines, are compared fairly.
    """
    contestant.reset(len(phrases.windows))
    heard = [contestant.hear(event) for event in _steps(phrases)]
    found = [mixtures for mixtures in heard if mixtures is not None]
    if len(found) < len(heard):
        raise ValueError("this contestant has no density")
    return _scored(found[-phrases.scored :], phrases, grid)


def _steps(phrases: Phrases) -> NDArray[np.float32]:
    """All events but the last of each window, (T − 1, B, D)."""
    return phrases.windows[:, :-1].swapaxes(0, 1)


def _scored(mixtures: list[Mixtures], phrases: Phrases, grid: FloatArray | None) -> FloatArray:
    targets = phrases.windows[:, -phrases.scored :].swapaxes(0, 1)
    none = np.zeros(targets.shape[2] - 1)
    found = score(Mixtures.joined(mixtures), targets.reshape(-1, targets.shape[2]), none if grid is None else grid)
    by_cells = grid is not None and grid.any()
    nats = found.bits * math.log(2.0) + found.time if by_cells else found.joint
    return np.minimum(nats, MOST_NATS).reshape(targets.shape[:2]).T


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

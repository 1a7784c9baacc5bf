"""What a model would play by itself: learned besides where nothing earlier is at hand, so that it is not forgotten.

Robins, "Catastrophic Forgetting, Rehearsal and Pseudorehearsal", 1995.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.evaluation.contestants import NetworkContestant
from impsy.models.batch.network import BatchNetwork
from impsy.models.calibration import AS_LEARNED
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import Weights

__all__ = ["rehearsed"]

STREAMS, EVENTS, LEFT_OUT = 24, 200, 40
"""Pieces and events in each; the first ones, which depend on where it began, are left out."""
_LEAST_DT, _MOST_DT = 0.001, 60.0


def rehearsed(weights: Weights, rng: Generator) -> list[NDArray[np.float32]]:
    """Pieces that the network plays on its own output, (events, D) each, in seconds and [0, 1].

    The densities of ``weights`` hold at the temperatures 1 and 1.
    """
    contestant = NetworkContestant(BatchNetwork(weights), weights.dimension, playing=AS_LEARNED)
    contestant.reset(STREAMS)
    fixed = weights.residual
    step = np.zeros(weights.dimension - 1) if fixed is None else fixed.grid.astype(np.float64) / SCALE_FACTOR
    event = np.hstack([np.full((STREAMS, 1), 0.1), rng.random((STREAMS, weights.dimension - 1))])
    played = []
    for _ in range(EVENTS):
        event[:, 1:] = np.where(step > 0, np.rint(event[:, 1:] / np.where(step > 0, step, 1)) * step, event[:, 1:])
        contestant.hear(event.astype(np.float32))
        event = contestant.play(rng)
        event[:, 0] = np.clip(event[:, 0], _LEAST_DT, _MOST_DT)
        np.clip(event[:, 1:], 0.0, 1.0, out=event[:, 1:])
        played.append(event.astype(np.float32))
    return list(np.stack(played[LEFT_OUT:], axis=1))

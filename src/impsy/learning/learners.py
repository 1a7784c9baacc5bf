"""What learns: the interface, and the learner that needs nothing but NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from impsy.learning.memory import Batch
from impsy.learning.outputs import Outputs, Rows
from impsy.models.architectures import FloatArray
from impsy.models.batch.network import BatchNetwork
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import Weights

__all__ = ["Learner", "MixtureLayer"]

CLIP = 1.0
"""The longest gradient (Pascanu, Mikolov & Bengio 2013)."""
FIRST_MOMENT, SECOND_MOMENT, SMALL = 0.9, 0.98, 1e-7
"""Adam (Kingma & Ba 2015)."""
_ROWS_AT_ONCE = 128
"""More at once would take more memory, and are no faster."""
_LEAST_SPREAD = 0.05
"""What the layer hears is divided by its standard deviation, but by no less than this."""


class Learner(Protocol):
    """A network that learns batch by batch."""

    def step(self, batch: Batch, rate: float) -> float:
        """Learn from one batch; returns what its events cost before, nats an event."""

    def weights(self) -> Weights:
        """What was learnt so far; raises ModelError if a number is not finite."""

    def played(self, weights: Weights) -> Weights:
        """Learnt weights as they are to be played."""


class MixtureLayer:
    """Learns the mixture layer; the recurrent layers stay as they are.

    Args:
        weights: to go on from.
        played: makes of learnt weights those that are to be played.

    Raises:
        ModelError: the network is one for notes.
    """

    def __init__(self, weights: Weights, played: Callable[[Weights], Weights] = lambda learnt: learnt) -> None:
        self.played = played
        self.outputs = Outputs(weights)
        self._weights = weights
        self._network = BatchNetwork(weights)
        whole = np.vstack([weights.mixture_kernel, weights.mixture_bias[None]])
        self._kernel = whole[:, self.outputs.columns] / self.outputs.unit
        self._first, self._second = np.zeros_like(self._kernel), np.zeros_like(self._kernel)
        self._spread: FloatArray | None = None
        self._count = 0

    def step(self, batch: Batch, rate: float) -> float:
        """See :meth:`Learner.step`."""
        rows = self.rows_of(batch)
        if self._spread is None:
            self._spread = np.maximum(rows.heard.std(axis=0), _LEAST_SPREAD)
            self._spread[-1] = 1.0
            self._kernel *= self._spread[:, None]
        rows = rows._replace(heard=rows.heard / self._spread)
        unit = self.outputs.unit
        kernel, gradient, loss = self._kernel * unit, np.zeros_like(self._kernel), 0.0
        for part in rows.parts(_ROWS_AT_ONCE):
            nats, slope = self.outputs.learn(kernel, part)
            share = np.float32(len(nats) / len(rows.heard))
            gradient += share * slope
            loss += float(share * nats.mean())
        gradient *= unit
        length = float(np.sqrt(np.vdot(gradient, gradient)))
        if np.isfinite(length) and np.isfinite(loss):
            self._adam(gradient * min(1.0, CLIP / (length + 1e-9)), rate)
        return loss

    def weights(self) -> Weights:
        """See :meth:`Learner.weights`."""
        whole = np.vstack([self._weights.mixture_kernel, self._weights.mixture_bias[None]])
        spread = np.float32(1) if self._spread is None else self._spread[:, None]
        whole[:, self.outputs.columns] = self._kernel / spread * self.outputs.unit
        return replace(self._weights, mixture_kernel=whole[:-1], mixture_bias=whole[-1])

    def rows_of(self, batch: Batch) -> Rows:
        """All events of a batch that count, as the layer hears them."""
        windows, counts = batch
        network = self._network
        network.reset(len(windows))
        heard, standing = list[NDArray[Any]](), list[NDArray[Any]]()
        for event in windows[:, :-1].swapaxes(0, 1):
            network.listen(event)
            heard.append(network.dense_inputs)
            where = network.standing
            if where is not None:
                standing.append(where)
        counted = counts.T.reshape(-1) > 0
        targets = windows[:, 1:].swapaxes(0, 1).reshape(-1, windows.shape[2]) * np.float32(SCALE_FACTOR)
        where = np.concatenate(standing, axis=1)[:, counted] if standing else None
        return Rows(np.concatenate(heard)[counted], where, targets[counted])

    def _adam(self, gradient: NDArray[Any], rate: float) -> None:
        self._count += 1
        self._first += (1 - FIRST_MOMENT) * (gradient - self._first)
        self._second += (1 - SECOND_MOMENT) * (gradient * gradient - self._second)
        first = self._first / (1 - FIRST_MOMENT**self._count)
        second = self._second / (1 - SECOND_MOMENT**self._count)
        self._kernel -= (rate * first / (np.sqrt(second) + SMALL)).astype(np.float32)

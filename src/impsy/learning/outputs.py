"""The mixture layer of a network as a function of its weights, with the gradient of the likelihood, in NumPy.

The same mixtures as :mod:`impsy.models.batch.heads` computes, for rows that hold what the layer hears. Only the
outputs of the P pairs of a component and a control that it moves are computed: ``[time (M) | moves (P) | z of time
(M) | z of moves (P) | logits (M)]``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models.architectures import Gestures
from impsy.models.landings import Landings
from impsy.models.weights import SIGMA_OFFSET, Weights

__all__ = ["Outputs", "Rows"]

_HALF_LOG_TWO_PI = 0.9189385332046727
_LOGIT_UNIT = 4.0
"""The unit of the logits of gesture components, as in training."""
_SMALL = np.float32(SIGMA_OFFSET - 1.0)


class Rows(NamedTuple):
    """Events that were heard, and those that followed.

    heard: (N, inputs), what the layer hears, 1 included. standing: (5, N, n), see
    :meth:`impsy.models.batch.heads.Head.standing`; None for a plain network. targets: (N, D), × 10 space.
    """

    heard: NDArray[Any]
    standing: NDArray[Any] | None
    targets: NDArray[Any]

    def parts(self, size: int) -> Iterator[Rows]:
        """The same, at most ``size`` rows at a time."""
        for at in range(0, len(self.heard), size):
            rows = slice(at, at + size)
            standing = None if self.standing is None else self.standing[:, rows]
            yield Rows(self.heard[rows], standing, self.targets[rows])


class Outputs:
    """What is fixed of a network's mixture layer.

    Raises:
        ModelError: it is of an architecture for notes, which is not known here.
    """

    def __init__(self, weights: Weights) -> None:
        fixed = weights.residual
        if isinstance(fixed, Landings):
            raise ModelError("a network for notes has another mixture layer")
        dimension, mixtures = weights.dimension, weights.mixtures
        n = dimension - 1
        self._mixtures = mixtures
        self._gestures = fixed if isinstance(fixed, Gestures) else None
        direction = np.ones((mixtures, n), np.float32) if self._gestures is None else self._gestures.direction
        self._component, self._control = k, i = np.nonzero(direction)
        self._of_component = np.zeros((len(k), mixtures), np.float32)
        self._of_component[np.arange(len(k)), k] = 1
        width = mixtures * dimension
        time, moves = np.arange(mixtures) * dimension, k * dimension + i + 1
        self.columns = np.concatenate([time, moves, width + time, width + moves, 2 * width + np.arange(mixtures)])
        """Where the outputs computed here are among those of files."""
        self._ends = np.cumsum([mixtures, len(k), mixtures, len(k)])
        scale = np.full((mixtures, dimension), weights.spread, np.float32)
        floor = np.zeros_like(scale)
        if fixed is not None:
            scale, floor = fixed.sigma_scale, fixed.sigma_floor
        floor = floor + scale * _SMALL
        self._time_scale, self._time_floor = scale[:, 0], floor[:, 0]
        self._scale, self._floor = scale[k, i + 1], floor[k, i + 1]
        self.unit = np.ones(len(self.columns), np.float32)
        """What the outputs count in when they learn, (outputs,)."""
        if fixed is not None:
            self.unit[: self._ends[0]] = self._time_scale
            self.unit[self._ends[0] : self._ends[1]] = self._scale
        if self._gestures is not None:
            gestures = self._gestures
            self.unit[self._ends[3] :] = _LOGIT_UNIT
            self._direction = direction[k, i]
            self._one_sided, self._continues = gestures.one_sided[k] > 0, gestures.continues[k] > 0
            self._momentum = (gestures.momentum[k] > 0) & ~self._one_sided
            self._unit, self._margin = gestures.unit[i], gestures.margin[0]
            self._rest = gestures.rest
            self._rests = (direction == 0).T.astype(np.float32)
            self.unit[self._ends[0] : self._ends[1]][self._one_sided] = 1.0

    def learn(self, kernel: NDArray[Any], rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """−log density of each row's target, (N,) nats, and the gradient of its mean with respect to ``kernel``.

        ``kernel`` (inputs, outputs) holds the bias in its last row.
        """
        out = rows.heard @ kernel
        time, moves, time_z, z, logits = np.split(out, self._ends, axis=1)
        above, time_above = _elu_plus_one(z), _elu_plus_one(time_z)
        sigma, time_sigma = above * self._scale + self._floor, time_above * self._time_scale + self._time_floor
        mean, of_move, of_sigma, moving = self._means(moves, sigma, rows.standing)
        live_sigma = sigma if moving is None else np.where(moving, sigma, self._rest[self._control])
        targets = rows.targets
        far, time_far = (targets[:, 1 + self._control] - mean) / live_sigma, (targets[:, :1] - time) / time_sigma
        terms = _log_normal(far, live_sigma) @ self._of_component + _log_normal(time_far, time_sigma)
        if self._gestures is not None and rows.standing is not None:
            base = rows.standing[0]
            terms += _log_normal((targets[:, 1:] - base) / self._rest, self._rest) @ self._rests
        shares, whole = _softmax(logits)
        given, together = _softmax(logits + terms)
        nats = whole - together
        given_pair = given[:, self._component]
        d_mean = -given_pair * far / live_sigma
        d_sigma = -given_pair * (far * far - 1) / live_sigma
        if moving is not None:
            d_sigma = d_sigma * moving
        if of_sigma is not None:
            d_sigma = d_sigma + d_mean * of_sigma
        d_time = -given * time_far / time_sigma
        d_time_sigma = -given * (time_far * time_far - 1) / time_sigma
        d_out = np.concatenate(
            [
                d_time,
                d_mean * of_move,
                d_time_sigma * self._time_scale * np.minimum(time_above, 1),
                d_sigma * self._scale * np.minimum(above, 1),
                shares - given,
            ],
            axis=1,
        )
        return nats, rows.heard.T @ d_out / np.float32(len(out))

    def _means(
        self, moves: NDArray[Any], sigma: NDArray[Any], standing: NDArray[Any] | None
    ) -> tuple[NDArray[Any], NDArray[Any] | np.float32, NDArray[Any] | None, NDArray[Any] | None]:
        """The means (N, P); what they change by with the output, and with sigma; and where controls move at all."""
        if standing is None:
            return moves, np.float32(1), None, None
        base, low, high, gesture, way = standing[:, :, self._control]
        if self._gestures is None:
            travel, of_move, of_sigma, moving = moves, np.float32(1), None, None
        else:
            least = self._unit / 2 + self._margin * sigma
            onward = moves + np.where(self._momentum, np.abs(gesture), 0)
            bounded = self._momentum & (onward < least)
            forward = _elu_plus_one(moves)
            way = np.where(self._continues, way, np.float32(1))
            signed = self._direction * way
            free = np.where(bounded, least, onward)
            travel = signed * np.where(self._one_sided, self._unit * forward + least, free)
            slope = np.where(self._one_sided, self._unit * np.minimum(forward, 1), ~bounded)
            of_move = signed * slope
            of_sigma = signed * self._margin * (self._one_sided | bounded)
            moving = way != 0
        turn = (1 - 2 * low) + (travel > 0) * (2 * (low - high))
        return base + travel * turn, of_move * turn, None if of_sigma is None else of_sigma * turn, moving


def _elu_plus_one(z: NDArray[Any]) -> NDArray[Any]:
    """elu(z) + 1; its derivative is the smaller of itself and 1."""
    above: NDArray[Any] = np.where(z > 0, z + 1, np.exp(np.minimum(z, 0)))
    return above


def _log_normal(far: NDArray[Any], sigma: NDArray[Any]) -> NDArray[Any]:
    nats: NDArray[Any] = -0.5 * far * far - np.log(sigma) - np.float32(_HALF_LOG_TWO_PI)
    return nats


def _softmax(x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """softmax(x) over the last axis, and the logarithm of the sum of exp(x)."""
    top = x.max(axis=1, keepdims=True)
    powers = np.exp(x - top)
    whole = powers.sum(axis=1, keepdims=True)
    return powers / whole, np.log(whole[:, 0]) + top[:, 0]

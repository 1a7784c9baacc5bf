"""What a network computes before and after its LSTM layers, by architecture, for :mod:`impsy.models.batch.network`.

A head makes the features that the layers hear of an interaction, and the mixture from what the dense layer hears.
As there, arrays are (numbers, sequences); only the mixtures are (sequences, numbers). See
:mod:`impsy.models.architectures` for what is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import EDGE_REACH, Gestures, Residual
from impsy.models.mixture import Live
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import SIGMA_OFFSET, Weights

__all__ = ["GestureHead", "Head", "ResidualHead", "elu_plus_one"]

_Array = NDArray[Any]
_Precision = type[np.floating[Any]]


class Head:
    """That of a plain network: the layers hear the interaction, and the dense layer gives the mixture as it stands.

    ``inputs`` is how many numbers the dense layer hears, 1 for its bias included, and ``parameters`` (B, M(2D+1))
    what :meth:`mixture` gave last. ``first``: nothing has been heard.
    """

    first = True

    def __init__(self, weights: Weights, precision: _Precision) -> None:
        self._precision = precision
        self._dense = np.vstack([weights.mixture_kernel, weights.mixture_bias[None]]).astype(precision)
        self.inputs = len(self._dense)
        self._dimension = weights.dimension
        self._width = weights.mixtures * weights.dimension
        self._sigma_scale: _Array | None = None if weights.spread == 1 else np.asarray(weights.spread, precision)
        self._sigma_floor = np.asarray(weights.spread * (SIGMA_OFFSET - 1.0), precision)
        self.parameters = np.zeros((0, self._dense.shape[1]), precision)

    def allocate(self, batch: int) -> None:
        """Make room for ``batch`` sequences."""
        self.parameters = np.zeros((batch, self._dense.shape[1]), self._precision)
        self._sigma = self.parameters[:, self._width : 2 * self._width]
        self._above = np.empty_like(self._sigma)

    def reset(self) -> None:
        """Forget what was heard."""

    @property
    def carried(self) -> list[_Array]:
        """What one step leaves to the next, but for ``first``: arrays that a copy has too."""
        return [self.parameters]

    def features(self, scaled: _Array, out: _Array) -> None:
        """What the layers hear of the interactions ``scaled`` (D, B), × 10; called once for each."""
        out[...] = scaled

    def standing(self) -> _Array | None:
        """Where each control stands after what was heard, (5, B, n): base, how close it is to its lower and upper
        end, the last gesture and its way. None where means do not count from there.
        """
        return None

    def mixture(self, heard: _Array) -> None:
        """Leave the mixtures in ``parameters``, from what the dense layer hears (inputs, B)."""
        np.matmul(heard.T, self._dense, out=self.parameters)
        self._finish_sigma()

    def _finish_sigma(self) -> None:
        """z becomes scale · (elu(z) + 1 + 1e-7) + floor."""
        sigma = self._sigma
        elu_plus_one(sigma, self._above)
        if self._sigma_scale is not None:
            sigma *= self._sigma_scale
        sigma += self._sigma_floor


def elu_plus_one(z: _Array, spare: _Array) -> None:
    """In place: z + 1 above 0 and exp(z) below."""
    np.maximum(z, 0, out=spare)
    np.minimum(z, 0, out=z)
    np.exp(z, out=z)
    z += spare


class ResidualHead(Head):
    """That of a residual network."""

    def __init__(self, weights: Weights, fixed: Residual, precision: _Precision) -> None:
        super().__init__(weights, precision)
        self._sigma_scale = fixed.sigma_scale.reshape(-1).astype(precision)
        self._sigma_floor = self._sigma_scale * self._sigma_floor + fixed.sigma_floor.reshape(-1).astype(precision)
        self._rounding = [part[:, None] for part in fixed.rounding()] if fixed.has_grid else None
        self._change_scale = fixed.change_scale[:, None].astype(precision)
        self._edge_scale = self._change_scale / np.asarray(EDGE_REACH, precision)
        self._beyond = 1 - np.asarray(SCALE_FACTOR, precision) * self._edge_scale
        self._controls = fixed.grid.size

    def allocate(self, batch: int) -> None:
        super().allocate(batch)
        self._base = np.zeros((self._controls, batch), np.float32)
        self._last = np.zeros_like(self._base)
        self._move = np.zeros_like(self._base)
        self._ends = np.zeros((2, self._controls, batch), self._precision)

    def reset(self) -> None:
        self._base.fill(0)

    @property
    def carried(self) -> list[_Array]:
        return [*super().carried, self._base]

    def features(self, scaled: _Array, out: _Array) -> None:
        parts = out[1:].reshape(5, self._controls, -1)
        self._hear(scaled, out[0], parts[0])
        self._squash(self._move, self._change_scale, parts[1])
        np.square(parts[1], out=parts[2])
        parts[3:] = self._ends

    def standing(self) -> _Array:
        return np.stack([self._base, *self._ends, *self._last_gesture()]).swapaxes(1, 2)

    def _last_gesture(self) -> tuple[_Array, _Array]:
        none = np.zeros_like(self._base)
        return none, none

    def mixture(self, heard: _Array) -> None:
        np.matmul(heard.T, self._dense, out=self.parameters)
        means = self.parameters[:, : self._width].reshape(len(self.parameters), -1, self._dimension)
        moves = means[:, :, 1:]
        low, high = self._ends
        onward = np.maximum(moves, 0)
        moves *= (1 - 2 * low.T)[:, None]
        onward *= (2 * (low - high).T)[:, None]
        moves += onward
        moves += self._base.T[:, None]
        self._finish_sigma()

    def _hear(self, scaled: _Array, log_time: _Array, base: _Array) -> None:
        """The features that are not about moves; and ``_base``, ``_last``, ``_move`` and ``_ends`` as they are now.

        All but the ends are float32 whatever the precision, as everywhere.
        """
        np.maximum(scaled[0], 0, out=log_time)
        log_time *= 100
        np.log1p(log_time, out=log_time)
        self._base, self._last = self._last, self._base
        now = self._base
        now[...] = scaled[1:]
        if self._rounding is not None:
            per_step, step = self._rounding
            now *= per_step
            np.rint(now, out=now)
            now *= step
        base[...] = now
        np.subtract(now, self._last, out=self._move)
        low, high = self._ends
        np.multiply(base, self._edge_scale, out=high)
        np.subtract(1, high, out=low)
        high += self._beyond
        np.maximum(self._ends, 0, out=self._ends)

    def _allocate_places(self, batch: int) -> None:
        """Room for base, 1 − 2 low and 2 (low − high) of controls and of time, which has base 0 and no ends."""
        self._where = np.zeros((3, self._controls + 1, batch), self._precision)
        self._where[1] = 1

    def _place(self, travel: _Array, control: NDArray[np.intp]) -> None:
        """Moves (Q, B) of these controls (Q,), n for time, become values, in place."""
        low, high = self._ends
        base, back, onto = self._where
        base[:-1] = self._base
        np.multiply(low, -2, out=back[:-1])
        back[:-1] += 1
        np.subtract(low, high, out=onto[:-1])
        onto[:-1] *= 2
        base, back, onto = self._where[:, control]
        onto *= np.maximum(travel, 0)
        travel *= back
        travel += onto
        travel += base

    def _squash(self, moves: _Array, scale: _Array, out: _Array) -> None:
        np.multiply(moves, scale, out=out)
        np.tanh(out, out=out)


class GestureHead(ResidualHead):
    """That of a gesture network. Only the live numbers of its mixtures are computed, (Q, B)."""

    def __init__(self, weights: Weights, fixed: Gestures, precision: _Precision) -> None:
        super().__init__(weights, fixed, precision)
        live = Live(fixed)
        self._matrix = np.ascontiguousarray(self._dense[:, live.columns].T)
        self._live = live.places
        scale = fixed.sigma_scale.reshape(-1).astype(precision)
        self._sigma_scale, self._sigma_floor = scale[live.places, None], self._sigma_floor[live.places, None]
        self._margin = fixed.margin.astype(precision)
        self._per_threshold = np.reciprocal(fixed.threshold)[:, None]
        self._rest = fixed.rest.astype(precision)
        self._control = live.control % weights.dimension
        continues = live.of_components(fixed.continues) != 0
        self._dynamic = np.flatnonzero(continues)
        self._dynamic_control = live.control[continues]
        self._dynamic_rest = self._rest[self._dynamic_control][:, None]
        self._direction = live.direction[:, None].astype(precision)
        self._dynamic_direction = self._direction[continues]
        one_sided = live.of_components(fixed.one_sided) != 0
        momentum = (live.of_components(fixed.momentum) != 0) & ~one_sided
        unit = live.of_controls(fixed.unit)[:, None].astype(precision)
        self._one_sided, self._momentum = np.flatnonzero(one_sided), np.flatnonzero(momentum)
        self._momentum_control = live.control[momentum]
        self._one_sided_unit, self._momentum_unit = unit[one_sided], unit[momentum]

    def allocate(self, batch: int) -> None:
        super().allocate(batch)
        precision, mixtures = self._precision, self.parameters.shape[1] - 2 * self._width
        self.first = True
        self._gesture = np.zeros((self._controls, batch), np.float32)
        self._way = np.zeros_like(self._gesture)
        self._out = np.empty((len(self._matrix), batch), precision)
        split = self._live.size
        self._travel, self._sigma, self._logits = (
            self._out[:split],
            self._out[split : 2 * split],
            self._out[2 * split :],
        )
        self._above = np.empty_like(self._sigma)
        self._allocate_places(batch)
        rests = self.parameters[:, self._width : 2 * self._width].reshape(batch, mixtures, -1)
        rests[:, :, 1:] = self._rest

    def reset(self) -> None:
        super().reset()
        self.first = True
        self._gesture.fill(0)

    @property
    def carried(self) -> list[_Array]:
        return [*super().carried, self._gesture]

    def features(self, scaled: _Array, out: _Array) -> None:
        parts = out[1:-1].reshape(7, self._controls, -1)
        self._hear(scaled, out[0], parts[0])
        move, gesture = self._move, self._gesture
        if self.first:
            move.fill(0)
            self.first = False
        moved = np.rint(move * self._per_threshold).any(axis=0)
        np.copyto(gesture, move, where=moved)
        np.multiply(gesture, self._per_threshold, out=self._way)
        np.rint(self._way, out=self._way)
        np.clip(self._way, -1, 1, out=self._way)
        self._squash(move, self._change_scale, parts[1])
        np.square(parts[1], out=parts[2])
        parts[3:5] = self._ends
        self._squash(gesture, self._change_scale / 2, parts[5])
        np.abs(self._way, out=parts[6])
        out[-1] = moved

    def _last_gesture(self) -> tuple[_Array, _Array]:
        return self._gesture, self._way

    def mixture(self, heard: _Array) -> None:
        np.matmul(self._matrix, heard, out=self._out)
        self._finish_sigma()
        travel, sigma = self._travel, self._sigma
        one_sided, momentum = self._one_sided, self._momentum
        forward = travel[one_sided]
        elu_plus_one(forward, np.empty_like(forward))
        forward += 0.5
        forward *= self._one_sided_unit
        forward += self._margin * sigma[one_sided]
        travel[one_sided] = forward
        onward = np.abs(self._gesture)[self._momentum_control] + travel[momentum]
        least = self._margin * sigma[momentum]
        least += 0.5 * self._momentum_unit
        travel[momentum] = np.maximum(onward, least)
        travel *= self._direction
        way = self._way[self._dynamic_control]
        travel[self._dynamic] *= way
        self._rest_those(way)
        self._place(travel, self._control)
        parameters, width = self.parameters.T, self._width
        means = parameters[:width].reshape(-1, *self._where.shape[1:])
        means[:, 1:] = self._base
        parameters[self._live] = travel
        parameters[width + self._live] = sigma
        parameters[2 * width :] = self._logits

    def _rest_those(self, way: _Array) -> None:
        """Components that continue leave at rest what the last gesture did: they get sigma at rest there."""
        sigma = self._sigma[self._dynamic]
        self._sigma[self._dynamic] = np.where(way != 0, sigma, self._dynamic_rest)

"""Networks computed by NumPy, many sequences side by side.

All arrays of the computation are (numbers, sequences), so that every part of them, a gate of a layer say, is one
block of memory. What a layer is fed lies in one array ``[input | own last output | 1]`` and takes one product with
``[kernel | recurrent kernel | bias]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import EDGE_REACH, SIGMA_OFFSET, LSTMLayer, Residual, Weights

__all__ = ["BatchNetwork"]

_Array = NDArray[Any]


class BatchNetwork:
    """One network that hears many sequences side by side, each with a recurrent state of its own.

    ``precision`` is that of all computation: float32, or float64 to tell rounding from mistakes. ``parameters``
    (B, M(2D+1)) is what :meth:`hear` gave last, and the same array until the number of sequences changes.
    """

    def __init__(self, weights: Weights, *, precision: type[np.floating[Any]] = np.float32) -> None:
        self.dimension = weights.dimension
        self._units = weights.units
        self._width = weights.mixtures * weights.dimension
        self._precision = precision
        self._matrices = [_lstm_matrix(layer).astype(precision) for layer in weights.layers]
        self._dense = _dense_matrix(weights, precision)
        self._sigma_floor = np.asarray(weights.spread * (SIGMA_OFFSET - 1.0), precision)
        self._sigma_scale: _Array | None = None if weights.spread == 1 else np.asarray(weights.spread, precision)
        self._features: _Features | None = None
        if weights.residual is not None:
            self._features = _Features(weights.residual, precision)
            self._sigma_scale = weights.residual.sigma_scale.reshape(-1).astype(precision)
            floor = weights.residual.sigma_floor.reshape(-1).astype(precision)
            self._sigma_floor = self._sigma_scale * self._sigma_floor + floor
        self._batch = -1
        self.reset(1)

    def reset(self, batch: int) -> None:
        """Begin ``batch`` sequences, each from the zero state."""
        if batch != self._batch:
            self._allocate(batch)
        for heard, layer in zip(self._heard, self._layers, strict=True):
            heard.fill(0)
            heard[-1] = 1
            layer.cell.fill(0)
        self._last_heard.fill(0)
        self._last_heard[-1] = 1

    def _allocate(self, batch: int) -> None:
        units, precision = self._units, self._precision
        self._batch = batch
        self._scaled = np.empty((self.dimension, batch), precision)
        self._heard = [np.empty((matrix.shape[1], batch), precision) for matrix in self._matrices]
        self._last_heard = np.empty((self._dense.shape[0], batch), precision)
        self.parameters = np.zeros((batch, self._dense.shape[1]), precision)
        self._sigma = self.parameters[:, self._width : 2 * self._width]
        self._above = np.empty_like(self._sigma)
        outputs = [heard[:units] for heard in (*self._heard[1:], self._last_heard)]
        self._layers = [
            _Layer(
                matrix, heard, np.empty((4 * units, batch), precision), np.empty((units, batch), precision), output
            )
            for matrix, heard, output in zip(self._matrices, self._heard, outputs, strict=True)
        ]

    def hear(self, vectors: _Array) -> _Array:
        """Advance each sequence by one interaction; gives the mixtures that are expected next.

        ``vectors`` (B, D) are seconds and values in [0, 1], not scaled. What comes back (B, M(2D+1)), rows
        ``[mu | sigma | logits]`` in the scaled space, is written over when the network hears again. Raises ValueError
        if the shape is wrong.
        """
        if vectors.shape != (self._batch, self.dimension):
            raise ValueError(
                f"{self._batch} interactions of {self.dimension} numbers are heard here, not {vectors.shape}"
            )
        np.multiply(vectors.T, SCALE_FACTOR, out=self._scaled, casting="same_kind")
        first = self._heard[0]
        if self._features is None:
            first[: self.dimension] = self._scaled
        else:
            before = self._last_heard[self._units : -1]
            features = first[: len(before)]
            self._features.compute(self._scaled, before[1 : self.dimension], features)
            before[...] = features
        for layer in self._layers:
            layer.step()
        np.matmul(self._last_heard.T, self._dense, out=self.parameters)
        if self._features is not None:
            self._finish_mu(self._features)
        self._finish_sigma()
        return self.parameters

    def _finish_mu(self, features: _Features) -> None:
        """Moves become values: they count from the base, and turn back where it is at an end."""
        moves = self.parameters[:, : self._width].reshape(self._batch, -1, self.dimension)[:, :, 1:]
        onward = np.maximum(moves, 0)
        moves *= (1 - 2 * features.low.T)[:, None]
        onward *= (2 * (features.low - features.high).T)[:, None]
        moves += onward
        moves += features.base.T[:, None]

    def _finish_sigma(self) -> None:
        """z becomes scale · (elu(z) + 1 + 1e-7) + floor; elu(z) + 1 is z + 1 above 0 and exp(z) below."""
        sigma, above = self._sigma, self._above
        np.maximum(sigma, 0, out=above)
        np.minimum(sigma, 0, out=sigma)
        np.exp(sigma, out=sigma)
        sigma += above
        if self._sigma_scale is not None:
            sigma *= self._sigma_scale
        sigma += self._sigma_floor


def _lstm_matrix(layer: LSTMLayer) -> _Array:
    """[kernel | recurrent | bias] as (4U, inputs + U + 1), gates in the order input, forget, output, candidate.

    The rows of the three that are squashed by sigmoid(z) = 1/2 + tanh(z / 2) / 2 are halved, which is exact: one
    tanh then does for all four.
    """
    matrix = np.vstack([layer.kernel, layer.recurrent, layer.bias[None]]).T
    i, f, c, o = np.split(matrix, 4)
    return np.ascontiguousarray(np.vstack([i * 0.5, f * 0.5, o * 0.5, c]))


def _dense_matrix(weights: Weights, precision: type[np.floating[Any]]) -> _Array:
    """[kernel | bias] as (inputs + 1, M(2D+1))."""
    return np.vstack([weights.mixture_kernel, weights.mixture_bias[None]]).astype(precision)


class _Layer:
    """One LSTM layer over arrays that stay where they are (Hochreiter & Schmidhuber 1997, with forget gates)."""

    def __init__(self, matrix: _Array, heard: _Array, gates: _Array, cell: _Array, output: _Array) -> None:
        units = len(cell)
        self.cell = cell
        self._product = matrix, heard, gates
        self._sigmoids = gates[: 3 * units]
        self._parts = [gates[k * units : (k + 1) * units] for k in range(4)]
        self._own = heard[-1 - units : -1]
        self._output = output

    def step(self) -> None:
        """Take in what lies in ``heard``; leave the output in ``output`` and, for the next step, in ``heard``."""
        matrix, heard, gates = self._product
        write, keep, show, candidate = self._parts
        cell, output, sigmoids = self.cell, self._output, self._sigmoids
        np.matmul(matrix, heard, out=gates)
        np.tanh(gates, out=gates)
        sigmoids += 1
        sigmoids *= 0.5
        write *= candidate
        cell *= keep
        cell += write
        np.tanh(cell, out=output)
        output *= show
        self._own[...] = output


class _Features:
    """What the first and the last layer of a residual network hear of an interaction."""

    def __init__(self, residual: Residual, precision: type[np.floating[Any]]) -> None:
        self._rounding = [part[:, None] for part in residual.rounding()] if residual.has_grid else None
        self._change_scale = residual.change_scale[:, None].astype(precision)
        self._edge_scale = self._change_scale / np.asarray(EDGE_REACH, precision)
        self._beyond = 1 - np.asarray(SCALE_FACTOR, precision) * self._edge_scale

    def compute(self, scaled: _Array, last: _Array, out: _Array) -> None:
        """From ``scaled`` (D, B) and the base of the step before ``last`` (n, B) to ``out`` (1 + 5n, B).

        The base, ``out[1 : n + 1]``, is computed in float32 whatever the precision, as everywhere.
        """
        dimension = len(scaled)
        log_time, base = out[0], out[1:dimension]
        change, squares, low, high = out[dimension:].reshape(4, dimension - 1, -1)
        np.maximum(scaled[0], 0, out=log_time)
        log_time *= 100
        np.log1p(log_time, out=log_time)
        if self._rounding is None:
            base[...] = scaled[1:]
        else:
            per_step, step = self._rounding
            steps = scaled[1:].astype(np.float32)
            steps *= per_step
            np.rint(steps, out=steps)
            steps *= step
            base[...] = steps
        np.subtract(base, last, out=change)
        change *= self._change_scale
        np.tanh(change, out=change)
        np.square(change, out=squares)
        np.multiply(base, self._edge_scale, out=high)
        np.subtract(1, high, out=low)
        high += self._beyond
        edges = out[-2 * len(base) :]
        np.maximum(edges, 0, out=edges)
        self.base, self.low, self.high = base, low, high

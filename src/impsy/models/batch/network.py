"""Networks computed by NumPy, many sequences side by side.

All arrays of the computation are (numbers, sequences), so that every part of them, a gate of a layer say, is one
block of memory. What a layer is fed lies in one array ``[input | own last output | 1]`` and takes one product with
``[kernel | recurrent kernel | bias]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import Gestures
from impsy.models.batch.heads import GestureHead, Head, ResidualHead
from impsy.models.batch.landings import LandingHead
from impsy.models.landings import Landings
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import LSTMLayer, Weights

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
        self._precision = precision
        self._matrices = [_lstm_matrix(layer).astype(precision) for layer in weights.layers]
        self._head = _head(weights, precision)
        self._heard_first = weights.features
        self._skips = weights.residual is not None
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
        self._head.reset()

    def save(self) -> tuple[bool, list[_Array]]:
        """What :meth:`restore` takes."""
        return self._head.first, [array.copy() for array in self._carried]

    def restore(self, state: tuple[bool, list[_Array]]) -> None:
        """Go on from what another network of the same weights, with as many sequences, has saved."""
        self._head.first, arrays = state
        for array, saved in zip(self._carried, arrays, strict=True):
            array[...] = saved

    @property
    def _carried(self) -> list[_Array]:
        return [*self._heard, *(layer.cell for layer in self._layers), self._last_heard, *self._head.carried]

    def _allocate(self, batch: int) -> None:
        units, precision = self._units, self._precision
        self._batch = batch
        self._scaled = np.empty((self.dimension, batch), precision)
        self._heard = [np.empty((matrix.shape[1], batch), precision) for matrix in self._matrices]
        self._last_heard = np.empty((self._head.inputs, batch), precision)
        self._head.allocate(batch)
        self.parameters = self._head.parameters
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
        self.listen(vectors)
        self._head.mixture(self._last_heard)
        return self.parameters

    def listen(self, vectors: _Array) -> None:
        """As :meth:`hear`, but the mixtures are not computed."""
        if vectors.shape != (self._batch, self.dimension):
            raise ValueError(
                f"{self._batch} interactions of {self.dimension} numbers are heard here, not {vectors.shape}"
            )
        np.multiply(vectors.T, SCALE_FACTOR, out=self._scaled, casting="same_kind")
        features = self._heard[0][: self._heard_first]
        self._head.features(self._scaled, features)
        if self._skips:
            self._last_heard[self._units : -1] = features
        for layer in self._layers:
            layer.step()

    @property
    def dense_inputs(self) -> _Array:
        """What the dense layer heard last, (B, inputs), 1 for its bias included; a copy."""
        return self._last_heard.T.copy()

    @property
    def standing(self) -> _Array | None:
        """See :meth:`impsy.models.batch.heads.Head.standing`."""
        return self._head.standing()


def _head(weights: Weights, precision: type[np.floating[Any]]) -> Head:
    """What is computed before and after the layers, as the architecture has it."""
    fixed = weights.residual
    if isinstance(fixed, Landings):
        return LandingHead(weights, fixed, precision)
    if isinstance(fixed, Gestures):
        return GestureHead(weights, fixed, precision)
    return Head(weights, precision) if fixed is None else ResidualHead(weights, fixed, precision)


def _lstm_matrix(layer: LSTMLayer) -> _Array:
    """[kernel | recurrent | bias] as (4U, inputs + U + 1), gates in the order input, forget, output, candidate.

    The rows of the three that are squashed by sigmoid(z) = 1/2 + tanh(z / 2) / 2 are halved, which is exact: one
    tanh then does for all four.
    """
    matrix = np.vstack([layer.kernel, layer.recurrent, layer.bias[None]]).T
    i, f, c, o = np.split(matrix, 4)
    return np.ascontiguousarray(np.vstack([i * 0.5, f * 0.5, o * 0.5, c]))


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

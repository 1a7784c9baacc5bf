"""What all predictors share, and the one that needs nothing but NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.models.mixture import MixtureSampler
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import SIGMA_OFFSET, FloatArray, Weights

__all__ = ["MixturePredictor", "NumPyPredictor"]


class MixturePredictor(ABC):
    """A network with its recurrent state, and drawing from the mixture that it predicts.

    ``parameters`` is the mixture after what was heard last, (M(2D+1),) float in the scaled space; it is written
    over by the next :meth:`hear`. ``dimension`` is the length D of an interaction vector.
    """

    def __init__(self, parameters: NDArray[Any], dimension: int) -> None:
        self.dimension = dimension
        self.parameters = parameters
        self._draw = MixtureSampler(parameters, dimension).draw
        self._heard = False

    @abstractmethod
    def hear(self, vector: Sequence[float]) -> None:
        """Advance by one interaction ``[dt, x_1 … x_n]`` (seconds, then [0, 1]; length D; not scaled).

        Raises ValueError if the length is wrong.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all that was heard: the recurrent state becomes zero."""

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """Draw the next interaction ``[dt, x_1 … x_n]``, given all that was heard; not clipped.

        Before anything was heard (or after a reset) the network first hears a neutral interaction: dt 0, every
        value 0.5. See :meth:`impsy.models.mixture.MixtureSampler.draw` for the
        temperatures and for what is taken from ``rng``.
        """
        if not self._heard:
            self.hear([0.0] + [0.5] * (self.dimension - 1))
        return self._draw(rng, pi_temperature, sigma_temperature)

    def mixture(self) -> FloatArray:
        """A copy of the predicted vector [mu | sigma | logits], (M(2D+1),) float32, scaled space."""
        return np.array(self.parameters, np.float32)


class NumPyPredictor(MixturePredictor):
    """The network computed by NumPy: the oracle of the tests, and what plays where LiteRT is missing.

    ``precision`` is that of all computation: float32, or float64 to tell rounding from mistakes.
    """

    def __init__(self, weights: Weights, *, precision: type[np.floating[Any]] = np.float32) -> None:
        super().__init__(np.zeros(weights.mixture_bias.size, precision), weights.dimension)
        self._units = weights.units
        self._width = weights.mixtures * weights.dimension
        self._layers: list[tuple[NDArray[Any], NDArray[Any]]] = [
            (np.vstack([layer.kernel, layer.recurrent]).astype(precision), layer.bias.astype(precision))
            for layer in weights.layers
        ]
        self._dense = weights.mixture_kernel.astype(precision), weights.mixture_bias.astype(precision)
        # Each layer hears its input and its own last output, side by side.
        self._heards = [np.zeros(kernel.shape[0], precision) for kernel, _ in self._layers]
        self._cells = [np.zeros(self._units, precision) for _ in self._layers]

    def hear(self, vector: Sequence[float]) -> None:
        """See :meth:`MixturePredictor.hear`."""
        if len(vector) != self.dimension:
            raise ValueError(f"an interaction has {self.dimension} numbers here, not {len(vector)}")
        units = self._units
        self._heards[0][: self.dimension] = [SCALE_FACTOR * value for value in vector]
        for i, (kernel, bias) in enumerate(self._layers):
            gates = self._heards[i] @ kernel
            gates += bias
            squashed = _sigmoid(gates)
            cell = self._cells[i]
            cell *= squashed[units : 2 * units]
            cell += squashed[:units] * np.tanh(gates[2 * units : 3 * units])
            output = squashed[3 * units :] * np.tanh(cell)
            self._heards[i][-units:] = output
            if i + 1 < len(self._layers):
                self._heards[i + 1][:units] = output
        kernel, bias = self._dense
        np.matmul(self._heards[-1][-units:], kernel, out=self.parameters)
        self.parameters += bias
        sigma = self.parameters[self._width : 2 * self._width]
        # elu(z) is z above 0 and exp(z) − 1 below.
        sigma[:] = np.maximum(sigma, 0) + np.expm1(np.minimum(sigma, 0)) + SIGMA_OFFSET
        self._heard = True

    def reset(self) -> None:
        """See :meth:`MixturePredictor.reset`."""
        for array in (*self._heards, *self._cells):
            array.fill(0)
        self._heard = False


def _sigmoid(x: NDArray[Any]) -> NDArray[Any]:
    """1 / (1 + exp(−x)), by way of tanh, which cannot overflow."""
    result: NDArray[Any] = np.tanh(x * 0.5)
    result *= 0.5
    result += 0.5
    return result

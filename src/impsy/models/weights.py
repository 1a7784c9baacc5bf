"""A mixture-density recurrent network as plain arrays: what every model file comes to.

The network is a stack of LSTM layers followed by one dense layer whose outputs are the parameters of a mixture
of Gaussians with diagonal covariance (Bishop, "Mixture Density Networks", 1994; Graves, "Generating
Sequences With Recurrent Neural Networks", 2013).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models.sizes import MIXTURES, Size, model_name

__all__ = ["ARCHITECTURES", "SIGMA_OFFSET", "FloatArray", "LSTMLayer", "Weights", "random_weights"]

FloatArray = NDArray[np.float32]

SIGMA_OFFSET = 1.0 + 1e-7
"""sigma = elu(z) + this: elu gives more than −1, so that sigma stays above 0."""

ARCHITECTURES: dict[str, Callable[[int], int]] = {"plain": lambda dimension: dimension}
"""For each architecture, how wide the first LSTM layer's input is, by dimension.

``plain``: the layer hears the scaled interaction vector, and the dense layer gives the mixture as it stands.
"""


@dataclass(frozen=True, eq=False)
class LSTMLayer:
    """One LSTM layer; columns are gates in Keras's order: input, forget, cell, output.

    ``kernel`` (in, 4U), ``recurrent`` (U, 4U), ``bias`` (4U,), all float32.
    """

    kernel: FloatArray
    recurrent: FloatArray
    bias: FloatArray


@dataclass(frozen=True, eq=False)
class Weights:
    """All that makes up one trained network; float32 throughout.

    ``mixture_kernel`` (U, M(2D+1)) and ``mixture_bias`` (M(2D+1),) give ``[mu (M·D) | z (M·D) | logits (M)]``,
    where sigma = elu(z) + 1 + 1e-7 and component k's values are ``[k·D : (k+1)·D]``.

    Raises ModelError if shapes do not fit together, or a number is not finite.
    """

    dimension: int
    layers: tuple[LSTMLayer, ...]
    mixture_kernel: FloatArray
    mixture_bias: FloatArray
    architecture: str = "plain"

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise ModelError(
                f"the network's architecture is {self.architecture!r}, which this version of IMPSY does not know"
            )
        if self.dimension < 2:
            raise ModelError(f"a model has dimension 2 (time and one value) or more, not {self.dimension}")
        if not self.layers:
            raise ModelError("the network has no LSTM layer")
        units = self.units
        fan_in = ARCHITECTURES[self.architecture](self.dimension)
        for i, layer in enumerate(self.layers):
            _expect(f"LSTM layer {i}: kernel", layer.kernel, (fan_in, 4 * units))
            _expect(f"LSTM layer {i}: recurrent kernel", layer.recurrent, (units, 4 * units))
            _expect(f"LSTM layer {i}: bias", layer.bias, (4 * units,))
            fan_in = units
        width = max(1, self.mixtures) * (2 * self.dimension + 1)
        _expect("mixture layer: kernel", self.mixture_kernel, (units, width))
        _expect("mixture layer: bias", self.mixture_bias, (width,))

    @property
    def units(self) -> int:
        """Width U of every LSTM layer."""
        recurrent = self.layers[0].recurrent
        return recurrent.shape[0] if recurrent.ndim else 0

    @property
    def mixtures(self) -> int:
        """Number M of mixture components."""
        return self.mixture_bias.size // (2 * self.dimension + 1)

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        layers = sum(part.size for layer in self.layers for part in (layer.kernel, layer.recurrent, layer.bias))
        return layers + self.mixture_kernel.size + self.mixture_bias.size

    @property
    def size(self) -> Size:
        """Width and depth."""
        return Size(self.units, len(self.layers))

    @property
    def name(self) -> str:
        """The file name (no suffix) that a model of this shape has."""
        return model_name(self.dimension, self.size, self.mixtures)


def _expect(what: str, array: FloatArray, shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ModelError(f"{what} has shape {array.shape}, but should have {shape}")
    if array.dtype != np.float32:
        raise ModelError(f"{what} holds {array.dtype}, not float32")
    if not np.isfinite(array).all():
        raise ModelError(f"{what} holds numbers that are not finite: the training of this model diverged")


def random_weights(dimension: int, size: Size, *, rng: np.random.Generator, mixtures: int = MIXTURES) -> Weights:
    """An untrained network, for tests and timing: Glorot-uniform kernels, forget-gate biases of 1.

    The ranges are Keras's: kernel in ±sqrt(6 / (rows + columns)), biases 0 elsewhere.
    """

    def glorot(rows: int, columns: int) -> FloatArray:
        limit = np.sqrt(6.0 / (rows + columns))
        return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)

    units = size.units
    bias = np.zeros(4 * units, np.float32)
    bias[units : 2 * units] = 1.0
    fan_ins = [dimension] + [units] * (size.layers - 1)
    layers = tuple(LSTMLayer(glorot(fan_in, 4 * units), glorot(units, 4 * units), bias) for fan_in in fan_ins)
    width = mixtures * (2 * dimension + 1)
    return Weights(dimension, layers, glorot(units, width), np.zeros(width, np.float32))

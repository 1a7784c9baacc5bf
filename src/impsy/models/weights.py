"""A mixture-density recurrent network as plain arrays: what every model file comes to.

The network is a stack of LSTM layers followed by one dense layer whose outputs are the parameters of a mixture
of Gaussians with diagonal covariance (Bishop, "Mixture Density Networks", 1994; Graves, "Generating
Sequences With Recurrent Neural Networks", 2013).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from impsy.errors import ModelError
from impsy.limits import MOST_DIMENSION
from impsy.models.architectures import FloatArray, Gestures, Residual, expect
from impsy.models.landings import Landings
from impsy.models.sizes import MIXTURES, Size, model_name

__all__ = ["ARCHITECTURES", "SIGMA_OFFSET", "LSTMLayer", "Weights", "random_weights"]

SIGMA_OFFSET = 1.0 + 1e-7
"""sigma = elu(z) + this: elu gives more than −1, so that sigma stays above 0."""


@dataclass(frozen=True, eq=False)
class LSTMLayer:
    """One LSTM layer; columns are gates in Keras's order: input, forget, cell, output.

    ``kernel`` (in, 4U), ``recurrent`` (U, 4U), ``bias`` (4U,), all float32.
    """

    kernel: FloatArray
    recurrent: FloatArray
    bias: FloatArray


ARCHITECTURES: Mapping[str, type[Residual] | None] = {
    "plain": None,
    "residual": Residual,
    "gestures": Gestures,
    "landings": Landings,
}
"""What is fixed of a network by the name of its architecture.

``plain``: nothing; the layer hears the scaled interaction vector, and the dense layer gives the mixture as it stands.
"""


@dataclass(frozen=True, eq=False)
class Weights:
    """All that makes up one trained network; float32 throughout.

    ``mixture_kernel`` (U, M(2D+1)) and ``mixture_bias`` (M(2D+1),) give ``[mu (M·D) | z (M·D) | logits (M)]``, where
    sigma = elu(z) + 1 + 1e-7 and component k's values are ``[k·D : (k+1)·D]``. All architectures but ``plain`` have
    constants, ``residual``, which say what the dense layer hears besides, and what it gives. ``spread`` multiplies
    the sigma of a plain network: 1, but for those that were trained with another scale than 10 (see
    :mod:`impsy.models.scale`).

    Raises ModelError if shapes do not fit together, or a number is not finite.
    """

    dimension: int
    layers: tuple[LSTMLayer, ...]
    mixture_kernel: FloatArray
    mixture_bias: FloatArray
    architecture: str = "plain"
    residual: Residual | None = None
    spread: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.spread < math.inf or (self.residual is not None and self.spread != 1.0):
            raise ModelError(f"the deviations of the network cannot be multiplied by {self.spread}")
        if self.architecture not in ARCHITECTURES:
            raise ModelError(
                f"the network's architecture is {self.architecture!r}, which this version of IMPSY does not know"
            )
        if self.dimension < 2:
            raise ModelError(f"a model has dimension 2 (time and one value) or more, not {self.dimension}")
        if self.dimension > MOST_DIMENSION:
            raise ModelError(f"a model has dimension {MOST_DIMENSION:,} at most, not {self.dimension:,}")
        if not self.layers:
            raise ModelError("the network has no LSTM layer")
        units = self.units
        fixed, known = self.residual, ARCHITECTURES[self.architecture]
        if type(fixed) is not (known or type(None)):
            raise ModelError(
                f"a network of the architecture {self.architecture} lacks its constants, or has those of another"
            )
        if fixed is not None:
            expect("grid", fixed.grid, (self.dimension - 1,))
        fan_in = self.features
        for i, layer in enumerate(self.layers):
            expect(f"LSTM layer {i}: kernel", layer.kernel, (fan_in, 4 * units))
            expect(f"LSTM layer {i}: recurrent kernel", layer.recurrent, (units, 4 * units))
            expect(f"LSTM layer {i}: bias", layer.bias, (4 * units,))
            fan_in = units
        inputs = units if fixed is None else units + self.features
        width = max(1, self.mixtures) * (2 * self.dimension + 1) if fixed is None else fixed.outputs
        expect("mixture layer: kernel", self.mixture_kernel, (inputs, width))
        expect("mixture layer: bias", self.mixture_bias, (width,))
        if isinstance(self.residual, Gestures):
            live = self.residual.live.reshape(-1)
            computed = np.concatenate([live, live, np.ones(self.mixtures, bool)])
            for what in ("mixture_kernel", "mixture_bias"):
                object.__setattr__(self, what, np.where(computed, getattr(self, what), np.float32(0)))

    @property
    def units(self) -> int:
        """Width U of every LSTM layer."""
        recurrent = self.layers[0].recurrent
        return recurrent.shape[0] if recurrent.ndim else 0

    @property
    def features(self) -> int:
        """How many numbers the first LSTM layer hears."""
        return self.dimension if self.residual is None else self.residual.features

    @property
    def mixtures(self) -> int:
        """Number M of mixture components."""
        if self.residual is not None:
            return self.residual.mixtures
        return self.mixture_bias.size // (2 * self.dimension + 1)

    @property
    def carried_pairs(self) -> int:
        """How many pairs of states [1, U] carry along what the architecture needs; 0 if that is nothing."""
        return 0 if self.residual is None else -(-self.residual.carries // (2 * self.units))

    @property
    def parameters(self) -> int:
        """How many numbers were learned."""
        layers = sum(part.size for layer in self.layers for part in (layer.kernel, layer.recurrent, layer.bias))
        columns = self.mixture_bias.size
        if isinstance(self.residual, Gestures):
            columns -= 2 * int((~self.residual.live).sum())
        return layers + columns * (len(self.mixture_kernel) + 1)

    @property
    def size(self) -> Size:
        """Width and depth."""
        return Size(self.units, len(self.layers))

    @property
    def name(self) -> str:
        """The file name (no suffix) that a model of this shape has."""
        return model_name(self.dimension, self.size, self.mixtures)


def random_weights(
    dimension: int, size: Size, *, rng: np.random.Generator, mixtures: int = MIXTURES, fixed: Residual | None = None
) -> Weights:
    """An untrained network, for timing and tests: Glorot-uniform kernels, forget-gate biases of 1.

    The ranges are Keras's: kernel in ±sqrt(6 / (rows + columns)), biases 0 elsewhere. ``fixed``: the constants of its
    architecture; None: a plain network of ``mixtures`` components.
    """

    def glorot(rows: int, columns: int) -> FloatArray:
        limit = np.sqrt(6.0 / (rows + columns))
        return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)

    units = size.units
    features, inputs, width = dimension, units, mixtures * (2 * dimension + 1)
    if fixed is not None:
        features, inputs, width = fixed.features, units + fixed.features, fixed.outputs
    bias = np.zeros(4 * units, np.float32)
    bias[units : 2 * units] = 1.0
    fan_ins = [features] + [units] * (size.layers - 1)
    layers = tuple(LSTMLayer(glorot(fan_in, 4 * units), glorot(units, 4 * units), bias) for fan_in in fan_ins)
    architecture = "plain" if fixed is None else fixed.architecture
    return Weights(dimension, layers, glorot(inputs, width), np.zeros(width, np.float32), architecture, fixed)

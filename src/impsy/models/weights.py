"""A mixture-density recurrent network as plain arrays: what every model file comes to.

The network is a stack of LSTM layers followed by one dense layer whose outputs are the parameters of a mixture
of Gaussians with diagonal covariance (Bishop, "Mixture Density Networks", 1994; Graves, "Generating
Sequences With Recurrent Neural Networks", 2013).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from impsy.errors import ModelError
from impsy.models.architectures import ARCHITECTURES, FloatArray, Gestures, Residual, expect
from impsy.models.sizes import MIXTURES, Size, model_name

__all__ = ["SIGMA_OFFSET", "LSTMLayer", "Weights", "random_weights"]

SIGMA_OFFSET = 1.0 + 1e-7
"""sigma = elu(z) + this: elu gives more than −1, so that sigma stays above 0."""

_SEVEN_BITS = 10.0 / 127.0
"""Step of a MIDI control in the scaled space."""


@dataclass(frozen=True, eq=False)
class LSTMLayer:
    """One LSTM layer; columns are gates in Keras's order: input, forget, cell, output.

    ``kernel`` (in, 4U), ``recurrent`` (U, 4U), ``bias`` (4U,), all float32.
    """

    kernel: FloatArray
    recurrent: FloatArray
    bias: FloatArray


_FIXED = {"plain": type(None), "residual": Residual, "gestures": Gestures}
"""The class of what is fixed, by architecture."""


@dataclass(frozen=True, eq=False)
class Weights:
    """All that makes up one trained network; float32 throughout.

    ``mixture_kernel`` (U, M(2D+1)), with as many rows more as there are features where the architecture skips, and
    ``mixture_bias`` (M(2D+1),) give ``[mu (M·D) | z (M·D) | logits (M)]``, where sigma = elu(z) + 1 + 1e-7 and
    component k's values are ``[k·D : (k+1)·D]``. ``residual`` holds the constants of the architecture: none for
    ``plain``, a :class:`Residual` for ``residual``, :class:`Gestures` for ``gestures``. ``spread`` multiplies the
    sigma of a plain network: 1, but for those that were trained with another scale than 10 (see
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
        if not self.layers:
            raise ModelError("the network has no LSTM layer")
        units = self.units
        architecture = ARCHITECTURES[self.architecture]
        fan_in = architecture.features(self.dimension)
        for i, layer in enumerate(self.layers):
            expect(f"LSTM layer {i}: kernel", layer.kernel, (fan_in, 4 * units))
            expect(f"LSTM layer {i}: recurrent kernel", layer.recurrent, (units, 4 * units))
            expect(f"LSTM layer {i}: bias", layer.bias, (4 * units,))
            fan_in = units
        width = max(1, self.mixtures) * (2 * self.dimension + 1)
        inputs = architecture.mixture_inputs(self.dimension, units)
        expect("mixture layer: kernel", self.mixture_kernel, (inputs, width))
        expect("mixture layer: bias", self.mixture_bias, (width,))
        if type(self.residual) is not _FIXED[self.architecture]:
            raise ModelError(
                f"a network of the architecture {self.architecture} lacks its constants, or has those of another"
            )
        if self.residual is not None:
            expect("grid", self.residual.grid, (self.dimension - 1,))
            expect("scale of sigma", self.residual.sigma_scale, (self.mixtures, self.dimension))
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
    def mixtures(self) -> int:
        """Number M of mixture components."""
        return self.mixture_bias.size // (2 * self.dimension + 1)

    @property
    def carried_pairs(self) -> int:
        """How many pairs of states [1, U] carry the last values along; 0 where the architecture needs none."""
        return -(-ARCHITECTURES[self.architecture].carries(self.dimension) // (2 * self.units))

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
    dimension: int,
    size: Size,
    *,
    rng: np.random.Generator,
    mixtures: int = MIXTURES,
    architecture: str = "plain",
) -> Weights:
    """An untrained network, for tests and timing: Glorot-uniform kernels, forget-gate biases of 1.

    The ranges are Keras's: kernel in ±sqrt(6 / (rows + columns)), biases 0 elsewhere. If ``architecture`` is
    ``residual``, every control lies on the grid of 7-bit MIDI values; a network ``gestures`` has components of all
    kinds besides. Raises ModelError if it is not known.
    """

    def glorot(rows: int, columns: int) -> FloatArray:
        limit = np.sqrt(6.0 / (rows + columns))
        return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)

    if architecture not in ARCHITECTURES:
        raise ModelError(f"no architecture is called {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    units, widths = size.units, ARCHITECTURES[architecture]
    bias = np.zeros(4 * units, np.float32)
    bias[units : 2 * units] = 1.0
    fan_ins = [widths.features(dimension)] + [units] * (size.layers - 1)
    layers = tuple(LSTMLayer(glorot(fan_in, 4 * units), glorot(units, 4 * units), bias) for fan_in in fan_ins)
    width = mixtures * (2 * dimension + 1)
    kernel = glorot(widths.mixture_inputs(dimension, units), width)
    residual = None if architecture == "plain" else _seven_bits(dimension, mixtures)
    if residual is not None and architecture == "gestures":
        residual = _gestures(residual)
    return Weights(dimension, layers, kernel, np.zeros(width, np.float32), architecture, residual)


def _seven_bits(dimension: int, mixtures: int) -> Residual:
    """Constants for 7-bit controls of which one step is a usual change, and a floor of a third of a step."""
    step = np.full(dimension - 1, _SEVEN_BITS, np.float32)
    ones = np.ones((mixtures, dimension), np.float32)
    return Residual(step, np.reciprocal(step), ones, ones * np.float32(_SEVEN_BITS / 3))


_CONTINUING = ((1, 0, 1), (1, 0, 1), (1, 0, 1), (1, 0, 1), (0, 1, 1), (0, 1, -1), (0, 1, 1), (0, 1, -1))
"""Components that continue a gesture: momentum, one_sided, direction."""
_BEGINNING = ((0, 1, 1), (0, 1, -1), (0, 0, 1))
"""Components that begin one, for each control."""


def _gestures(residual: Residual) -> Gestures:
    """Components of every kind: those that continue, begin for one control, move nothing, and move everything.

    8, 2 and 1 of them, and the rest begin gestures, if there are 12 or more; else some of each kind in turn.
    """
    mixtures, dimension = residual.sigma_scale.shape
    n = dimension - 1
    rows = [(*kind, 1, -1) for kind in _CONTINUING]
    rows += [
        (*_BEGINNING[i // n % len(_BEGINNING)], 0, i % n) for i in range(max(mixtures - len(_CONTINUING) - 3, 1))
    ]
    rows += [(0, 0, 0, 0, -1)] * 2 + [(0, 0, 1, 0, -1)]
    chosen = np.array(rows, np.float32)[np.arange(mixtures) * len(rows) // mixtures]
    momentum, one_sided, way, continues, control = np.ascontiguousarray(chosen.T)
    moves = (control[:, None] < 0) | (control[:, None] == np.arange(n))
    step = residual.grid
    scale = np.tile(np.append(np.float32(1), step), (mixtures, 1))
    return Gestures(
        step,
        residual.change_scale,
        scale,
        scale / np.float32(12),
        step,
        step,
        step / np.float32(8),
        way[:, None] * moves.astype(np.float32),
        one_sided,
        momentum,
        continues,
        np.array([1.3], np.float32),
    )

"""A mixture-density recurrent network as plain arrays: what every model file comes to.

The network is a stack of LSTM layers followed by one dense layer whose outputs are the parameters of a mixture
of Gaussians with diagonal covariance (Bishop, "Mixture Density Networks", 1994; Graves, "Generating
Sequences With Recurrent Neural Networks", 2013).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models.sizes import MIXTURES, Size, model_name

__all__ = [
    "ARCHITECTURES",
    "EDGE_REACH",
    "FINEST_GRID",
    "SIGMA_OFFSET",
    "Architecture",
    "FloatArray",
    "LSTMLayer",
    "Residual",
    "Weights",
    "random_weights",
]

FloatArray = NDArray[np.float32]

SIGMA_OFFSET = 1.0 + 1e-7
"""sigma = elu(z) + this: elu gives more than −1, so that sigma stays above 0."""

FINEST_GRID = 2.0**-40
"""Steps of a grid are larger than this, scaled space. Every float32 of 2**-17 or more is a multiple of it, so that
rounding to it changes nothing that could matter: where only some controls have a grid, the others are rounded to
this."""


@dataclass(frozen=True)
class Architecture:
    """What the layers of a network hear.

    ``features`` gives, by dimension D, how many numbers the first LSTM layer hears; ``skips`` is whether the dense
    layer hears them too, after the U outputs of the last LSTM layer.
    """

    features: Callable[[int], int]
    skips: bool

    def mixture_inputs(self, dimension: int, units: int) -> int:
        """How many numbers the dense layer hears."""
        return units + self.features(dimension) if self.skips else units


ARCHITECTURES: Mapping[str, Architecture] = {
    "plain": Architecture(lambda dimension: dimension, skips=False),
    "residual": Architecture(lambda dimension: 5 * dimension - 4, skips=True),
}
"""The architectures by name.

``plain``: the layer hears the scaled interaction vector, and the dense layer gives the mixture as it stands.
``residual``: see :class:`Residual`.
"""

EDGE_REACH = 0.5
"""Within how many usual moves (of 1 / change_scale) of its end a control counts as at its end."""

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


@dataclass(frozen=True, eq=False)
class Residual:
    """What is fixed before a network of the architecture ``residual`` learns; all float32, in the scaled space.

    With v the vector that is heard (D = n + 1 numbers, scaled), in float32:

    - base_i = round(v_i · (1 / grid_i)) · grid_i, halves to even, and v_i where grid_i is 0 (a continuous control);
    - change_i = tanh(change_scale_i · (base_i − last_i)), last being the base of the step before, 0 at first;
    - low_i = max(0, 1 − base_i · change_scale_i · 2), high_i = max(0, 1 − (10 − base_i) · change_scale_i · 2): 1 at
      an end of the control's way, 0 from half a usual move on;
    - the features, 1 + 5n = 5D − 4 of them, are
      ``[log(1 + 100 · max(v_0, 0)), base (n), change (n), change² (n), low (n), high (n)]``;
    - the first LSTM layer hears the features; the dense layer hears ``[h of the last LSTM layer | features]``;
    - the dense layer's mu count from base, and turn back at the ends: with m = mu'_k,i, for i ≥ 1
      mu_k,i = base_i + m · (1 − 2 low_i) + max(m, 0) · 2 (low_i − high_i), which is base_i + m away from the ends,
      base_i + |m| at the lower, base_i − |m| at the upper one; and mu_k,0 = mu'_k,0;
    - sigma = sigma_scale · (elu(z) + 1 + 1e-7) + sigma_floor.

    So a control that nobody moves stays where it is without having to be learned (residual learning: He et al. 2016).
    Which control moved last, and how, is at hand for the mixture at once, where the LSTM layers would first have
    to learn to pass it on (skip connections from the input to the output layer: Graves 2013). The squares say
    whether a control moved, either way, and low and high that it is at an end of its way, where it can only turn
    back: a line through the changes or the values alone cannot. ``grid`` and ``change_scale``
    are (n,) and ≥ 0, ``sigma_scale`` > 0 and ``sigma_floor`` ≥ 0 are (M, D). Raises ModelError if they are not.
    """

    grid: FloatArray
    change_scale: FloatArray
    sigma_scale: FloatArray
    sigma_floor: FloatArray

    def __post_init__(self) -> None:
        if self.grid.ndim != 1 or self.sigma_scale.ndim != 2:
            raise ModelError(
                f"a grid of shape {self.grid.shape} and scales of sigma of shape {self.sigma_scale.shape} are not one"
                " for each control, and one for each component and number"
            )
        _expect("grid", self.grid, self.grid.shape)
        _expect("scale of changes", self.change_scale, self.grid.shape)
        _expect("scale of sigma", self.sigma_scale, self.sigma_scale.shape)
        _expect("floor under sigma", self.sigma_floor, self.sigma_scale.shape)
        if ((self.grid != 0) & (self.grid <= FINEST_GRID)).any():
            raise ModelError(f"a grid has steps above {FINEST_GRID:g}, or 0 where there is none; not {self.grid}")
        if (self.change_scale < 0).any() or (self.sigma_floor < 0).any() or (self.sigma_scale <= 0).any():
            raise ModelError("a scale or a floor of the network is below 0, or a scale of sigma is 0")

    @property
    def has_grid(self) -> bool:
        """Whether any control lies on a grid."""
        return bool(self.grid.any())

    def rounding(self) -> tuple[FloatArray, FloatArray]:
        """``(per_step, step)``, both (n,): base = rint(v · per_step) · step, computed in float32.

        A product with the reciprocal, not a quotient: that is what compilers of training frameworks make of it, and
        values half way between two steps (0.5 on the grid of 1/127) must go the same way everywhere.
        """
        step = self.grid.copy()
        step[step == 0] = FINEST_GRID
        return np.reciprocal(step), step


@dataclass(frozen=True, eq=False)
class Weights:
    """All that makes up one trained network; float32 throughout.

    ``mixture_kernel`` (U, M(2D+1)), or (U + 3D − 2, M(2D+1)) where the architecture is ``residual``, and
    ``mixture_bias`` (M(2D+1),) give ``[mu (M·D) | z (M·D) | logits (M)]``, where sigma = elu(z) + 1 + 1e-7 and
    component k's values are ``[k·D : (k+1)·D]``. ``residual`` holds the constants of the architecture of that
    name, which only that one has. ``spread`` multiplies the sigma of a plain network: it is 1 but for those that were
    trained with another scale than 10 (:mod:`impsy.models.scale`).

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
            _expect(f"LSTM layer {i}: kernel", layer.kernel, (fan_in, 4 * units))
            _expect(f"LSTM layer {i}: recurrent kernel", layer.recurrent, (units, 4 * units))
            _expect(f"LSTM layer {i}: bias", layer.bias, (4 * units,))
            fan_in = units
        width = max(1, self.mixtures) * (2 * self.dimension + 1)
        inputs = architecture.mixture_inputs(self.dimension, units)
        _expect("mixture layer: kernel", self.mixture_kernel, (inputs, width))
        _expect("mixture layer: bias", self.mixture_bias, (width,))
        if (self.architecture == "residual") != (self.residual is not None):
            raise ModelError("the constants of a residual network are missing, or another network has them")
        if self.residual is not None:
            _expect("grid", self.residual.grid, (self.dimension - 1,))
            _expect("scale of sigma", self.residual.sigma_scale, (self.mixtures, self.dimension))

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
        return 0 if self.residual is None else -(-(self.dimension - 1) // (2 * self.units))

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
    ``residual``, every control lies on the grid of 7-bit MIDI values. Raises ModelError if it is not known.
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
    residual = _seven_bits(dimension, mixtures) if architecture == "residual" else None
    return Weights(dimension, layers, kernel, np.zeros(width, np.float32), architecture, residual)


def _seven_bits(dimension: int, mixtures: int) -> Residual:
    """Constants for 7-bit controls of which one step is a usual change, and a floor of a third of a step."""
    step = np.full(dimension - 1, _SEVEN_BITS, np.float32)
    ones = np.ones((mixtures, dimension), np.float32)
    return Residual(step, np.reciprocal(step), ones, ones * np.float32(_SEVEN_BITS / 3))

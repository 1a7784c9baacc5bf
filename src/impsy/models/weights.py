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

from impsy.errors import ModelError
from impsy.models.architectures import FloatArray, Gestures, Residual, expect
from impsy.models.landings import Landings
from impsy.models.sizes import MIXTURES, Size, model_name

__all__ = ["ARCHITECTURES", "SIGMA_OFFSET", "LSTMLayer", "Weights", "random_weights"]

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
    dimension: int,
    size: Size,
    *,
    rng: np.random.Generator,
    mixtures: int = MIXTURES,
    architecture: str = "plain",
) -> Weights:
    """An untrained network, for tests and timing: Glorot-uniform kernels, forget-gate biases of 1.

    The ranges are Keras's: kernel in ±sqrt(6 / (rows + columns)), biases 0 elsewhere. If ``architecture`` is not
    ``plain``, every control lies on the grid of 7-bit MIDI values; a network ``gestures`` has components of all
    kinds besides. In one of ``landings`` the first control is a note; it has no more than
    ``mixtures`` components, as many as values and slots make up. Raises ModelError if the architecture is not known.
    """

    def glorot(rows: int, columns: int) -> FloatArray:
        limit = np.sqrt(6.0 / (rows + columns))
        return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)

    if architecture not in ARCHITECTURES:
        raise ModelError(f"no architecture is called {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    units = size.units
    fixed = _MAKERS[architecture](dimension, mixtures)
    features = dimension if fixed is None else fixed.features
    bias = np.zeros(4 * units, np.float32)
    bias[units : 2 * units] = 1.0
    fan_ins = [features] + [units] * (size.layers - 1)
    layers = tuple(LSTMLayer(glorot(fan_in, 4 * units), glorot(units, 4 * units), bias) for fan_in in fan_ins)
    inputs, width = (units, mixtures * (2 * dimension + 1)) if fixed is None else (units + features, fixed.outputs)
    return Weights(dimension, layers, glorot(inputs, width), np.zeros(width, np.float32), architecture, fixed)


def _seven_bits(dimension: int, mixtures: int) -> Residual:
    """Constants for 7-bit controls of which one step is a usual change, and a floor of a third of a step."""
    step = np.full(dimension - 1, _SEVEN_BITS, np.float32)
    ones = np.ones((mixtures, dimension), np.float32)
    return Residual(step, np.reciprocal(step), ones, ones * np.float32(_SEVEN_BITS / 3))


_CONTINUING = ((1, 0, 1), (1, 0, 1), (1, 0, 1), (1, 0, 1), (0, 1, 1), (0, 1, -1), (0, 1, 1), (0, 1, -1))
"""Components that continue a gesture: momentum, one_sided, direction."""
_BEGINNING = ((0, 1, 1), (0, 1, -1), (0, 0, 1))
"""Components that begin one, for each control."""


def _gestures(dimension: int, mixtures: int) -> Gestures:
    """Components of every kind: those that continue, begin for one control, move nothing, and move everything.

    8, 2 and 1 of them, and the rest begin gestures, if there are 12 or more; else some of each kind in turn.
    """
    residual = _seven_bits(dimension, mixtures)
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


def _landings(dimension: int, mixtures: int) -> Landings:
    """The first control is a note of as many values as make up ``mixtures`` with up to nine slots.

    The last slot lands nothing and moves everything, the others move the knobs.
    """
    slots = min(9, max(1, mixtures - 1))
    count = max(1, (mixtures - 1) // slots)
    n = dimension - 1
    residual = _seven_bits(dimension, slots + 1)
    step = residual.grid
    moves = np.ones((slots + 1, n), np.float32)
    moves[:-1, 0] = 0
    anchors = np.geomspace(0.5, 50, slots).astype(np.float32)

    def one(value: float) -> FloatArray:
        return np.array([value], np.float32)

    return Landings(
        step,
        residual.change_scale,
        residual.sigma_scale,
        residual.sigma_floor,
        one(0),
        one(max(0, 60 - count // 2)),
        one(count),
        np.append(np.zeros(slots, np.float32), np.float32(-1)),
        moves,
        np.append(anchors, np.float32(1)),
        anchors,
        step,
        (step / 10).astype(np.float32),
        np.ones(n, np.float32),
    )


_MAKERS: Mapping[str, Callable[[int, int], Residual | None]] = {
    "plain": lambda _dimension, _mixtures: None,
    "residual": _seven_bits,
    "gestures": _gestures,
    "landings": _landings,
}

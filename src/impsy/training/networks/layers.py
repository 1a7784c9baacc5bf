"""What all networks have in common while they learn: LSTM layers, a dense layer, and weights in and out.

Networks learn from features that are linear in those that files know (scaled to about ±1, or sums of them); this is
folded into the weights when they are taken out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from impsy.errors import ModelError
from impsy.models.architectures import EDGE_REACH, FloatArray, Residual
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.weights import SIGMA_OFFSET, LSTMLayer, Weights

__all__ = ["RecurrentNetwork", "log_normal", "lstm", "moved", "positive", "standing"]

HALF_LOG_TWO_PI = 0.9189385332046727
_KERNEL_START = 0.3
"""The dense layer starts with less influence of the LSTM than usual: the data's own scales are a good start."""


class RecurrentNetwork(ABC):
    """A network that learns.

    Its weights are a list: kernel, recurrent kernel and bias of each LSTM layer, then kernel and bias of the dense
    layer.

    Args:
        fixed: what is fixed of the architecture; None for ``plain``.
        heard: (F', F) and (F',): what is heard is this matrix · the features of files (F,) + this offset. Beyond the
            first F rows, only combinations of features are heard, which the first ones make up too.
        outputs: of the dense layer.
        dropout: share of each LSTM layer's outputs that are left out, the same ones throughout a window.
        deaf: share of the features that are left out in the same way.
    """

    def __init__(
        self,
        dimension: int,
        size: Size,
        fixed: Residual | None,
        heard: tuple[FloatArray, FloatArray],
        outputs: int,
        dropout: float,
        deaf: float = 0.0,
    ) -> None:
        self.dimension, self.size, self.fixed, self.outputs = dimension, size, fixed, outputs
        self.architecture = "plain" if fixed is None else fixed.architecture
        self._matrix, self._offset = (part.astype(np.float32) for part in heard)
        self._dropout, self._deaf = dropout, deaf
        self._skips = fixed is not None

    @abstractmethod
    def start(self, seed: int, starts: Any = None) -> list[FloatArray]:
        """Weights to begin with; ``starts`` says where outputs begin."""

    @abstractmethod
    def likelihood(self, weights: Sequence[Any], heard: Any, targets: Any, key: Any = None) -> Any:
        """log of the density of ``targets`` (B, T, D) after ``heard`` (B, T, D), × 10 space: (B, T) nats.

        With a ``key``, some features and some outputs of the LSTM layers are left out.
        """

    def changed(self, window: Any, key: Any) -> Any:  # noqa: ARG002
        """Windows (B, T, D), × 10 space, changed at random in ways that keep what matters."""
        return window

    @abstractmethod
    def _columns(self) -> tuple[Any, FloatArray, int]:
        """For each output: its column in files, and the unit that it counts in; and how many columns there are."""

    # ------------------------------------------------------------------ weights

    def _start(self, rng: np.random.Generator) -> list[FloatArray]:
        """Weights to begin with: Glorot-uniform kernels, orthogonal recurrent kernels, forget gates open."""
        units = self.size.units
        weights: list[FloatArray] = []
        inputs = len(self._matrix)

        def glorot(rows: int, columns: int) -> FloatArray:
            limit = np.sqrt(6.0 / (rows + columns))
            return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)

        for _ in range(self.size.layers):
            recurrent = [np.linalg.qr(rng.standard_normal((units, units)))[0] for _ in range(4)]
            bias = np.zeros(4 * units, np.float32)
            bias[units : 2 * units] = 1.0
            weights += [glorot(inputs, 4 * units), np.concatenate(recurrent, 1).astype(np.float32), bias]
            inputs = units
        kernel = glorot(units, self.outputs)
        if self._skips:
            features = np.zeros((len(self._matrix), self.outputs), np.float32)
            kernel = np.vstack([kernel * np.float32(_KERNEL_START), features])
        return [*weights, kernel, np.zeros(self.outputs, np.float32)]

    def weights(self, learned: Sequence[Any]) -> Weights:
        """What was learned, as files hold it; raises ModelError if a number is not finite."""
        arrays = [np.asarray(array, np.float32) for array in learned]
        units = self.size.units
        layers = [LSTMLayer(*arrays[3 * i : 3 * i + 3]) for i in range(self.size.layers)]
        first = layers[0]
        layers[0] = LSTMLayer(
            self._matrix.T @ first.kernel, first.recurrent, first.bias + self._offset @ first.kernel
        )
        kernel, bias = arrays[-2], arrays[-1]
        if self._skips:
            bias = bias + self._offset @ kernel[units:]
            kernel = np.vstack([kernel[:units], self._matrix.T @ kernel[units:]])
        columns, unit, width = self._columns()
        whole, whole_bias = np.zeros((len(kernel), width), np.float32), np.zeros(width, np.float32)
        whole[:, columns], whole_bias[columns] = kernel * unit, bias * unit
        return Weights(self.dimension, tuple(layers), whole, whole_bias, self.architecture, self.fixed)

    def unfolded(self, weights: Weights) -> list[FloatArray]:
        """The inverse of :meth:`weights`; raises ModelError if the network is of another shape."""
        columns, unit, width = self._columns()
        same = (weights.dimension, weights.size, weights.mixture_bias.size) == (self.dimension, self.size, width)
        if not same or weights.architecture != self.architecture:
            raise ModelError("the model's shape is not that of the network to train")
        units = self.size.units
        arrays = [part for layer in weights.layers for part in (layer.kernel, layer.recurrent, layer.bias)]
        arrays[0] = self._unheard(arrays[0])
        arrays[2] = arrays[2] - self._offset @ arrays[0]
        kernel, bias = weights.mixture_kernel[:, columns] / unit, weights.mixture_bias[columns] / unit
        if self._skips:
            features = self._unheard(kernel[units:])
            bias = bias - self._offset @ features
            kernel = np.vstack([kernel[:units], features])
        return [*arrays, kernel, bias]

    def _unheard(self, kernel: FloatArray) -> FloatArray:
        """A kernel of files' features (F, outputs) as one of the features that are heard (F', outputs)."""
        count = self._matrix.shape[1]
        none = np.zeros((len(self._matrix) - count, kernel.shape[1]), np.float32)
        return np.vstack([kernel / np.diag(self._matrix[:count])[:, None], none])

    # ------------------------------------------------------------------ computing

    def _dense(self, weights: Sequence[Any], features: Any, key: Any = None) -> Any:
        """The dense layer's outputs (B, T, …), given the features of files (B, T, F)."""
        heard = jnp.swapaxes(features @ self._matrix.T + self._offset, 0, 1)
        if key is not None and self._deaf:
            key, drawn = jax.random.split(key)
            heard = _left_out(heard, self._deaf, drawn)
        h = heard
        for i in range(self.size.layers):
            kernel, recurrent, bias = weights[3 * i : 3 * i + 3]
            h = lstm(h @ kernel + bias, recurrent)
            if key is not None and self._dropout:
                key, drawn = jax.random.split(key)
                h = _left_out(h, self._dropout, drawn)
        if self._skips:
            h = jnp.concatenate([h, heard], -1)
        return jnp.swapaxes(h @ weights[-2] + weights[-1], 0, 1)


def _left_out(h: Any, share: float, key: Any) -> Any:
    """Some of the numbers of (T, B, numbers) left out, the same ones throughout a window."""
    kept = jax.random.bernoulli(key, 1 - share, (1, *h.shape[1:]))
    return h * (kept / (1 - share))


def positive(z: Any) -> Any:
    """elu(z) + 1 + 1e-7."""
    return jax.nn.elu(z) + SIGMA_OFFSET


def standing(fixed: Residual, vectors: Any) -> tuple[Any, Any, Any]:
    """Where the controls stand after events (B, T, D), and how close they are to their lower and upper ends."""
    per_step, step = fixed.rounding()
    base = jnp.round(vectors[..., 1:] * per_step) * step
    per_way = fixed.change_scale / np.float32(EDGE_REACH)
    low = jax.nn.relu(1 - base * per_way)
    high = jax.nn.relu(1 - (np.float32(SCALE_FACTOR) - base) * per_way)
    return base, low, high


def moved(base: Any, travel: Any, low: Any, high: Any) -> Any:
    """The means of controls that travel from ``base`` and turn back at their ends."""
    return base + travel * (1 - 2 * low) + jax.nn.relu(travel) * (2 * (low - high))


def log_normal(x: Any, mu: Any, sigma: Any) -> Any:
    """log of the density of Normal(mu, sigma) at x."""
    z = (x - mu) / sigma
    return -0.5 * z * z - jnp.log(sigma) - HALF_LOG_TWO_PI


@jax.custom_vjp  # type: ignore[untyped-decorator]
def lstm(inputs: Any, recurrent: Any) -> Any:
    """The outputs (T, B, U) of an LSTM layer that begins with the zero state.

    ``inputs`` (T, B, 4U) is kernel · x + bias of each event, gates in Keras's order; ``recurrent`` is (U, 4U).
    Hochreiter & Schmidhuber 1997, with forget gates. The gradient of the recurrent weights is one product over all
    events of a window; automatic differentiation would sum over them event by event, and a step of training would
    take 1.2 times as long on a CPU.
    """
    return _forward(inputs, recurrent)[0]


def _forward(inputs: Any, recurrent: Any) -> tuple[Any, Any]:
    batch, units = inputs.shape[1], recurrent.shape[0]
    zero = jnp.zeros((batch, units), inputs.dtype)

    def step(state: tuple[Any, Any], x: Any) -> tuple[tuple[Any, Any], tuple[Any, ...]]:
        h, c = state
        write, keep, new, show = jnp.split(x + h @ recurrent, 4, -1)
        write, keep, show = jax.nn.sigmoid(write), jax.nn.sigmoid(keep), jax.nn.sigmoid(show)
        new = jnp.tanh(new)
        after = keep * c + write * new
        squashed = jnp.tanh(after)
        h = show * squashed
        return (h, after), (h, c, jnp.concatenate([write, keep, new, show], -1), squashed)

    _, (outputs, before, gates, squashed) = jax.lax.scan(step, (zero, zero), inputs)
    return outputs, (outputs, before, gates, squashed, recurrent)


def _backward(saved: Any, gradient: Any) -> tuple[Any, Any]:
    outputs, before, gates, squashed, recurrent = saved
    turned = recurrent.T
    zero = jnp.zeros_like(outputs[0])

    def step(state: tuple[Any, Any], x: Any) -> tuple[tuple[Any, Any], Any]:
        from_next, cell = state
        gradient, c, gates, squashed = x
        write, keep, new, show = jnp.split(gates, 4, -1)
        gradient = gradient + from_next
        cell = cell + gradient * show * (1 - squashed * squashed)
        into = jnp.concatenate(
            [
                cell * new * write * (1 - write),
                cell * c * keep * (1 - keep),
                cell * write * (1 - new * new),
                gradient * squashed * show * (1 - show),
            ],
            -1,
        )
        return (into @ turned, cell * keep), into

    _, into = jax.lax.scan(step, (zero, zero), (gradient, before, gates, squashed), reverse=True)
    earlier = jnp.concatenate([zero[None], outputs[:-1]], 0)
    return into, jnp.einsum("tbu,tbk->uk", earlier, into)


lstm.defvjp(_forward, _backward)

"""The network as it plays: one event after another, each heard again, compiled for training.

The same computation as the Keras model's, step by step, so that training can listen to what a network plays alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from impsy.models.architectures import EDGE_REACH
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.weights import SIGMA_OFFSET
from impsy.train.constants import Constants
from impsy.train.objective import Mixture

__all__ = ["Player"]

SIGMA_TEMPERATURE = 0.01
"""That at which models play unless told otherwise; the temperature of the components is 1."""
LEAST_DT = 0.01
"""The shortest wait that is played, in the × 10 space."""


class _State(NamedTuple):
    """LSTM states, (h, c) for each layer, and the base heard last."""

    layers: tuple[tuple[Any, Any], ...]
    last: Any


class Player:
    """Plays residual networks whose weights stand in a list, in the order of Keras's trainable variables."""

    def __init__(self, dimension: int, size: Size, constants: Constants) -> None:
        self._dimension, self._size, self._constants = dimension, size, constants
        self._mixtures = len(constants.mu_start)

    def play(self, weights: Sequence[Any], heard: Any, events: int, key: Any) -> Any:
        """What is played after ``heard`` (B, T, D), × 10 space: (B, ``events``, D), clipped as live."""
        batch = heard.shape[0]
        zeros = jnp.zeros((batch, self._size.units))
        state = _State(((zeros, zeros),) * self._size.layers, jnp.zeros((batch, self._dimension - 1)))

        def listen(state: _State, vector: Any) -> tuple[_State, None]:
            return self._advance(weights, state, vector)[0], None

        def answer(carry: tuple[_State, Any], noise: tuple[Any, Any]) -> tuple[tuple[_State, Any], Any]:
            state, vector = carry
            state, mixture = self.hear(weights, state, vector)
            drawn = _draw(mixture, *noise)
            return (state, drawn), drawn

        state, _ = jax.lax.scan(listen, state, jnp.swapaxes(heard[:, :-1], 0, 1))
        which, how = jax.random.split(key)
        gumbel = jax.random.gumbel(which, (events, batch, self._mixtures))
        normal = jax.random.normal(how, (events, batch, self._dimension))
        _, played = jax.lax.scan(answer, (state, heard[:, -1]), (gumbel, normal))
        return jnp.swapaxes(played, 0, 1)

    def hear(self, weights: Sequence[Any], state: _State, vector: Any) -> tuple[_State, Mixture]:
        """One event (B, D): the state after it, and the mixture that is expected next."""
        state, h, features, base, low, high = self._advance_parts(weights, state, vector)
        kernels, biases = list(weights[-6::2]), list(weights[-5::2])
        out = jnp.concatenate([h, features], -1) @ jnp.concatenate(kernels, 1) + jnp.concatenate(biases)
        width = self._mixtures * self._dimension
        shape = (-1, self._mixtures, self._dimension)
        fixed = self._constants.residual
        mu = out[:, :width].reshape(shape) * self._constants.mu_scale
        moves = mu[..., 1:]
        back, onward = (1 - 2 * low)[:, None], (2 * (low - high))[:, None]
        moves = moves * back + jax.nn.relu(moves) * onward + base[:, None]
        sigma = (jax.nn.elu(out[:, width : 2 * width]) + SIGMA_OFFSET).reshape(shape)
        sigma = sigma * fixed.sigma_scale + fixed.sigma_floor
        return state, Mixture(jnp.concatenate([mu[..., :1], moves], -1), sigma, out[:, 2 * width :])

    def _advance(self, weights: Sequence[Any], state: _State, vector: Any) -> tuple[_State, Any]:
        after, h, *_ = self._advance_parts(weights, state, vector)
        return after, h

    def _advance_parts(self, weights: Sequence[Any], state: _State, vector: Any) -> tuple[Any, ...]:
        fixed = self._constants.residual
        per_step, step = fixed.rounding()
        base = jnp.round(vector[:, 1:] * per_step) * step
        change = jnp.tanh((base - state.last) * fixed.change_scale)
        per_way = fixed.change_scale / np.float32(EDGE_REACH)
        low = jax.nn.relu(1 - base * per_way)
        high = jax.nn.relu(1 - (np.float32(SCALE_FACTOR) - base) * per_way)
        logged = jnp.log(1 + 100 * jnp.maximum(vector[:, :1], 0))
        features = jnp.concatenate([logged, base, change, change * change, low, high], -1)
        features = (features - self._constants.feature_offset) * self._constants.feature_scale
        h, layers = features, []
        for i, (last_h, last_c) in enumerate(state.layers):
            kernel, recurrent, bias = weights[3 * i : 3 * i + 3]
            write, keep, new, show = jnp.split(h @ kernel + last_h @ recurrent + bias, 4, axis=-1)
            cell = jax.nn.sigmoid(keep) * last_c + jax.nn.sigmoid(write) * jnp.tanh(new)
            h = jax.nn.sigmoid(show) * jnp.tanh(cell)
            layers.append((h, cell))
        return _State(tuple(layers), base), h, features, base, low, high


def _draw(mixture: Mixture, gumbel: Any, normal: Any) -> Any:
    """One event (B, D) of each mixture at the default temperatures, clipped to what can be played.

    The largest of logits and ``gumbel`` noise (B, M) is component k with its probability (Gumbel 1954).
    """
    chosen = jnp.argmax(mixture.logits + gumbel, -1)[:, None, None]
    mu = jnp.take_along_axis(mixture.mu, chosen, 1)[:, 0]
    sigma = jnp.take_along_axis(mixture.sigma, chosen, 1)[:, 0]
    drawn = mu + sigma * np.sqrt(SIGMA_TEMPERATURE) * normal
    dt = jnp.maximum(drawn[:, :1], LEAST_DT)
    return jnp.concatenate([dt, jnp.clip(drawn[:, 1:], 0, SCALE_FACTOR)], -1)

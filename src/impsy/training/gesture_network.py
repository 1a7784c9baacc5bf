"""The Keras model of a gesture network, for saving.

It is made of what Keras and keras-mdn-layer have, so that they open it without IMPSY; see
:class:`impsy.models.architectures.Gestures` for what it computes. Its definition stands in the configuration of one
layer, :data:`impsy.models.keras_read.DEFINITION`, through which nothing but zeros go.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from impsy.models.architectures import EDGE_REACH, Gestures
from impsy.models.keras_read import DEFINITION, as_listed
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.training.backend import prepare

prepare()

import keras  # noqa: E402 - after prepare()
from keras import layers, ops  # noqa: E402
from keras_mdn_layer import MDN  # noqa: E402

__all__ = ["gesture_model"]


def gesture_model(dimension: int, size: Size, fixed: Gestures, mixture: str) -> Any:
    """(B, T, D) in the × 10 space -> (B, T, M(2D+1)); ``mixture`` is the name of the layer with the dense layers."""
    mixtures = len(fixed.direction)
    width = mixtures * dimension
    inputs = keras.Input((None, dimension), name="inputs")
    time, values = inputs[..., :1], inputs[..., 1:]
    per_step, step = fixed.rounding()
    base = _scaled(ops.round(_scaled(values, per_step)), step, name="residual_grid")
    # Nothing was heard before the first event, so that nothing moved.
    move = (base - _before(base)) * _before(ops.ones_like(time))
    per_threshold = np.reciprocal(fixed.threshold)
    turns = ops.absolute(ops.round(_scaled(move, per_threshold)))
    moved = ops.minimum(ops.max(turns, axis=-1, keepdims=True), 1.0)
    gesture = _latest(move, moved)
    way = ops.clip(ops.round(_scaled(gesture, per_threshold)), -1.0, 1.0)
    ways = ops.absolute(way)
    change = ops.tanh(_scaled(move, fixed.change_scale, name="residual_change"))
    low, high = _ends(base, fixed)
    logged = ops.log(1.0 + 100.0 * ops.maximum(time, 0.0)) + _defined(time, fixed)
    memory = ops.tanh(_scaled(gesture, fixed.change_scale / np.float32(2)))
    features = layers.Concatenate()([logged, base, change, change * change, low, high, memory, ways, moved])
    h = features
    for i in range(size.layers):
        h = layers.LSTM(size.units, return_sequences=True, name=f"lstm_{i}")(h)
    h = layers.Concatenate()([h, features])
    out = layers.TimeDistributed(MDN(dimension, mixtures), name=mixture)(h)
    rest = np.ones(mixtures, np.float32)
    scales = np.concatenate([np.ones(width, np.float32), fixed.sigma_scale.reshape(-1), rest])
    floors = np.concatenate([np.zeros(width, np.float32), fixed.sigma_floor.reshape(-1), 0 * rest])
    out = _scaled(out, scales, floors, name="residual_output")
    travel, sigma = out[..., :width], out[..., width : 2 * width]

    def each(numbers: Any) -> Any:
        """For every component's mean, nothing for time."""
        return ops.tile(ops.concatenate([ops.zeros_like(time), numbers], axis=-1), (1, 1, mixtures))

    mu = _travelled(travel, sigma, each(ops.absolute(gesture)), fixed) * _directed(each(way), fixed)
    mu = mu * (1.0 - 2.0 * each(low)) + ops.relu(mu) * (2.0 * each(low - high)) + each(base)
    sigma = _at_rest(sigma, each(ways), fixed)
    return keras.Model(inputs, ops.concatenate([mu, sigma, out[..., 2 * width :]], axis=-1))


def _scaled(x: Any, scale: Any, offset: Any = None, name: str | None = None) -> Any:
    """scale · x + offset, both constants, in a layer that keeps them in its configuration."""
    return layers.Rescaling(scale.tolist(), 0.0 if offset is None else offset.tolist(), name=name)(x)


def _before(x: Any) -> Any:
    """What each event's predecessor had; 0 for the first."""
    return layers.Cropping1D((0, 1))(layers.ZeroPadding1D((1, 0))(x))


def _latest(move: Any, moved: Any) -> Any:
    """The moves of the last event that moved anything, 0 before the first such: picked by a product with 0 and 1.

    Events are numbered by how many moved anything up to them; of those with one number, the first did.
    """
    number = ops.cumsum(moved, axis=1)
    same = ops.cast(ops.equal(number, ops.transpose(number, (0, 2, 1))), "float32")
    return ops.matmul(same * ops.transpose(moved, (0, 2, 1)), move)


def _ends(base: Any, fixed: Gestures) -> tuple[Any, Any]:
    per_way = fixed.change_scale / np.float32(EDGE_REACH)
    beyond = np.float32(1) - np.float32(SCALE_FACTOR) * per_way
    return ops.relu(_scaled(base, -per_way, np.ones_like(per_way))), ops.relu(_scaled(base, per_way, beyond))


def _defined(time: Any, fixed: Gestures) -> Any:
    """Zero."""
    return ops.sum(_scaled(ops.zeros_like(time), as_listed(fixed), name=DEFINITION), axis=-1, keepdims=True)


def _of_components(fixed: Gestures, values: Any) -> Any:
    """Values of components for every mean, 0 for time."""
    controls = np.append(np.float32(0), np.ones(fixed.grid.size, np.float32))
    return np.outer(values, controls).reshape(-1)


def _of_controls(fixed: Gestures, values: Any) -> Any:
    """Values of controls for every mean, 0 for time."""
    return np.tile(np.append(np.float32(0), values), len(fixed.direction))


def _travelled(travel: Any, sigma: Any, speed: Any, fixed: Gestures) -> Any:
    one_sided = _of_components(fixed, fixed.one_sided)
    momentum = _of_components(fixed, fixed.momentum * (1 - fixed.one_sided))
    unit = _of_controls(fixed, fixed.unit)
    forward = _scaled(ops.elu(travel), one_sided * unit, one_sided * unit)
    travel = _scaled(travel, 1 - one_sided) + forward + _scaled(speed, momentum)
    bounded = one_sided + momentum
    bound = np.where(bounded > 0, unit / 2, np.finfo(np.float32).min)
    least = _scaled(sigma, bounded * fixed.margin, bound)
    return ops.maximum(travel + _scaled(least, one_sided), least)


def _directions(fixed: Gestures) -> tuple[Any, Any]:
    """The direction of every mean, 1 for time; and whether it continues."""
    time = np.ones((len(fixed.direction), 1), np.float32)
    return np.hstack([time, fixed.direction]).reshape(-1), _of_components(fixed, fixed.continues)


def _directed(way: Any, fixed: Gestures) -> Any:
    direction, continues = _directions(fixed)
    return _scaled(way, direction * continues, direction * (1 - continues))


def _at_rest(sigma: Any, ways: Any, fixed: Gestures) -> Any:
    direction, continues = _directions(fixed)
    live = np.abs(direction)
    rest = _of_controls(fixed, fixed.rest)
    moving = _scaled(ways, live * continues, live * (1 - continues))
    return _scaled(_scaled(sigma, np.ones_like(rest), -rest) * moving, np.ones_like(rest), rest)

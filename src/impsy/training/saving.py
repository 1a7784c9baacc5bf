"""The Keras model of a network, for ``.keras`` files.

It is made of what Keras and keras-mdn-layer have, so that they open it without IMPSY; training does not use it
(:mod:`impsy.training.networks`). See :mod:`impsy.models.architectures` for what it computes. The definition of a
gesture network is in the configuration of one layer, :data:`impsy.models.keras_read.DEFINITION`, which outputs zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from impsy.models.architectures import EDGE_REACH, Gestures, Residual
from impsy.models.keras_read import DEFINITION, as_listed
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.weights import Weights
from impsy.training.backend import prepare

prepare()

import keras  # noqa: E402 - after prepare()
from keras import layers, ops  # noqa: E402
from keras_mdn_layer import MDN  # noqa: E402

__all__ = ["empty_model", "fill", "saved_model"]

_MIXTURE = "td_mdn"


def saved_model(weights: Weights) -> Any:
    """The Keras model that holds ``weights``: (B, T, D) in the × 10 space -> (B, T, M(2D+1)), for ``model.save``."""
    return fill(empty_model(weights), weights)


def fill(model: Any, weights: Weights) -> Any:
    """Put ``weights`` into a model that was made for a network like theirs; returns the model."""
    lstms = [layer for layer in model.layers if isinstance(layer, layers.LSTM)]
    for layer, learned in zip(lstms, weights.layers, strict=True):
        layer.set_weights([learned.kernel, learned.recurrent, learned.bias])
    mixture = model.get_layer(_MIXTURE)
    ends = np.cumsum([array.size for array in mixture.get_weights()[1::2]])
    kernels, biases = np.split(weights.mixture_kernel, ends[:-1], 1), np.split(weights.mixture_bias, ends[:-1])
    mixture.set_weights([array for part in zip(kernels, biases, strict=True) for array in part])
    return model


def empty_model(like: Weights) -> Any:
    """The untrained Keras model of a network of this shape and architecture."""
    fixed, dimension, mixtures = like.residual, like.dimension, like.mixtures
    inputs = keras.Input((None, dimension), name="inputs")
    heard = None if fixed is None else _Features(inputs, fixed)
    h = features = inputs if heard is None else heard.features
    for i in range(like.size.layers):
        h = layers.LSTM(like.size.units, return_sequences=True, name=f"lstm_{i}")(h)
    if heard is not None:
        h = layers.Concatenate()([h, features])
    out = layers.TimeDistributed(MDN(dimension, mixtures), name=_MIXTURE)(h)
    return keras.Model(inputs, out if heard is None else _mixture(out, heard))


class _Features:
    """What is computed from the events (B, T, D) before the LSTM layers."""

    def __init__(self, inputs: Any, fixed: Residual) -> None:
        self.fixed, self.time = fixed, inputs[..., :1]
        per_step, step = fixed.rounding()
        self.base = _scaled(ops.round(_scaled(inputs[..., 1:], per_step)), step, name="residual_grid")
        move = self.base - _before(self.base)
        if isinstance(fixed, Gestures):
            move = move * _before(ops.ones_like(self.time))  # nothing has moved at the first event
        change = ops.tanh(_scaled(move, fixed.change_scale, name="residual_change"))
        self.low, self.high = _ends(self.base, fixed)
        logged = ops.log(1.0 + 100.0 * ops.maximum(self.time, 0.0))
        more = []
        if isinstance(fixed, Gestures):
            logged = logged + _defined(self.time, fixed)
            per_threshold = np.reciprocal(fixed.threshold)
            turns = ops.absolute(ops.round(_scaled(move, per_threshold)))
            moved = ops.minimum(ops.max(turns, axis=-1, keepdims=True), 1.0)
            self.gesture = _latest(move, moved)
            self.way = ops.clip(ops.round(_scaled(self.gesture, per_threshold)), -1.0, 1.0)
            memory = ops.tanh(_scaled(self.gesture, fixed.change_scale / np.float32(2)))
            more = [memory, ops.absolute(self.way), moved]
        parts = [logged, self.base, change, change * change, self.low, self.high, *more]
        self.features = layers.Concatenate()(parts)

    def of_means(self, numbers: Any) -> Any:
        """Numbers of the controls for the mean of every component, 0 for time."""
        of_component = ops.concatenate([ops.zeros_like(self.time), numbers], axis=-1)
        return ops.tile(of_component, (1, 1, self.fixed.mixtures))


def _mixture(out: Any, heard: _Features) -> Any:
    """[mu | sigma | logits] from the outputs of the mixture layer."""
    fixed, each = heard.fixed, heard.of_means
    width, rest = fixed.sigma_scale.size, np.ones(fixed.mixtures, np.float32)
    scales = np.concatenate([np.ones(width, np.float32), fixed.sigma_scale.reshape(-1), rest])
    floors = np.concatenate([np.zeros(width, np.float32), fixed.sigma_floor.reshape(-1), 0 * rest])
    out = _scaled(out, scales, floors, name="residual_output")
    travel, sigma = out[..., :width], out[..., width : 2 * width]
    if isinstance(fixed, Gestures):
        travel = _travelled(travel, sigma, each(ops.absolute(heard.gesture)), fixed)
        travel = travel * _directed(each(heard.way), fixed)
        sigma = _at_rest(sigma, each(ops.absolute(heard.way)), fixed)
    low, high = heard.low, heard.high
    mu = travel * (1.0 - 2.0 * each(low)) + ops.relu(travel) * (2.0 * each(low - high)) + each(heard.base)
    return ops.concatenate([mu, sigma, out[..., 2 * width :]], axis=-1)


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


def _ends(base: Any, fixed: Residual) -> tuple[Any, Any]:
    per_way = fixed.change_scale / np.float32(EDGE_REACH)
    beyond = np.float32(1) - np.float32(SCALE_FACTOR) * per_way
    return ops.relu(_scaled(base, -per_way, np.ones_like(per_way))), ops.relu(_scaled(base, per_way, beyond))


def _defined(time: Any, fixed: Gestures) -> Any:
    """The definition, in the configuration of a layer; its output is zero."""
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

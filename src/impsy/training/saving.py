"""The Keras model of a network, for ``.keras`` files.

It is made of what Keras and keras-mdn-layer have, so that they open it without IMPSY. Training does not use it
(:mod:`impsy.training.networks.recurrent`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from impsy.models.architectures import EDGE_REACH, Gestures, Residual
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.weights import Weights
from impsy.training.backend import prepare
from impsy.training.gesture_network import gesture_model

prepare()

import keras  # noqa: E402 - after prepare()
from keras import layers, ops  # noqa: E402
from keras_mdn_layer import MDN  # noqa: E402

__all__ = ["empty_model", "fill", "saved_model"]

_MIXTURE = "td_mdn"


def saved_model(weights: Weights) -> Any:
    """The Keras model that holds ``weights``: (B, T, D) in the × 10 space -> (B, T, M(2D+1)), for ``model.save``."""
    return fill(empty_model(weights), weights)


def empty_model(like: Weights) -> Any:
    """The Keras model of a network like this, which knows nothing yet."""
    fixed, dimension, size = like.residual, like.dimension, like.size
    if fixed is None:
        return _plain(dimension, size, like.mixtures)
    if isinstance(fixed, Gestures):
        return gesture_model(dimension, size, fixed, _MIXTURE)
    return _residual(dimension, size, fixed)


def fill(model: Any, weights: Weights) -> Any:
    """Put ``weights`` into a model that was made for a network like theirs; gives the model."""
    lstms = [layer for layer in model.layers if isinstance(layer, layers.LSTM)]
    for layer, learned in zip(lstms, weights.layers, strict=True):
        layer.set_weights([learned.kernel, learned.recurrent, learned.bias])
    mixture = model.get_layer(_MIXTURE)
    ends = np.cumsum([array.size for array in mixture.get_weights()[1::2]])
    kernels, biases = np.split(weights.mixture_kernel, ends[:-1], 1), np.split(weights.mixture_bias, ends[:-1])
    mixture.set_weights([array for part in zip(kernels, biases, strict=True) for array in part])
    return model


def _mixture(dimension: int, mixtures: int) -> Any:
    return layers.TimeDistributed(MDN(dimension, mixtures), name=_MIXTURE)


def _plain(dimension: int, size: Size, mixtures: int) -> Any:
    """The released network."""
    inputs = keras.Input((None, dimension), name="inputs")
    h = inputs
    for i in range(size.layers):
        h = layers.LSTM(size.units, return_sequences=True, name=f"lstm_{i}")(h)
    return keras.Model(inputs, _mixture(dimension, mixtures)(h))


def _residual(dimension: int, size: Size, fixed: Residual) -> Any:
    """See :class:`impsy.models.architectures.Residual` for what is computed."""
    mixtures = len(fixed.sigma_scale)
    width = mixtures * dimension
    inputs = keras.Input((None, dimension), name="inputs")
    time, values = inputs[..., :1], inputs[..., 1:]
    per_step, step = fixed.rounding()
    steps = ops.round(layers.Rescaling(per_step.tolist(), name="residual_steps")(values))
    base = layers.Rescaling(step.tolist(), name="residual_grid")(steps)
    last = layers.Cropping1D((0, 1))(layers.ZeroPadding1D((1, 0))(base))
    moved = layers.Rescaling(fixed.change_scale.tolist(), name="residual_change")(base - last)
    change = ops.tanh(moved)
    logged = ops.log(1.0 + 100.0 * ops.maximum(time, 0.0))
    square = layers.Multiply()([change, change])
    per_way = fixed.change_scale / np.float32(EDGE_REACH)
    low = ops.relu(layers.Rescaling((-per_way).tolist(), 1.0, name="low_end")(base))
    beyond = np.float32(1) - np.float32(SCALE_FACTOR) * per_way
    high = ops.relu(layers.Rescaling(per_way.tolist(), beyond.tolist(), name="high_end")(base))
    features = layers.Concatenate()([logged, base, change, square, low, high])
    h = features
    for i in range(size.layers):
        h = layers.LSTM(size.units, return_sequences=True, name=f"lstm_{i}")(h)
    h = layers.Concatenate()([h, features])
    mixture = _mixture(dimension, mixtures)(h)
    ones, rest = np.ones(width, np.float32), np.ones(mixtures, np.float32)
    scales = np.concatenate([ones, fixed.sigma_scale.reshape(-1), rest])
    floors = np.concatenate([0 * ones, fixed.sigma_floor.reshape(-1), 0 * rest])
    mixture = layers.Rescaling(scales.tolist(), floors.tolist(), name="residual_output")(mixture)

    def each(values: Any) -> Any:
        """For every component's mean, nothing for time."""
        return ops.tile(ops.concatenate([ops.zeros_like(time), values], axis=-1), (1, 1, mixtures))

    moves = mixture[..., :width]
    back = 1.0 - 2.0 * each(low)
    mu = moves * back + ops.relu(moves) * (2.0 * each(low - high)) + each(base)
    return keras.Model(inputs, ops.concatenate([mu, mixture[..., width:]], axis=-1))

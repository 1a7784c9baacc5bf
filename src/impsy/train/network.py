"""The network in Keras, for training and for saving, and its weights in and out.

For saving it is made of what Keras and keras-mdn-layer have, so that they open it without IMPSY. For training the
same layers see features of about ±1 and count means in units of the data (:class:`impsy.train.constants.Constants`),
with dropout between; that is folded into the weights when they are taken out, and unfolded when they are put in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.models.architectures import EDGE_REACH, FloatArray, Gestures, Residual
from impsy.models.sizes import MIXTURES, SCALE_FACTOR, Size
from impsy.models.weights import LSTMLayer, Weights
from impsy.train.backend import prepare
from impsy.train.constants import Constants
from impsy.train.gesture_network import gesture_model

prepare()

import keras  # noqa: E402 - after prepare()
from keras import layers, ops  # noqa: E402
from keras_mdn_layer import MDN  # noqa: E402

__all__ = ["build", "build_plain", "get_weights", "put_weights", "saved_model"]

_MIXTURE = "td_mdn"
_KERNEL_START = 0.3
"""The mixture layer starts with less influence of the LSTM than usual: the data's own scales are a good start."""


def build(dimension: int, size: Size, constants: Constants, dropout: float) -> Any:
    """The residual network for training: (B, T, D) in the × 10 space -> (B, T, M(2D+1)) ``[mu | sigma | logits]``."""
    model = _residual(dimension, size, constants.residual, constants, dropout)
    kernel, bias = _mixture_arrays(model)
    width = constants.mu_start.size
    kernel[: size.units] *= _KERNEL_START
    kernel[size.units :] = 0
    bias[:width] = constants.mu_start.reshape(-1)
    bias[width:] = 0
    _put_mixture(model, kernel, bias)
    return model


class _AtOnce(layers.Wrapper):  # type: ignore[misc]
    """A layer for single events, applied to all events of a window at once.

    ``TimeDistributed``, which files have, computes the same, but JAX compiles it once for each event.
    """

    def __init__(self, layer: Any, outputs: int, **more: Any) -> None:
        super().__init__(layer, **more)
        self._outputs = outputs

    def call(self, x: Any) -> Any:
        return self.layer(x)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], self._outputs)


def _mixture_layer(dimension: int, mixtures: int, training: bool) -> Any:
    layer = MDN(dimension, mixtures)
    if training:
        return _AtOnce(layer, mixtures * (2 * dimension + 1), name=_MIXTURE)
    return layers.TimeDistributed(layer, name=_MIXTURE)


def build_plain(dimension: int, size: Size, mixtures: int = MIXTURES, *, training: bool = True) -> Any:
    """The released network, (B, T, D) -> (B, T, M(2D+1)); not for ``training``, one that can be saved."""
    inputs = keras.Input((None, dimension), name="inputs")
    h = inputs
    for i in range(size.layers):
        h = layers.LSTM(size.units, return_sequences=True, name=f"lstm_{i}")(h)
    return keras.Model(inputs, _mixture_layer(dimension, mixtures, training)(h))


def saved_model(weights: Weights) -> Any:
    """The Keras model that holds ``weights``, fit for ``model.save(….keras)``."""
    if weights.residual is None:
        model = build_plain(weights.dimension, weights.size, weights.mixtures, training=False)
    elif isinstance(weights.residual, Gestures):
        model = gesture_model(weights.dimension, weights.size, weights.residual, _MIXTURE)
    else:
        model = _residual(weights.dimension, weights.size, weights.residual, None, 0.0)
    put_weights(model, weights, None)
    return model


def _residual(dimension: int, size: Size, fixed: Residual, constants: Constants | None, dropout: float) -> Any:
    """See :class:`impsy.models.weights.Residual` for what is computed."""
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
    mu_scale = np.ones(width, np.float32)
    if constants is not None:
        scale, offset = constants.feature_scale, constants.feature_offset
        features = layers.Rescaling(scale.tolist(), (-offset * scale).tolist(), name="about_one")(features)
        mu_scale = constants.mu_scale.reshape(-1)
    h = features
    for i in range(size.layers):
        h = layers.LSTM(size.units, return_sequences=True, name=f"lstm_{i}")(h)
        if dropout:
            h = layers.Dropout(dropout, noise_shape=(None, 1, None), name=f"dropout_{i}")(h)
    h = layers.Concatenate()([h, features])
    mixture = _mixture_layer(dimension, mixtures, constants is not None)(h)
    rest = np.ones(mixtures, np.float32)
    scales = np.concatenate([mu_scale, fixed.sigma_scale.reshape(-1), rest])
    floors = np.concatenate([0 * mu_scale, fixed.sigma_floor.reshape(-1), 0 * rest])
    mixture = layers.Rescaling(scales.tolist(), floors.tolist(), name="residual_output")(mixture)

    def each(values: Any) -> Any:
        """For every component's mean, nothing for time."""
        return ops.tile(ops.concatenate([ops.zeros_like(time), values], axis=-1), (1, 1, mixtures))

    moves = mixture[..., :width]
    back = 1.0 - 2.0 * each(low)
    mu = moves * back + ops.relu(moves) * (2.0 * each(low - high)) + each(base)
    return keras.Model(inputs, ops.concatenate([mu, mixture[..., width:]], axis=-1))


def get_weights(model: Any, dimension: int, constants: Constants | None) -> Weights:
    """What ``model`` learned; ``constants`` are those it was built with for training, None for a saved model's.

    Raises ModelError if a number is not finite.
    """
    kernels = [
        LSTMLayer(*(np.asarray(array, np.float32) for array in layer.get_weights()))
        for layer in model.layers
        if isinstance(layer, layers.LSTM)
    ]
    kernel, bias = _mixture_arrays(model)
    if constants is None:
        return Weights(dimension, tuple(kernels), kernel, bias)
    scale, offset = constants.feature_scale, constants.feature_offset
    units = kernels[0].recurrent.shape[0]
    first = kernels[0]
    folded = first.kernel * scale[:, None]
    kernels[0] = LSTMLayer(folded, first.recurrent, first.bias - offset @ folded)
    kernel[units:] *= scale[:, None]
    bias -= offset @ kernel[units:]
    width = constants.mu_scale.size
    kernel[:, :width] *= constants.mu_scale.reshape(-1)
    bias[:width] *= constants.mu_scale.reshape(-1)
    return Weights(dimension, tuple(kernels), kernel, bias, "residual", constants.residual)


def put_weights(model: Any, weights: Weights, constants: Constants | None) -> None:
    """The inverse of :func:`get_weights`; raises ModelError if the shapes differ."""
    lstms = [layer for layer in model.layers if isinstance(layer, layers.LSTM)]
    try:
        arrays, kernel, bias = _unfolded(weights, constants)
        for layer, values in zip(lstms, arrays, strict=True):
            layer.set_weights(values)
        _put_mixture(model, kernel, bias)
    except ValueError as error:
        raise ModelError(f"the model's shape is not that of the network to train: {error}") from error


def _unfolded(weights: Weights, constants: Constants | None) -> tuple[list[list[FloatArray]], FloatArray, FloatArray]:
    """What the LSTM layers, and the mixture layer's kernel and bias, hold in training."""
    arrays = [[layer.kernel, layer.recurrent, layer.bias] for layer in weights.layers]
    kernel, bias = weights.mixture_kernel.copy(), weights.mixture_bias.copy()
    if constants is not None:
        scale, offset = constants.feature_scale, constants.feature_offset
        first = weights.layers[0]
        arrays[0] = [first.kernel / scale[:, None], first.recurrent, first.bias + offset @ first.kernel]
        width = constants.mu_scale.size
        kernel[:, :width] /= constants.mu_scale.reshape(-1)
        bias[:width] /= constants.mu_scale.reshape(-1)
        bias += offset @ kernel[weights.units :]
        kernel[weights.units :] /= scale[:, None]
    return arrays, kernel, bias


def _mixture_arrays(model: Any) -> tuple[FloatArray, FloatArray]:
    """(inputs, M(2D+1)) and (M(2D+1),): the mixture layer's three dense layers side by side."""
    arrays = [np.array(array, np.float32) for array in model.get_layer(_MIXTURE).get_weights()]
    return np.hstack(arrays[0::2]), np.hstack(arrays[1::2])


def _put_mixture(model: Any, kernel: FloatArray, bias: FloatArray) -> None:
    layer = model.get_layer(_MIXTURE)
    sizes = [array.size for array in layer.get_weights()[1::2]]
    if kernel.shape[1] != sum(sizes):
        raise ValueError(f"a mixture of {kernel.shape[1]} parameters, not {sum(sizes)}")
    ends = np.cumsum(sizes)
    parts = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    layer.set_weights([array for part in parts for array in (kernel[:, part], bias[part])])

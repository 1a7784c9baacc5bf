"""Reading what Keras saves: ``.keras`` archives, ``.h5`` and ``.weights.h5`` files of versions 2 and 3.

The layouts name things in many ways (``lstm0/lstm0/kernel:0``, ``layers/lstm/cell/vars/0``,
``td_mdn/td_mdn/mdn_outputs/mdn_mus/kernel``, ``kernel_1:0``…), but group them alike: the arrays of one layer
lie together, an LSTM's as (in, 4U), (U, 4U), (4U,), a dense layer's as (U, N), (N,).

The constants of a residual network stand in the configuration of a ``.keras`` archive, as those of three layers of
kind ``Rescaling``: ``residual_grid`` (scale: the steps, 0 where there is no grid), ``residual_change`` (scale), and
``residual_output``, whose scale and offset are vectors over the whole mixture, other than 1 and 0 for sigma only.
A gesture network has those, and a fourth, ``gestures_definition``, whose scale is all that its definition adds, one
field after another (:func:`as_listed`).
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from impsy.archives import DamagedArchive, ZipArchive
from impsy.errors import ModelError
from impsy.limits import DESCRIPTION_BYTES, Budget
from impsy.models.architectures import FINEST_GRID, FloatArray, Gestures, Residual
from impsy.models.isolated import read_hdf5
from impsy.models.weights import LSTMLayer, Weights

__all__ = ["DEFINITION", "as_listed", "interpret", "read_h5", "read_keras", "residual_constants"]

_logger = logging.getLogger(__name__)

_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"
_LAYERS = frozenset({"InputLayer", "LSTM", "MDN", "TimeDistributed"})
_ARITHMETIC_NAMES = """
Absolute Activation Add Cast Clip Concatenate Cropping1D Cumsum Divide Elu Equal ExpandDims GetItem Identity Log Log1p
Matmul Max Maximum Minimum Multiply Negative OnesLike Pad ReLU Relu Repeat RepeatVector Rescaling Reshape Round Slice
Split Square Squeeze Stack Subtract Sum Tanh Tile Transpose TrueDivide Where ZeroPadding1D ZerosLike
"""
_ARITHMETIC = frozenset(_ARITHMETIC_NAMES.split())
"""Layers and operations without weights, of which the features and the mixture of a residual network are made."""
_RESIDUAL = ("residual_grid", "residual_change", "residual_output")
DEFINITION = "gestures_definition"
"""The layer that holds what a gesture network has besides."""
_FIELDS = ("threshold", "unit", "rest", "margin", "one_sided", "momentum", "continues", "direction")
_ACTIVATIONS = {"activation": "tanh", "recurrent_activation": "sigmoid"}

_ARRAY = re.compile(
    r"(?P<layer>.*?)/(?:(?P<role>recurrent_kernel|kernel|bias)(?:_(?P<nth>\d+))?(?::0)?|vars/(?P<var>\d+))"
)
"""The path of one array: that of its layer, and its role by name or by number."""
_HEADS = {
    "mus": "mu",
    "mdn_mus": "mu",
    "sigmas": "sigma",
    "mdn_sigmas": "sigma",
    "pis": "pi",
    "mdn_pi": "pi",
    "mdn_pis": "pi",
}
"""The dense layers inside a mixture layer, by the names that versions of keras-mdn-layer give them."""
_ORDER = ("mu", "sigma", "pi")


def read_h5(content: bytes) -> Weights:
    """The network in an HDF5 file that Keras wrote: weights, or a whole model.

    Raises ModelError if it is damaged or holds something else.
    """
    arrays, config = read_hdf5(content)
    for layer, key, value in _odd_activations(_parse(config)) if config else ():
        # Released versions load such weights into their own network, and so do the other front ends.
        _logger.warning(
            "layer %s was trained with %s %r, but is played with %r", layer, key, value, _ACTIVATIONS[key]
        )
    return interpret(arrays)


def read_keras(content: bytes) -> Weights:
    """The network in a ``.keras`` archive.

    Raises ModelError if it is damaged, or if its layers are not IMPSY's.
    """
    budget = Budget.of_file(len(content), ModelError)
    try:
        with ZipArchive(io.BytesIO(content), budget) as archive:
            text, weights = (_member(archive, name) for name in (_CONFIG, _WEIGHTS))
    except DamagedArchive as error:
        raise ModelError(f"the archive is of no use: {error}") from error
    config = _parse(text.decode("utf-8", "replace"))
    constants = residual_constants(config)
    known = _LAYERS | _ARITHMETIC if constants else _LAYERS
    for kind in _classes(config):
        if kind not in known:
            raise ModelError(f"it has a layer of kind {kind!r}, which IMPSY's networks do not have")
    for layer, key, value in _odd_activations(config):
        raise ModelError(f"its layer {layer!r} has {key} {value!r}; IMPSY's networks have {_ACTIVATIONS[key]!r}")
    return interpret(read_hdf5(weights)[0], constants)


def _member(archive: ZipArchive, name: str) -> bytes:
    """The part ``name``."""
    if name not in archive.names:
        raise ModelError(f"the archive holds no {name}: it is no Keras model")
    if name == _CONFIG and archive.size(name)[0] > DESCRIPTION_BYTES:
        raise ModelError(f"its {name} is far larger than any model's")
    return archive.read(name)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"its description of the network is not JSON ({error})") from error


def _layer_configs(config: Any) -> Iterator[dict[str, Any]]:
    """The layers of a model's configuration that can be read as such."""
    inner = config.get("config") if isinstance(config, dict) else None
    layers = inner.get("layers") if isinstance(inner, dict) else inner
    for layer in layers if isinstance(layers, list) else ():
        if isinstance(layer, dict) and isinstance(layer.get("config"), dict):
            yield layer


def _classes(config: Any) -> Iterator[str]:
    return (str(layer.get("class_name")) for layer in _layer_configs(config))


def _odd_activations(config: Any) -> Iterator[tuple[str, str, str]]:
    """``(layer, setting, value)`` wherever an LSTM layer is not the usual one."""
    for layer in _layer_configs(config):
        if layer.get("class_name") == "LSTM":
            for key, usual in _ACTIVATIONS.items():
                value = layer["config"].get(key, usual)
                if value != usual:
                    yield str(layer["config"].get("name")), key, str(value)


def residual_constants(config: Any) -> dict[str, dict[str, FloatArray]]:
    """``scale`` and ``offset`` of the three layers that hold a residual network's constants; empty if it has none.

    Raises ModelError if only some are there, or they are not numbers.
    """
    found: dict[str, dict[str, FloatArray]] = {}
    for layer in _layer_configs(config):
        name = str(layer["config"].get("name"))
        if name in (*_RESIDUAL, DEFINITION) and layer.get("class_name") == "Rescaling":
            found[name] = {key: _numbers(name, layer["config"].get(key)) for key in ("scale", "offset")}
    missing = [name for name in _RESIDUAL if name not in found]
    if found and missing:
        raise ModelError(f"it is a residual network, but lacks the layer {', '.join(missing)}")
    return found


def as_listed(fixed: Gestures) -> FloatArray:
    """What the layer :data:`DEFINITION` has as its scale."""
    return np.concatenate([getattr(fixed, field).reshape(-1) for field in _FIELDS])


def _gestures(residual: Residual, constants: Mapping[str, FloatArray], mixtures: int) -> Gestures:
    """The inverse of :func:`as_listed`, for a network whose other constants are those of ``residual``."""
    n = residual.grid.size
    sizes = [*[n] * 3, 1, *[mixtures] * 3, mixtures * n]
    if constants["scale"].shape != (sum(sizes),) or constants["offset"].any():
        raise ModelError(f"its layer {DEFINITION!r} does not fit its {mixtures} components and {n} controls")
    parts = dict(zip(_FIELDS, np.split(constants["scale"], np.cumsum(sizes)[:-1]), strict=True))
    parts["direction"] = parts["direction"].reshape(mixtures, n)
    return Gestures(residual.grid, residual.change_scale, residual.sigma_scale, residual.sigma_floor, **parts)


def _numbers(layer: str, value: Any) -> FloatArray:
    """A number or a list of numbers, as Keras writes them into a configuration; an array it wraps."""
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        value = value["config"].get("value")
    listed = value if isinstance(value, list) else [value]
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in listed):
        raise ModelError(f"its layer {layer!r} has constants that are not numbers")
    try:
        with np.errstate(over="ignore"):  # gives infinities, which are refused
            numbers = np.array(listed, np.float64).astype(np.float32)
    except OverflowError as error:
        raise ModelError(f"its layer {layer!r} has constants beyond all numbers") from error
    return numbers if isinstance(value, list) else numbers.reshape(())


def _residual(constants: Mapping[str, Mapping[str, FloatArray]], mixtures: int, width: int) -> Residual:
    """The constants of a network with ``mixtures`` components, whose means come to ``width``."""
    output = constants["residual_output"]
    sigma = slice(width, 2 * width)
    for key, neutral in (("scale", 1.0), ("offset", 0.0)):
        if output[key].shape != (2 * width + mixtures,):
            raise ModelError(f"its layer 'residual_output' has a {key} of another length than its mixture")
        if (np.delete(output[key], sigma) != neutral).any():
            raise ModelError(f"its layer 'residual_output' has a {key} for more than the deviations")
    if constants["residual_grid"]["offset"].any() or constants["residual_change"]["offset"].any():
        raise ModelError("its layers 'residual_grid' and 'residual_change' have an offset")
    grid = constants["residual_grid"]["scale"].copy()
    grid[grid == FINEST_GRID] = 0
    scale, floor = (output[key][sigma].reshape(mixtures, -1) for key in ("scale", "offset"))
    return Residual(grid, constants["residual_change"]["scale"], scale, floor)


def interpret(
    arrays: Mapping[str, FloatArray], constants: Mapping[str, Mapping[str, FloatArray]] | None = None
) -> Weights:
    """The network whose arrays, by HDF5 path, are ``arrays``; raises ModelError if they are not one.

    ``constants``: those of a residual network, by layer and setting.
    """
    layers: list[tuple[Any, LSTMLayer]] = []
    heads: dict[str, dict[str, FloatArray]] = {}
    groups = _grouped(arrays)
    for path, group in groups.items():
        if "recurrent_kernel" in group:
            kernel = group.get("kernel", np.zeros((0, 0), np.float32))
            columns = kernel.shape[-1] if kernel.ndim else 0
            bias = group.get("bias", np.zeros(columns, np.float32))
            layers.append((_natural(path), LSTMLayer(kernel, group["recurrent_kernel"], bias)))
        else:
            part = _head(path, groups)
            if part is None or part in heads:
                raise ModelError(f"it has a dense layer {path!r}, which IMPSY's networks do not have")
            heads[part] = group
    if not layers:
        raise ModelError("it holds no LSTM layer's weights")
    missing = [part for part in _ORDER if not {"kernel", "bias"} <= heads.get(part, {}).keys()]
    if missing:
        raise ModelError(f"it holds no weights for the mixture's {', '.join(missing)}")
    kernels, biases = ([heads[part][role] for part in _ORDER] for role in ("kernel", "bias"))
    if any(
        k.ndim != 2 or b.shape != k.shape[1:] or len(k) != len(kernels[0])
        for k, b in zip(kernels, biases, strict=True)
    ):
        raise ModelError("the weights of its mixture layer have shapes that do not fit together")
    mu, sigma, pi = (bias.size for bias in biases)
    if not pi or mu % pi or mu != sigma:
        raise ModelError(f"its mixture layer has {mu} means, {sigma} deviations and {pi} components")
    ordered = tuple(layer for _, layer in sorted(layers, key=lambda item: item[0]))
    kernel, bias = np.hstack(kernels), np.hstack(biases)
    if constants:
        fixed = _residual(constants, pi, mu)
        if DEFINITION not in constants:
            return Weights(mu // pi, ordered, kernel, bias, "residual", fixed)
        fixed = _gestures(fixed, constants[DEFINITION], pi)
        return Weights(mu // pi, ordered, kernel, bias, "gestures", fixed)
    for name, features in (("residual", 5 * (mu // pi) - 4), ("gestures", 7 * (mu // pi) - 5)):
        if ordered[0].kernel.shape[:1] == (features,):
            raise ModelError(f"it holds a {name} network without its constants; only .keras and .tflite have them")
    return Weights(mu // pi, ordered, kernel, bias)


def _head(path: str, groups: Mapping[str, object]) -> str | None:
    """Which part of the mixture the dense layer ``path`` gives; None if it is another dense layer."""
    numbered = [f"{path.partition('#')[0]}#{nth}" for nth in range(len(_ORDER))]
    if path in numbered and all(name in groups for name in numbered):
        return _ORDER[numbered.index(path)]
    return _HEADS.get(path.rsplit("/", 1)[-1])


def _grouped(arrays: Mapping[str, FloatArray]) -> dict[str, dict[str, FloatArray]]:
    """Arrays by layer and role.

    Where one group holds several dense layers (``kernel``, ``kernel_1``, ``kernel_2``: Keras 2's way with the
    unnamed ones of a mixture layer) they become ``path#0``, ``path#1``, ``path#2``.
    """
    groups: dict[str, dict[str, FloatArray]] = {}
    for path, array in arrays.items():
        match = _ARRAY.fullmatch(path)
        if match is None:
            continue
        layer, role = match["layer"], match["role"]
        if role is None:
            rank = array.ndim
            second = "recurrent_kernel" if rank == 2 else "bias"
            role = {"0": "kernel", "1": second, "2": "bias"}.get(match["var"], "")
        elif f"{layer}/recurrent_kernel" not in arrays and f"{layer}/recurrent_kernel:0" not in arrays:
            named = layer.rsplit("/", 1)[-1] in _HEADS
            layer = layer if named else f"{layer}#{match['nth'] or 0}"
        groups.setdefault(layer, {})[role] = array
    return groups


def _natural(path: str) -> list[tuple[int, str]]:
    """Sort key in which ``lstm`` < ``lstm_1`` < ``lstm_2`` < ``lstm_10``: digits go by how many they are, first."""
    return [(len(part) if i % 2 else 0, part) for i, part in enumerate(re.split(r"(\d+)", path))]

"""Reading back a network with constants from the ``.tflite`` file that :mod:`impsy.models.tflite.write` made.

The file says what it holds, and its tensors have the names that they were given. Neither is believed: what is read by
name is put together once more as it is written, and only if that gives the very same graph (operators, what they take
and give, options, shapes, and all constants that are not weights) is it the network that it claims to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.models.architectures import FINEST_GRID, FloatArray, Gestures, Residual
from impsy.models.landings import Landings
from impsy.models.mixture import Live
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite.constants import UnknownNetworkError, constant, data_of, read_note
from impsy.models.tflite.gestures import DEFINITION, numbers_of_gestures
from impsy.models.tflite.graph import Storage
from impsy.models.tflite.heads import numbers_of
from impsy.models.tflite.landings import LANDING_FIELDS, numbers_of_landings
from impsy.models.tflite.schema import Model, Tensor, TensorType
from impsy.models.tflite.write import FORMAT, METADATA, build_model
from impsy.models.weights import ARCHITECTURES, LSTMLayer, Weights

__all__ = ["claimed_architecture", "facts_of", "numbers_of_graph", "read_own", "scale_note"]

_COMPRESSED: Mapping[int, Storage] = {TensorType.FLOAT16: "float16", TensorType.INT8: "int8"}
_NAMES = {"residual": "a residual network", "gestures": "a gesture network", "landings": "a network for notes"}
"""The architectures that are read here, in words."""


def claimed_architecture(model: Model) -> str | None:
    """What the file says that it holds, if it says anything.

    Raises UnknownNetworkError if that is something that only a later version of IMPSY knows.
    """
    note = read_note(model, METADATA)
    architecture, form = note.get("architecture"), note.get("format")
    if not isinstance(architecture, str) or not isinstance(form, int):
        return None
    if architecture not in ARCHITECTURES or form > FORMAT:
        raise UnknownNetworkError(
            f"it was made by a newer IMPSY (architecture {architecture!r}, format {form}) than this one"
        )
    return architecture


def scale_note(model: Model) -> dict[str, Any]:
    """What the file says of its scale, as :func:`impsy.models.scale.scale_of` takes it; those of ours have 10."""
    note = read_note(model, METADATA)
    return {"scale": SCALE_FACTOR if note.get("architecture") in _NAMES else note.get("scale")}


def facts_of(model: Model) -> dict[str, Any]:
    """What its maker wants to be known of the file; empty if nothing."""
    facts = read_note(model, METADATA).get("facts")
    return facts if isinstance(facts, dict) else {}


def read_own(model: Model, architecture: str, size: int) -> Weights:
    """The network of that architecture in a file of ours of ``size`` bytes.

    Raises ModelError if the file is damaged, UnknownNetworkError (a ModelError) if it is sound but holds another
    graph than it says.
    """
    network = _NAMES[architecture]
    constants = _Constants(model, network)
    try:
        weights = _READERS[architecture](constants, size)
    except UnknownNetworkError:
        raise
    except (ModelError, ValueError) as error:
        raise UnknownNetworkError(f"it is not {network}, as it says that it is: {error}") from error
    kinds = {tensor.type for tensor in model.subgraphs[0].tensors}
    storage: Storage = next((storage for kind, storage in _COMPRESSED.items() if kind in kinds), "float32")
    with np.errstate(all="ignore"):  # numbers too large for the storage that a damaged file claims
        written = build_model(weights, storage)
    if not _is_same_graph(model, written):
        raise UnknownNetworkError(f"it says that it is {network}, but its graph is another")
    return weights


def _read_residual(constants: _Constants, size: int) -> Weights:
    change_scale = constants.take("residual/change_scale", 1)
    n = change_scale.size
    sigma_scale, floor = (constants.take(f"residual/{name}", 1) for name in ("sigma_scale", "sigma_floor"))
    _expect_room(numbers_of(n, sigma_scale.size), size)
    fixed = Residual(constants.grid(n), change_scale, sigma_scale.reshape(-1, n + 1), floor.reshape(-1, n + 1))
    kernel, bias = constants.mixture()
    return Weights(n + 1, constants.layers(), kernel, bias, "residual", fixed)


def _read_gestures(constants: _Constants, size: int) -> Weights:
    change_scale = constants.take("residual/change_scale", 1)
    n = change_scale.size
    definition = {
        field: constants.take(f"gestures/{field}", 2 if field == "direction" else 1) for field in DEFINITION
    }
    ones = np.ones((len(definition["direction"]), n + 1), np.float32)
    fixed = Gestures(constants.grid(n), change_scale, ones, 0 * ones, **definition)
    live = Live(fixed)
    _expect_room(numbers_of(n, live.places.size) + numbers_of_gestures(live), size)
    scale, floor = ones.copy(), 0 * ones
    for name, whole in (("sigma_scale", scale), ("sigma_floor", floor)):
        whole.flat[live.places] = constants.take(f"gestures/{name}", 1)
    fixed = replace(fixed, sigma_scale=scale, sigma_floor=floor)
    computed, some = constants.mixture()
    bias = np.zeros(live.mixtures * (2 * n + 3), np.float32)
    bias[live.columns] = some
    kernel = np.zeros((len(computed), bias.size), np.float32)
    kernel[:, live.columns] = computed
    return Weights(n + 1, constants.layers(), kernel, bias, "gestures", fixed)


def _read_landings(constants: _Constants, size: int) -> Weights:
    change_scale = constants.take("residual/change_scale", 1)
    n = change_scale.size
    definition = {
        field: constants.take(f"landings/{field}", 2 if field == "moves" else 1) for field in LANDING_FIELDS
    }
    ones = np.ones((len(definition["moves"]), definition["moves"].shape[1] + 1), np.float32)
    fixed = Landings(constants.grid(n), change_scale, ones, 0 * ones, **definition)
    _expect_room(numbers_of_landings(fixed), size)
    scale, floor = ones.copy(), 0 * ones
    moves = fixed.moves != 0
    for name, whole in (("sigma_scale", scale), ("sigma_floor", floor)):
        live = constants.take(f"residual/{name}", 1)
        whole[:, 0], whole[:, 1:][moves] = live[: len(moves)], live[len(moves) :]
    kernel, bias = constants.mixture()
    fixed = replace(fixed, sigma_scale=scale, sigma_floor=floor)
    return Weights(n + 1, constants.layers(), kernel, bias, "landings", fixed)


_READERS: Mapping[str, Callable[[_Constants, int], Weights]] = {
    "residual": _read_residual,
    "gestures": _read_gestures,
    "landings": _read_landings,
}


def numbers_of_graph(weights: Weights) -> int:
    """How many numbers the large constants have of a graph that plays ``weights``, without the weights."""
    fixed = weights.residual
    if fixed is None:
        return 0
    if isinstance(fixed, Landings):
        return numbers_of_landings(fixed)
    if isinstance(fixed, Gestures):
        live = Live(fixed)
        return numbers_of(fixed.grid.size, live.places.size) + numbers_of_gestures(live)
    return numbers_of(fixed.grid.size, fixed.sigma_scale.size)


def _expect_room(numbers: int, size: int) -> None:
    """What is made of a file must not be larger than the file, whose parts may be one part by many names."""
    if 4 * numbers > size:
        raise UnknownNetworkError("it is too small for the constants that a network of its shape has")


class _Constants:
    """The constants of a file's main graph, by name."""

    def __init__(self, model: Model, network: str) -> None:
        self._model = model
        self._network = network
        self._tensors = {tensor.name: tensor for tensor in model.subgraphs[0].tensors}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def take(self, name: str, rank: int) -> FloatArray:
        """The constant ``name``, of so many axes; raises UnknownNetworkError if there is none."""
        stored = (self._tensors.get(name + suffix) for suffix in ("/float16", "/int8", ""))
        tensor = next((tensor for tensor in stored if tensor is not None), None)
        value = None if tensor is None else constant(self._model, tensor)
        if value is None or value.ndim != rank or not value.size:
            raise UnknownNetworkError(f"it says that it is {self._network}, but lacks the constant {name}")
        return value

    def grid(self, controls: int) -> FloatArray:
        """The controls' steps, 0 where there are none."""
        if "residual/step" not in self:
            return np.zeros(controls, np.float32)
        step = self.take("residual/step", 1)
        return np.where(step == np.float32(FINEST_GRID), np.float32(0), step)

    def mixture(self) -> tuple[FloatArray, FloatArray]:
        """Kernel and bias of the dense layer."""
        return np.ascontiguousarray(self.take("mixture/kernel", 2).T), self.take("mixture/bias", 1)

    def layers(self) -> tuple[LSTMLayer, ...]:
        """The LSTM layers, first to last."""
        layers = list[LSTMLayer]()
        while f"lstm_{len(layers)}/bias" in self:
            name = f"lstm_{len(layers)}"
            kernel, recurrent = (self.take(f"{name}/{part}", 2) for part in ("kernel", "recurrent"))
            bias = self.take(f"{name}/bias", 1)
            layers.append(LSTMLayer(np.ascontiguousarray(kernel.T), np.ascontiguousarray(recurrent.T), bias))
        return tuple(layers)


def _is_same_graph(model: Model, other: Model) -> bool:
    """Whether both compute the same, but for how weights are rounded when they are compressed."""
    mine, theirs = model.subgraphs[0], other.subgraphs[0]
    return (
        (mine.inputs, mine.outputs) == (theirs.inputs, theirs.outputs)
        and list(_operations(model)) == list(_operations(other))
        and len(mine.tensors) == len(theirs.tensors)
        and all(
            _is_same_tensor(model, left, other, right)
            for left, right in zip(mine.tensors, theirs.tensors, strict=True)
        )
    )


def _operations(model: Model) -> Iterator[tuple[Any, ...]]:
    for operator in model.subgraphs[0].operators:
        if operator.code >= len(model.codes):
            raise ModelError("an operation in it has no code (damaged)")
        code = model.codes[operator.code]
        yield max(code.builtin, code.old_builtin), operator.inputs, operator.outputs, operator.options


def _is_same_tensor(model: Model, left: Tensor, other: Model, right: Tensor) -> bool:
    return (
        (left.name, left.shape, left.type) == (right.name, right.shape, right.type)
        and left.is_variable == right.is_variable
        and (left.type in _COMPRESSED or data_of(model, left) == data_of(other, right))
    )

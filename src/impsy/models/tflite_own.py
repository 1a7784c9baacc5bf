"""Reading back a residual network from the ``.tflite`` file that :mod:`impsy.models.tflite_write` made.

The file says what it holds, and its tensors have the names that they were given. Neither is believed: what is read by
name is put together once more as it is written, and only if that gives the very same graph (operators, what they take
and give, options, shapes, and all constants that are not weights) is it the network that it claims to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite_constants import UnknownNetworkError, constant, data_of, read_note
from impsy.models.tflite_graph import Storage
from impsy.models.tflite_schema import Model, Tensor, TensorType
from impsy.models.tflite_write import FORMAT, METADATA, build_model
from impsy.models.weights import ARCHITECTURES, FINEST_GRID, FloatArray, LSTMLayer, Residual, Weights

__all__ = ["claimed_architecture", "facts_of", "read_residual", "scale_note"]

_COMPRESSED: Mapping[int, Storage] = {TensorType.FLOAT16: "float16", TensorType.INT8: "int8"}


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
    """What the file says of its scale, as :func:`impsy.models.scale.scale_of` takes it; residual ones have 10."""
    note = read_note(model, METADATA)
    return {"scale": SCALE_FACTOR if note.get("architecture") == "residual" else note.get("scale")}


def facts_of(model: Model) -> dict[str, Any]:
    """What its maker wants to be known of the file; empty if nothing."""
    facts = read_note(model, METADATA).get("facts")
    return facts if isinstance(facts, dict) else {}


def read_residual(model: Model) -> Weights:
    """The residual network in a file of ours.

    Raises ModelError if the file is damaged, UnknownNetworkError (a ModelError) if it is sound but holds another
    graph than it says.
    """
    constants = _Constants(model)
    change_scale = constants.take("residual/change_scale", 1)
    n = change_scale.size
    sigma_scale = constants.take("residual/sigma_scale", 1)
    mixtures = sigma_scale.size // (n + 1)
    # Their sizes are squares of others': looked at here, they cannot be more than the file holds when made anew.
    width = mixtures * (n + 1)
    shapes = {
        "pick": (n, n + 1),
        "each": (width, n),
        "slopes": (2 * n, n),
        "back": (width, 2 * n),
        "onto": (width, 2 * n),
    }
    for name, shape in ((f"residual/{name}", shape) for name, shape in shapes.items()):
        if constants.take(name, 2).shape != shape:
            raise UnknownNetworkError(f"its constant {name} has another shape than it should")
    step = constants.take("residual/step", 1) if "residual/step" in constants else np.zeros(n, np.float32)
    try:
        floor = constants.take("residual/sigma_floor", 1).reshape(-1, n + 1)
        residual = Residual(
            np.where(step == np.float32(FINEST_GRID), np.float32(0), step),
            change_scale,
            sigma_scale.reshape(-1, n + 1),
            floor,
        )
        kernel, bias = constants.take("mixture/kernel", 2), constants.take("mixture/bias", 1)
        layers = tuple(constants.layers())
        weights = Weights(n + 1, layers, np.ascontiguousarray(kernel.T), bias, "residual", residual)
    except UnknownNetworkError:
        raise
    except (ModelError, ValueError) as error:
        raise UnknownNetworkError(f"it is not the residual network that it says it is: {error}") from error
    kinds = {tensor.type for tensor in model.subgraphs[0].tensors}
    storage: Storage = next((storage for kind, storage in _COMPRESSED.items() if kind in kinds), "float32")
    with np.errstate(all="ignore"):  # numbers too large for the storage that a damaged file claims
        written = build_model(weights, storage)
    if not _is_same_graph(model, written):
        raise UnknownNetworkError("it says that it is a residual network, but its graph is another")
    return weights


class _Constants:
    """The constants of a file's main graph, by name."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tensors = {tensor.name: tensor for tensor in model.subgraphs[0].tensors}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def take(self, name: str, rank: int) -> FloatArray:
        """The constant ``name``, of so many axes; raises UnknownNetworkError if there is none."""
        stored = (self._tensors.get(name + suffix) for suffix in ("/float16", "/int8", ""))
        tensor = next((tensor for tensor in stored if tensor is not None), None)
        value = None if tensor is None else constant(self._model, tensor)
        if value is None or value.ndim != rank or not value.size:
            raise UnknownNetworkError(f"it says that it is a residual network, but lacks the constant {name}")
        return value

    def layers(self) -> Iterator[LSTMLayer]:
        """The LSTM layers, first to last."""
        number = 0
        while f"lstm_{number}/bias" in self:
            kernel, recurrent = (self.take(f"lstm_{number}/{part}", 2) for part in ("kernel", "recurrent"))
            bias = self.take(f"lstm_{number}/bias", 1)
            yield LSTMLayer(np.ascontiguousarray(kernel.T), np.ascontiguousarray(recurrent.T), bias)
            number += 1


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

"""The constants of a ``.tflite`` file as arrays, whatever they are stored as; and what it says of itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from impsy.errors import ModelError
from impsy.models.architectures import FloatArray
from impsy.models.tflite.schema import Model, Tensor, TensorType

__all__ = ["LONGEST_NOTE", "UnknownNetworkError", "constant", "data_of", "read_note"]

_DTYPES = {TensorType.FLOAT32: "<f4", TensorType.FLOAT16: "<f2", TensorType.INT8: "i1"}
LONGEST_NOTE = 1 << 20
"""Bytes of what a file may say of itself."""


class UnknownNetworkError(ModelError):
    """The file is sound, but the weights of the network in it are not recognised."""


def data_of(model: Model, tensor: Tensor) -> memoryview | bytes:
    """The bytes of a tensor, none if it is not constant. Raises ModelError if it refers to no buffer."""
    if tensor.buffer >= len(model.buffers):
        raise ModelError(f"tensor {tensor.name!r} in it has no buffer (damaged)")
    return model.buffers[tensor.buffer].data


def constant(model: Model, tensor: Tensor) -> FloatArray | None:
    """The value of a tensor of weights, dequantised; None if it is not constant, or of another type.

    Raises ModelError if shape and bytes do not agree.
    """
    data = data_of(model, tensor)
    dtype = _DTYPES.get(TensorType(tensor.type)) if tensor.type in _DTYPES else None
    if not len(data) or dtype is None:
        return None
    count = 1
    for size in tensor.shape:
        count *= size
    if min(tensor.shape, default=1) < 0 or count * np.dtype(dtype).itemsize != len(data):
        raise ModelError(f"tensor {tensor.name!r} in it has shape {tensor.shape} but {len(data)} bytes")
    if model.budget is not None:
        model.budget.spend(count, 4)
    stored = np.frombuffer(data, dtype).reshape(tensor.shape)
    return _dequantise(stored, tensor) if tensor.type == TensorType.INT8 else stored.astype(np.float32)


def _dequantise(stored: np.ndarray, tensor: Tensor) -> FloatArray:
    """``scale · (stored − zero_point)``, by tensor or by one axis."""
    how = tensor.quantization
    if how is None or not how.scale or len(how.zero_point) not in (0, 1, len(how.scale)):
        raise UnknownNetworkError(f"tensor {tensor.name!r} in it is int8 without scales")
    scale = np.asarray(how.scale, np.float32)
    zero = np.asarray(how.zero_point or [0], np.float32)
    if scale.size > 1:
        if not 0 <= how.axis < stored.ndim or stored.shape[how.axis] != scale.size:
            raise ModelError(f"tensor {tensor.name!r} in it has {scale.size} scales for shape {tensor.shape}")
        along = [-1 if axis == how.axis else 1 for axis in range(stored.ndim)]
        scale, zero = scale.reshape(along), zero.reshape(along if zero.size > 1 else -1)
    with np.errstate(all="ignore"):  # a damaged scale gives infinities, which Weights refuses
        return ((stored.astype(np.float32) - zero) * scale).astype(np.float32)


def read_note(model: Model, name: str) -> dict[str, Any]:
    """The JSON object that the file's metadata hold under ``name``; empty if there is none that can be read."""
    for entry in model.metadata:
        if entry.name == name and entry.buffer < len(model.buffers):
            data = model.buffers[entry.buffer].data
            try:
                note = json.loads(bytes(data)) if len(data) <= LONGEST_NOTE else None
            except (ValueError, RecursionError):
                return {}
            return note if isinstance(note, dict) else {}
    return {}

"""The part of the TensorFlow Lite file format that IMPSY reads and writes.

Slots, type and operator codes: the public schema of the format (``schema.fbs``, version 3). What is not
declared here is skipped when reading.
"""

# ruff: noqa: RUF009 - what a schema calls in its defaults is dataclasses.field, under another name

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from impsy.limits import Budget
from impsy.models.tflite.flatbuffer import at, union

__all__ = [
    "IDENTIFIER",
    "RELU",
    "Add",
    "Buffer",
    "Concatenation",
    "Dequantize",
    "FullyConnected",
    "Metadata",
    "Model",
    "Multiply",
    "Op",
    "Operator",
    "OperatorCode",
    "Quantization",
    "Signature",
    "Split",
    "SplitV",
    "Subgraph",
    "Subtract",
    "Tensor",
    "TensorMap",
    "TensorType",
    "While",
]

IDENTIFIER = b"TFL3"
RELU = 1
"""As ``activation`` of an operator: what is below 0 becomes 0."""


class Op(IntEnum):
    """Builtin operators that we know by name."""

    ADD = 0
    CONCATENATION = 2
    DEQUANTIZE = 6
    FULLY_CONNECTED = 9
    LOGISTIC = 14
    MUL = 18
    RELU = 19
    RESHAPE = 22
    TANH = 28
    SOFTMAX = 25
    CUSTOM = 32
    GATHER = 36
    TRANSPOSE = 39
    SUB = 41
    SQUEEZE = 43
    STRIDED_SLICE = 45
    SPLIT = 49
    MAXIMUM = 55
    MINIMUM = 57
    SLICE = 65
    EXPAND_DIMS = 70
    LOG = 73
    UNPACK = 88
    ABS = 101
    SPLIT_V = 102
    ELU = 111
    ROUND = 116
    WHILE = 119


class TensorType(IntEnum):
    """Element types of tensors that may hold weights."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    INT8 = 9


@dataclass(slots=True)
class FullyConnected:
    """Options of FULLY_CONNECTED: ``activation(x @ weights.T + bias)``."""

    activation: int = at(0, "int8")
    weights_format: int = at(1, "int8")
    keep_num_dims: bool = at(2, "bool")
    asymmetric_quantize_inputs: bool = at(3, "bool")


@dataclass(slots=True)
class Softmax:
    """Options of SOFTMAX: ``softmax(beta * x)``."""

    beta: float = at(0, "float32")


@dataclass(slots=True)
class Concatenation:
    """Options of CONCATENATION."""

    axis: int = at(0, "int32")
    activation: int = at(1, "int8")


@dataclass(slots=True)
class Add:
    """Options of ADD: the activation that is applied to the sum."""

    activation: int = at(0, "int8")


@dataclass(slots=True)
class Multiply:
    """Options of MUL: the activation that is applied to the product."""

    activation: int = at(0, "int8")


@dataclass(slots=True)
class Subtract:
    """Options of SUB: the activation that is applied to the difference."""

    activation: int = at(0, "int8")


@dataclass(slots=True)
class Split:
    """Options of SPLIT."""

    splits: int = at(0, "int32")


@dataclass(slots=True)
class SplitV:
    """Options of SPLIT_V."""

    splits: int = at(0, "int32")


@dataclass(slots=True)
class While:
    """Options of WHILE: the subgraphs of its condition and its body."""

    condition: int = at(0, "int32")
    body: int = at(1, "int32")


@dataclass(slots=True)
class Dequantize:
    """Options of DEQUANTIZE: none."""


OPTIONS: dict[int, type] = {
    8: FullyConnected,
    9: Softmax,
    10: Concatenation,
    11: Add,
    21: Multiply,
    28: Subtract,
    35: Split,
    38: Dequantize,
    79: SplitV,
    93: While,
}
"""Type codes of the union of operator options."""


@dataclass(slots=True)
class Quantization:
    """``value = scale * (stored - zero_point)``, one scale or one for each index of ``axis``."""

    scale: list[float] = at(2, ["float32"])
    zero_point: list[int] = at(3, ["int64"])
    axis: int = at(6, "int32")


@dataclass(slots=True)
class Tensor:
    """A value in a graph; constant if its buffer holds data."""

    shape: list[int] = at(0, ["int32"])
    type: int = at(1, "int8")
    buffer: int = at(2, "uint32")
    name: str = at(3, "string")
    quantization: Quantization | None = at(4, Quantization)
    is_variable: bool = at(5, "bool")


@dataclass(slots=True)
class Operator:
    """One operation: positions of its input (−1: left out) and output tensors."""

    code: int = at(0, "uint32")
    inputs: list[int] = at(1, ["int32"])
    outputs: list[int] = at(2, ["int32"])
    options: Any = union(4, OPTIONS)


@dataclass(slots=True)
class OperatorCode:
    """What ``Operator.code`` refers to. Old files have the code in a byte only."""

    old_builtin: int = at(0, "int8")
    custom: str = at(1, "string")
    version: int = at(2, "int32", 1)
    builtin: int = at(3, "int32")


@dataclass(slots=True)
class Subgraph:
    """A graph: the main one is the first, others are bodies of control flow."""

    tensors: list[Tensor] = at(0, [Tensor])
    inputs: list[int] = at(1, ["int32"])
    outputs: list[int] = at(2, ["int32"])
    operators: list[Operator] = at(3, [Operator])
    name: str = at(4, "string")


@dataclass(slots=True)
class Buffer:
    """Bytes of a constant; the first buffer of a file is empty."""

    data: memoryview | bytes = at(0, "bytes")


@dataclass(slots=True)
class TensorMap:
    """A name in a signature."""

    name: str = at(0, "string")
    tensor: int = at(1, "uint32")


@dataclass(slots=True)
class Signature:
    """Names for a subgraph's inputs and outputs."""

    inputs: list[TensorMap] = at(0, [TensorMap])
    outputs: list[TensorMap] = at(1, [TensorMap])
    key: str = at(2, "string")
    subgraph: int = at(4, "uint32")


@dataclass(slots=True)
class Metadata:
    """Bytes in a buffer that say more about the model, by a name of the maker's choice."""

    name: str = at(0, "string")
    buffer: int = at(1, "uint32")


@dataclass(slots=True)
class Model:
    """The root of a ``.tflite`` file.

    budget: off which the constants that are read of it are taken; None: it was not read but made.
    """

    version: int = at(0, "uint32")
    codes: list[OperatorCode] = at(1, [OperatorCode])
    subgraphs: list[Subgraph] = at(2, [Subgraph])
    description: str = at(3, "string")
    buffers: list[Buffer] = at(4, [Buffer])
    metadata: list[Metadata] = at(6, [Metadata])
    signatures: list[Signature] = at(7, [Signature])
    budget: Budget | None = field(default=None, compare=False)

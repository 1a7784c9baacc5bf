"""Putting a ``.tflite`` graph together: tensors, constants, operators, in the order in which they run."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray
from impsy.models.tflite.schema import (
    Buffer,
    Dequantize,
    Metadata,
    Model,
    Op,
    Operator,
    OperatorCode,
    Quantization,
    Signature,
    Subgraph,
    Tensor,
    TensorMap,
    TensorType,
)

__all__ = ["STORAGES", "GraphBuilder", "Storage"]

Storage = Literal["float32", "float16", "int8"]
STORAGES: tuple[Storage, ...] = ("float32", "float16", "int8")
"""How weights may be stored, largest first."""

_VERSION = 3
_SIGNATURE = "serving_default"
_VERSIONS = {
    (Op.DEQUANTIZE, "float16"): 3,
    (Op.DEQUANTIZE, "int8"): 5,  # by axis
}
"""Operator versions above 1, as the format's runtimes count them."""
_SMALL = 1024
"""Matrices of fewer numbers than this stay float32: they save nothing and may matter much."""


class GraphBuilder:
    """Collects tensors, constants and operators; :meth:`finish` makes the model of them."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.tensors: list[Tensor] = []
        self.buffers = [Buffer()]
        self.operators: list[Operator] = []
        self.codes: list[tuple[Op, int]] = []
        self.axis = self.constant("axis", np.array(1, np.int32))

    def tensor(self, name: str, shape: list[int], kind: TensorType = TensorType.FLOAT32, **more: Any) -> int:
        """A new tensor; with ``data`` a constant."""
        data = more.pop("data", b"")
        self.buffers.append(Buffer(data))
        self.tensors.append(Tensor(shape, kind, len(self.buffers) - 1, name, **more))
        return len(self.tensors) - 1

    def constant(self, name: str, value: NDArray[Any]) -> int:
        """A constant of int32 or float32."""
        kind = TensorType.INT32 if value.dtype == np.int32 else TensorType.FLOAT32
        return self.tensor(name, list(value.shape), kind, data=value.astype(value.dtype.newbyteorder("<")).tobytes())

    def matrix(self, name: str, kernel: FloatArray) -> int:
        """A kernel (in, out), stored transposed as FULLY_CONNECTED wants it, and compressed if asked."""
        matrix = np.ascontiguousarray(kernel.T)
        if self.storage == "float32" or matrix.size < _SMALL:
            return self.constant(name, matrix)
        shape = list(matrix.shape)
        if self.storage == "float16":
            stored = self.tensor(f"{name}/float16", shape, TensorType.FLOAT16, data=matrix.astype("<f2").tobytes())
        else:
            scale = np.maximum(np.abs(matrix).max(axis=1), np.finfo(np.float32).tiny * 127) / 127
            data = np.rint(matrix / scale[:, None]).astype(np.int8).tobytes()
            how = Quantization(scale.tolist(), [0] * scale.size, 0)
            stored = self.tensor(f"{name}/int8", shape, TensorType.INT8, data=data, quantization=how)
        return self.add(Op.DEQUANTIZE, [stored], shape, Dequantize(), name=name)

    def add(self, op: Op, inputs: list[int], shape: list[int], options: Any = None, *, name: str = "") -> int:
        """An operator with one output, of ``shape``."""
        return self.add_many(op, inputs, [shape], options, name=name)[0]

    def add_many(
        self, op: Op, inputs: list[int], shapes: list[list[int]], options: Any = None, *, name: str = ""
    ) -> list[int]:
        """An operator with as many outputs as ``shapes``."""
        code = (op, _VERSIONS.get((op, self.storage), 1))
        if code not in self.codes:
            self.codes.append(code)
        stem = name or f"{op.name.lower()}_{len(self.operators)}"
        names = [stem] if len(shapes) == 1 else [f"{stem}/{i}" for i in range(len(shapes))]
        outputs = [self.tensor(name, shape) for name, shape in zip(names, shapes, strict=True)]
        self.operators.append(Operator(self.codes.index(code), inputs, outputs, options))
        return outputs

    def finish(self, inputs: dict[str, int], outputs: dict[str, int], metadata: dict[str, bytes]) -> Model:
        """The model, with a signature that names ``inputs`` and ``outputs``; the tensors get those names too."""
        for name, tensor in outputs.items():
            self.tensors[tensor].name = name
        outputs = self._number_last(outputs)
        graph = Subgraph(self.tensors, list(inputs.values()), list(outputs.values()), self.operators, "main")
        signature = Signature(
            [TensorMap(name, tensor) for name, tensor in inputs.items()],
            [TensorMap(name, tensor) for name, tensor in outputs.items()],
            _SIGNATURE,
            0,
        )
        codes = [OperatorCode(min(op, 127), "", version, op) for op, version in self.codes]
        notes = [Metadata(name, len(self.buffers) + i) for i, name in enumerate(metadata)]
        self.buffers += [Buffer(content) for content in metadata.values()]
        return Model(_VERSION, codes, [graph], "IMPSY", self.buffers, notes, [signature])

    def _number_last(self, outputs: dict[str, int]) -> dict[str, int]:
        """Renumber tensors so that ``outputs`` come last, in order: some readers go by tensor numbers alone."""
        last = list(outputs.values())
        order = [tensor for tensor in range(len(self.tensors)) if tensor not in last] + last
        number = {old: new for new, old in enumerate(order)} | {-1: -1}
        self.tensors = [self.tensors[old] for old in order]
        for operator in self.operators:
            operator.inputs = [number[tensor] for tensor in operator.inputs]
            operator.outputs = [number[tensor] for tensor in operator.outputs]
        return {name: number[tensor] for name, tensor in outputs.items()}

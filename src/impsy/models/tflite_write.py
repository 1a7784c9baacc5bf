"""Writing a network as a ``.tflite`` file: one step, unrolled, builtin operators only, with a signature.

Inputs ``inputs`` [1,1,D] (scaled) and, for each layer i, ``state_h_i`` and ``state_c_i`` [1,U]; outputs
``output_0`` [1, M(2D+1)] = [mu | sigma | logits] and ``output_1``… the new states in the order of the inputs. The
tensors themselves carry those names too: some readers know no signatures.

Weights may be stored smaller. ``float16``: expanded to float32 when the model is loaded, so playing costs the
same. ``int8``: one scale for each output of a layer (symmetric, ±127), expanded likewise; the runtime does not
quantise what flows through the network. Which of them is good enough is for :mod:`impsy.models.accuracy`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from impsy.errors import ModelError
from impsy.models import flatbuffer
from impsy.models.tflite_schema import (
    IDENTIFIER,
    Add,
    Buffer,
    Concatenation,
    Dequantize,
    FullyConnected,
    Model,
    Multiply,
    Op,
    Operator,
    OperatorCode,
    Quantization,
    Signature,
    Split,
    SplitV,
    Subgraph,
    Tensor,
    TensorMap,
    TensorType,
)
from impsy.models.weights import SIGMA_OFFSET, FloatArray, Weights

__all__ = ["STORAGES", "Storage", "encode_tflite", "write_atomically", "write_tflite"]

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
"""Constants of fewer numbers than this stay float32: they save nothing and may matter much."""


def write_tflite(weights: Weights, path: str | os.PathLike[str], *, storage: Storage = "float32") -> int:
    """Write ``weights`` to ``path``, whole or not at all; returns the bytes written.

    Raises ModelError if the disk refuses.
    """
    content = encode_tflite(weights, storage=storage)
    write_atomically(Path(path), content)
    return len(content)


def encode_tflite(weights: Weights, *, storage: Storage = "float32") -> bytes:
    """``weights`` as the content of a ``.tflite`` file."""
    graph = _GraphBuilder(storage)
    units = weights.units
    inputs = {"inputs": graph.tensor("inputs", [1, 1, weights.dimension])}
    for i in range(len(weights.layers)):
        for part in ("h", "c"):
            inputs[f"state_{part}_{i}"] = graph.tensor(f"state_{part}_{i}", [1, units])
    heard = inputs["inputs"]
    states = []
    for i in range(len(weights.layers)):
        heard, cell = _lstm(graph, weights, i, heard, inputs[f"state_h_{i}"], inputs[f"state_c_{i}"])
        states += [heard, cell]
    outputs = [_mixture(graph, weights, heard), *states]
    return graph.encode(inputs, {f"output_{i}": tensor for i, tensor in enumerate(outputs)})


def _lstm(graph: _GraphBuilder, weights: Weights, i: int, x: int, h: int, c: int) -> tuple[int, int]:
    """One LSTM step (Hochreiter & Schmidhuber 1997, with forget gates): the new h and c."""
    layer, units = weights.layers[i], weights.units
    four, one = [1, 4 * units], [1, units]
    kernel, recurrent = (
        graph.matrix(f"lstm_{i}/kernel", layer.kernel),
        graph.matrix(f"lstm_{i}/recurrent", layer.recurrent),
    )
    bias = graph.constant(f"lstm_{i}/bias", layer.bias)
    from_x = graph.add(Op.FULLY_CONNECTED, [x, kernel, bias], four, FullyConnected())
    from_h = graph.add(Op.FULLY_CONNECTED, [h, recurrent, -1], four, FullyConnected())
    summed = graph.add(Op.ADD, [from_x, from_h], four, Add())
    gates = graph.add_many(Op.SPLIT, [graph.axis, summed], [one] * 4, Split(4))
    input_gate, forget_gate, _, output_gate = (graph.add(Op.LOGISTIC, [gate], one) for gate in gates)
    candidate = graph.add(Op.TANH, [gates[2]], one)
    kept = graph.add(Op.MUL, [forget_gate, c], one, Multiply())
    written = graph.add(Op.MUL, [input_gate, candidate], one, Multiply())
    new_c = graph.add(Op.ADD, [kept, written], one, Add())
    squashed = graph.add(Op.TANH, [new_c], one)
    return graph.add(Op.MUL, [output_gate, squashed], one, Multiply()), new_c


def _mixture(graph: _GraphBuilder, weights: Weights, h: int) -> int:
    """[mu | elu(z) + 1 + 1e-7 | logits], from one dense layer."""
    width = weights.mixtures * weights.dimension
    parts = [width, width, weights.mixtures]
    kernel = graph.matrix("mixture/kernel", weights.mixture_kernel)
    bias = graph.constant("mixture/bias", weights.mixture_bias)
    dense = graph.add(Op.FULLY_CONNECTED, [h, kernel, bias], [1, sum(parts)], FullyConnected())
    sizes = graph.constant("mixture/sizes", np.array(parts, np.int32))
    mu, z, logits = graph.add_many(Op.SPLIT_V, [dense, sizes, graph.axis], [[1, part] for part in parts], SplitV(3))
    elu = graph.add(Op.ELU, [z], [1, width])
    offset = graph.constant("mixture/offset", np.array([SIGMA_OFFSET], np.float32))
    sigma = graph.add(Op.ADD, [elu, offset], [1, width], Add())
    return graph.add(Op.CONCATENATION, [mu, sigma, logits], [1, sum(parts)], Concatenation(axis=1))


class _GraphBuilder:
    """Collects tensors, constants and operators; :meth:`encode` makes the file."""

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

    def constant(self, name: str, value: np.ndarray) -> int:
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

    def encode(self, inputs: dict[str, int], outputs: dict[str, int]) -> bytes:
        """The file, with a signature that names ``inputs`` and ``outputs``; the tensors get those names too."""
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
        model = Model(_VERSION, codes, [graph], "IMPSY", self.buffers, [signature])
        return flatbuffer.write(model, IDENTIFIER)

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


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that at every moment ``path`` is the old one or the whole new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{path}: cannot be written ({error.strerror or error})") from error

"""Writing a network as a ``.tflite`` file: one step, unrolled, builtin operators only, with a signature.

Inputs ``inputs`` [1,1,D] (scaled) and, for each layer i, ``state_h_i`` and ``state_c_i`` [1,U]; outputs
``output_0`` [1, M(2D+1)] = [mu | sigma | logits] and ``output_1``… the new states in the order of the inputs. The
tensors themselves carry those names too: some readers know no signatures.

A residual network (:class:`impsy.models.weights.Residual`) has further pairs of states after those of its layers,
which front ends carry along like the others: the values heard last, U numbers to a state, zeros at the end. Its file
says what it is by an entry ``impsy`` in the model's metadata, JSON: ``format`` (1), ``architecture``, ``scale`` (10)
and, if there are any, ``facts``: whatever its maker wants to be known of it. The constants lie in the tensors named
``residual/…``. A plain network with a ``spread`` multiplies its sigmas by it.

Weights may be stored smaller. ``float16``: expanded to float32 when the model is loaded, so playing costs the
same. ``int8``: one scale for each output of a layer (symmetric, ±127), expanded likewise; the runtime does not
quantise what flows through the network. Which of them is good enough is for :mod:`impsy.models.accuracy`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from impsy.errors import ModelError, refusal
from impsy.models import flatbuffer
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite_constants import LONGEST_NOTE
from impsy.models.tflite_graph import STORAGES, GraphBuilder, Storage
from impsy.models.tflite_schema import (
    IDENTIFIER,
    RELU,
    Add,
    Concatenation,
    FullyConnected,
    Model,
    Multiply,
    Op,
    Split,
    SplitV,
    Subtract,
)
from impsy.models.weights import EDGE_REACH, SIGMA_OFFSET, Residual, Weights

__all__ = [
    "FORMAT",
    "METADATA",
    "STORAGES",
    "Storage",
    "build_model",
    "encode_tflite",
    "write_atomically",
    "write_tflite",
]

METADATA = "impsy"
"""The name of our entry in a file's metadata."""
FORMAT = 1
"""The version of what that entry and the names of tensors promise."""


def write_tflite(
    weights: Weights,
    path: str | os.PathLike[str],
    *,
    storage: Storage = "float32",
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Write ``weights`` to ``path``, whole or not at all; returns the bytes written.

    ``facts`` as in :func:`encode_tflite`. Raises ModelError if the disk refuses.
    """
    content = encode_tflite(weights, storage=storage, facts=facts)
    write_atomically(Path(path), content)
    return len(content)


def encode_tflite(weights: Weights, *, storage: Storage = "float32", facts: Mapping[str, Any] | None = None) -> bytes:
    """``weights`` as the content of a ``.tflite`` file.

    ``facts`` (anything that JSON can hold, up to 1 MiB) are kept in the file: where the network comes from, say.
    Raises ValueError if they are more than that, or hold NaN or infinity, which JSON cannot.
    """
    return flatbuffer.write(build_model(weights, storage, facts), IDENTIFIER)


def build_model(weights: Weights, storage: Storage, facts: Mapping[str, Any] | None = None) -> Model:
    """What :func:`encode_tflite` writes, before it becomes bytes."""
    graph = GraphBuilder(storage)
    inputs = {"inputs": graph.tensor("inputs", [1, 1, weights.dimension])}
    for i in range(len(weights.layers) + weights.carried_pairs):
        for part in ("h", "c"):
            inputs[f"state_{part}_{i}"] = graph.tensor(f"state_{part}_{i}", [1, weights.units])
    given = list(inputs.values())[1:]
    features, where, carried = inputs["inputs"], (-1, -1), list[int]()
    if weights.residual is not None:
        features, where, carried = _features(
            graph, weights, weights.residual, features, given[2 * len(weights.layers) :]
        )
    heard = features
    states = []
    for i in range(len(weights.layers)):
        heard, cell = _lstm(graph, weights, i, heard, given[2 * i], given[2 * i + 1])
        states += [heard, cell]
    outputs = [_mixture(graph, weights, heard, features, where), *states, *carried]
    told = facts or weights.architecture != "plain" or weights.spread != 1
    notes = {METADATA: _note(weights, facts)} if told else {}
    return graph.finish(inputs, {f"output_{i}": tensor for i, tensor in enumerate(outputs)}, notes)


def _note(weights: Weights, facts: Mapping[str, Any] | None) -> bytes:
    """What the file says of itself."""
    note = {"format": FORMAT, "architecture": weights.architecture, "scale": SCALE_FACTOR}
    note |= {"facts": dict(facts)} if facts else {}
    content = json.dumps(note, ensure_ascii=False, allow_nan=False).encode()
    if len(content) > LONGEST_NOTE:
        raise ValueError(f"facts of {len(content):,} bytes are more than a file may say of itself")
    return content


def _features(
    graph: GraphBuilder, weights: Weights, residual: Residual, x: int, carried: list[int]
) -> tuple[int, tuple[int, int], list[int]]:
    """The features of a residual network, its base and ends, and the states that carry the base to the next step.

    Products with all but diagonal matrices stand for slices: they are exact, and the runtime's fastest operators.
    """
    n, units = weights.dimension - 1, weights.units
    pick_time = np.zeros((1, weights.dimension), np.float32)
    pick_time[0, 0] = 100
    one = np.ones(1, np.float32)
    grown = graph.add(
        Op.FULLY_CONNECTED,
        [x, graph.constant("residual/time", pick_time), graph.constant("residual/one", one)],
        [1, 1],
        FullyConnected(),
    )
    least = graph.add(Op.MAXIMUM, [grown, graph.constant("residual/least", one)], [1, 1])
    log_time = graph.add(Op.LOG, [least], [1, 1])
    base = _base(graph, residual, x)
    if len(carried) > 2 or n > units:
        memory = graph.add(Op.CONCATENATION, carried, [1, len(carried) * units], Concatenation(axis=1))
    else:
        memory = carried[0]
    last = memory
    if n != weights.units or len(carried) > 2:
        begin = graph.constant("residual/begin", np.zeros(2, np.int32))
        extent = graph.constant("residual/extent", np.array([1, n], np.int32))
        last = graph.add(Op.SLICE, [memory, begin, extent], [1, n])
    moved = graph.add(Op.SUB, [base, last], [1, n], Subtract())
    scale = graph.constant("residual/change_scale", residual.change_scale)
    change = graph.add(Op.TANH, [graph.add(Op.MUL, [moved, scale], [1, n], Multiply())], [1, n])
    square = graph.add(Op.MUL, [change, change], [1, n], Multiply())
    ends = _ends(graph, residual, base)
    parts = [log_time, base, change, square, ends]
    features = graph.add(Op.CONCATENATION, parts, [1, 1 + 5 * n], Concatenation(axis=1))
    width = len(carried) * units
    padded = base
    if n < width:
        zeros = graph.constant("residual/zeros", np.zeros((1, width - n), np.float32))
        padded = graph.add(Op.CONCATENATION, [base, zeros], [1, width], Concatenation(axis=1))
    kept = graph.add_many(Op.SPLIT, [graph.axis, padded], [[1, units]] * len(carried), Split(len(carried)))
    return features, (base, ends), kept


def _ends(graph: GraphBuilder, residual: Residual, base: int) -> int:
    """Whether each control is at the lower, and whether it is at the upper end of its way, [1, 2n], from 0 to 1."""
    n = residual.grid.size
    scale = np.diag(residual.change_scale / np.float32(EDGE_REACH))
    slopes = graph.constant("residual/slopes", np.vstack([-scale, scale]))
    beyond = np.float32(1) - np.float32(SCALE_FACTOR) * np.diag(scale)
    offsets = graph.constant("residual/beyond", np.concatenate([np.ones(n, np.float32), beyond]))
    options = FullyConnected(activation=RELU)
    return graph.add(Op.FULLY_CONNECTED, [base, slopes, offsets], [1, 2 * n], options)


def _base(graph: GraphBuilder, residual: Residual, x: int) -> int:
    """The controls' values [1, n], each on its grid."""
    n = residual.grid.size
    per_step, step = residual.rounding() if residual.has_grid else (np.ones(n, np.float32), None)
    pick = np.zeros((n, n + 1), np.float32)
    pick[:, 1:] = np.diag(per_step)
    values = graph.add(Op.FULLY_CONNECTED, [x, graph.constant("residual/pick", pick), -1], [1, n], FullyConnected())
    if step is None:
        return values
    steps = graph.add(Op.ROUND, [values], [1, n])
    return graph.add(Op.MUL, [steps, graph.constant("residual/step", step)], [1, n], Multiply())


def _lstm(graph: GraphBuilder, weights: Weights, i: int, x: int, h: int, c: int) -> tuple[int, int]:
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


def _mixture(graph: GraphBuilder, weights: Weights, h: int, features: int, where: tuple[int, int]) -> int:
    """[mu | sigma | logits], from one dense layer.

    That of a residual network hears ``features`` too, and its means count from ``where`` the controls are.
    """
    width = weights.mixtures * weights.dimension
    parts = [width, width, weights.mixtures]
    heard = h
    if weights.residual is not None:
        heard = graph.add(Op.CONCATENATION, [h, features], [1, len(weights.mixture_kernel)], Concatenation(axis=1))
    kernel = graph.matrix("mixture/kernel", weights.mixture_kernel)
    bias = graph.constant("mixture/bias", weights.mixture_bias)
    dense = graph.add(Op.FULLY_CONNECTED, [heard, kernel, bias], [1, sum(parts)], FullyConnected())
    sizes = graph.constant("mixture/sizes", np.array(parts, np.int32))
    mu, z, logits = graph.add_many(Op.SPLIT_V, [dense, sizes, graph.axis], [[1, part] for part in parts], SplitV(3))
    elu = graph.add(Op.ELU, [z], [1, width])
    offset = graph.constant("mixture/offset", np.array([SIGMA_OFFSET], np.float32))
    sigma = graph.add(Op.ADD, [elu, offset], [1, width], Add())
    if weights.residual is not None:
        mu = _from_base(graph, weights, mu, *where)
        sigma = _scaled(graph, weights.residual, sigma)
    elif weights.spread != 1:
        spread = graph.constant("mixture/spread", np.array([weights.spread], np.float32))
        sigma = graph.add(Op.MUL, [sigma, spread], [1, width], Multiply())
    return graph.add(Op.CONCATENATION, [mu, sigma, logits], [1, sum(parts)], Concatenation(axis=1))


def _from_base(graph: GraphBuilder, weights: Weights, moves: int, base: int, ends: int) -> int:
    """base + moves · (1 − 2 low) + max(moves, 0) · 2 (low − high), for each component; time is left as it is."""
    width, n = weights.mixtures * weights.dimension, weights.dimension - 1
    each = np.tile(np.eye(weights.dimension, dtype=np.float32)[:, 1:], (weights.mixtures, 1))

    def spread(name: str, source: int, matrix: np.ndarray, offset: int) -> int:
        kernel = graph.constant(f"residual/{name}", matrix)
        return graph.add(Op.FULLY_CONNECTED, [source, kernel, offset], [1, width], FullyConnected())

    whole = graph.constant("residual/whole", np.ones(width, np.float32))
    zeros = np.zeros((width, n), np.float32)
    back = spread("back", ends, np.hstack([-2 * each, zeros]), whole)
    turned = graph.add(Op.MUL, [moves, back], [1, width], Multiply())
    onward = graph.add(Op.RELU, [moves], [1, width])
    onto = spread("onto", ends, np.hstack([2 * each, -2 * each]), -1)
    onward = graph.add(Op.MUL, [onward, onto], [1, width], Multiply())
    moved = graph.add(Op.ADD, [turned, onward], [1, width], Add())
    return graph.add(Op.ADD, [moved, spread("each", base, each, -1)], [1, width], Add())


def _scaled(graph: GraphBuilder, residual: Residual, sigma: int) -> int:
    """sigma_scale · sigma + sigma_floor."""
    width = residual.sigma_scale.size
    scale = graph.constant("residual/sigma_scale", residual.sigma_scale.reshape(-1))
    sigma = graph.add(Op.MUL, [sigma, scale], [1, width], Multiply())
    floor = graph.constant("residual/sigma_floor", residual.sigma_floor.reshape(-1))
    return graph.add(Op.ADD, [sigma, floor], [1, width], Add())


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
        raise ModelError(f"{path}: cannot be written {refusal(error, 'choose another folder')}") from error

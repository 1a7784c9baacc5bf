"""Writing a network as a ``.tflite`` file: one step, unrolled, builtin operators only, with a signature.

Inputs ``inputs`` [1,1,D] (scaled) and, for each layer i, ``state_h_i`` and ``state_c_i`` [1,U]; outputs
``output_0`` [1, M(2D+1)] = [mu | sigma | logits] and ``output_1``… the new states in the order of the inputs. The
tensors themselves carry those names too: some readers know no signatures.

A residual network (:class:`impsy.models.architectures.Residual`) has further pairs of states after those of its
layers, which front ends carry along like the others: the values heard last, U numbers to a state, zeros at the end.
Its file says what it is by an entry ``impsy`` in the model's metadata, JSON: ``format`` (1), ``architecture``,
``scale`` (10) and, if there are any, ``facts``: whatever its maker wants to be known of it. The constants lie in the
tensors named ``residual/…``. A plain network with a ``spread`` multiplies its sigmas by it.

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

from impsy.errors import ModelError
from impsy.files import write_whole
from impsy.models.architectures import Gestures
from impsy.models.landings import Landings
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite import flatbuffer
from impsy.models.tflite.constants import LONGEST_NOTE
from impsy.models.tflite.gestures import GestureHead, LiveGestureHead
from impsy.models.tflite.graph import STORAGES, GraphBuilder, Storage
from impsy.models.tflite.heads import PlainHead, ResidualHead
from impsy.models.tflite.landings import LandingHead
from impsy.models.tflite.schema import IDENTIFIER, Add, FullyConnected, Model, Multiply, Op, Split
from impsy.models.weights import Weights

__all__ = [
    "FORMAT",
    "METADATA",
    "STORAGES",
    "Storage",
    "build_model",
    "encode_player",
    "encode_tflite",
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
    write_whole(Path(path), content, error_type=ModelError)
    return len(content)


def encode_tflite(weights: Weights, *, storage: Storage = "float32", facts: Mapping[str, Any] | None = None) -> bytes:
    """``weights`` as the content of a ``.tflite`` file.

    ``facts`` (anything that JSON can hold, up to 1,048,576 bytes) are kept in the file: where the network comes
    from, say.
    Raises ValueError if they are more than that, or hold NaN or infinity, which JSON cannot.
    """
    return flatbuffer.write(build_model(weights, storage, facts), IDENTIFIER)


def encode_player(weights: Weights) -> bytes:
    """A graph to play here, not to keep.

    Its first output is the mixture or, of a gesture network, what :class:`impsy.models.mixture.LiveSampler` takes.
    """
    return flatbuffer.write(build_model(weights, "float32", gestures=LiveGestureHead), IDENTIFIER)


def build_model(
    weights: Weights,
    storage: Storage,
    facts: Mapping[str, Any] | None = None,
    *,
    gestures: type[GestureHead] = GestureHead,
) -> Model:
    """What :func:`encode_tflite` writes, before it becomes bytes."""
    graph = GraphBuilder(storage)
    inputs = {"inputs": graph.tensor("inputs", [1, 1, weights.dimension])}
    for i in range(len(weights.layers) + weights.carried_pairs):
        for part in ("h", "c"):
            inputs[f"state_{part}_{i}"] = graph.tensor(f"state_{part}_{i}", [1, weights.units])
    given = list(inputs.values())[1:]
    head = _head(graph, weights, inputs["inputs"], given[2 * len(weights.layers) :], gestures)
    heard = head.features
    states = []
    for i in range(len(weights.layers)):
        heard, cell = _lstm(graph, weights, i, heard, given[2 * i], given[2 * i + 1])
        states += [heard, cell]
    outputs = [head.mixture(heard), *states, *head.kept]
    described = facts or weights.architecture != "plain" or weights.spread != 1
    notes = {METADATA: _note(weights, facts)} if described else {}
    return graph.finish(inputs, {f"output_{i}": tensor for i, tensor in enumerate(outputs)}, notes)


def _head(
    graph: GraphBuilder, weights: Weights, x: int, carried: list[int], gestures: type[GestureHead]
) -> PlainHead:
    """The parts of the graph around the LSTM layers, as the architecture has them."""
    if isinstance(weights.residual, Landings):
        return LandingHead(graph, weights, x, carried, weights.residual)
    if isinstance(weights.residual, Gestures):
        return gestures(graph, weights, x, carried, weights.residual)
    if weights.residual is not None:
        return ResidualHead(graph, weights, x, carried, weights.residual)
    return PlainHead(graph, weights, x)


def _note(weights: Weights, facts: Mapping[str, Any] | None) -> bytes:
    """What the file says of itself."""
    note = {"format": FORMAT, "architecture": weights.architecture, "scale": SCALE_FACTOR}
    note |= {"facts": dict(facts)} if facts else {}
    content = json.dumps(note, ensure_ascii=False, allow_nan=False).encode()
    if len(content) > LONGEST_NOTE:
        raise ValueError(f"facts of {len(content):,} bytes are more than a file may say of itself")
    return content


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

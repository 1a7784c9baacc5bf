"""Damaged files of every format: documented errors, nothing else. See :func:`fuzzing.examples`."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import (
    changed,
    gesture_weights,
    keras3_weights,
    keras_archive,
    looped_tflite,
    put,
    residual_config,
    residual_weights,
    small_weights,
)

from fuzzing import examples
from impsy.errors import ModelError
from impsy.models import isolated, keras_read
from impsy.models.keras_read import interpret, read_keras
from impsy.models.opening import open_model
from impsy.models.sizes import Size
from impsy.models.tflite.read import read_facts, read_tflite
from impsy.models.tflite.schema import Add, Op, Operator, OperatorCode
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from waiting import if_idle

pytestmark = pytest.mark.slow

EXAMPLES = examples(400)

WEIGHTS = small_weights()
RESIDUAL = residual_weights()
GESTURES = gesture_weights()
FILES = {
    "tflite": encode_tflite(WEIGHTS),
    "tflite-int8": encode_tflite(small_weights(size=Size(32, 2)), storage="int8"),
    "tflite-looped": looped_tflite(WEIGHTS),
    "tflite-flex": looped_tflite(WEIGHTS, flex=True),
    "tflite-residual": encode_tflite(RESIDUAL, facts={"seed": 1}),
    "tflite-residual-int8": encode_tflite(residual_weights(size=Size(32, 2)), storage="int8"),
    "tflite-gestures": encode_tflite(GESTURES, facts={"seed": 1}),
    "tflite-gestures-int8": encode_tflite(gesture_weights(size=Size(32, 2)), storage="int8"),
    "keras": keras_archive(WEIGHTS),
    "keras-residual": keras_archive(RESIDUAL),
    "keras-gestures": keras_archive(GESTURES),
    "h5": keras3_weights(WEIGHTS),
}
ARRAYS, _ = isolated.read_hdf5(keras3_weights(GESTURES))


def damaged(content: bytes, seed: int) -> bytes:
    """Cut off, or with some bytes changed; most near the beginning, where the structure is."""
    random = Random(seed)
    data = bytearray(content)
    if random.random() < 0.15:
        return bytes(data[: random.randrange(len(data))])
    for _ in range(random.choice((1, 2, 8, 64))):
        place = random.randrange(min(len(data), 1 << random.randrange(6, 20)))
        data[place] = random.choice((0, 1, 0x7F, 0x80, 0xFF, data[place] ^ (1 << random.randrange(8))))
    return bytes(data)


def survives(read, content: Any) -> bool:
    """Whether ``content`` could be read; any error but the documented one goes through."""
    try:
        return isinstance(read(content), Weights)
    except ModelError:
        return False


@pytest.mark.parametrize("form", [name for name in FILES if name.startswith("tflite")])
def test_damaged_tflite(form: str) -> None:
    outcomes = {survives(read_tflite, damaged(FILES[form], seed)) for seed in range(EXAMPLES)}
    assert outcomes == {True, False}  # the damage was neither always harmless nor always fatal


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=600))
def test_random_bytes_after_the_right_beginning(content: bytes) -> None:
    survives(read_tflite, b"\x1c\0\0\0TFL3" + content)
    survives(read_keras, b"PK\x03\x04" + content)


def rewired(model, random: Random) -> None:
    """A sound flatbuffer of a graph that makes no sense."""
    for _ in range(random.randrange(1, 4)):
        graph = random.choice(model.subgraphs)
        operator = random.choice(graph.operators)
        numbers = random.choice((operator.inputs, operator.outputs, graph.inputs, graph.outputs))
        kind = random.randrange(5)
        if kind == 0 and numbers:
            numbers[random.randrange(len(numbers))] = random.choice((-1, 0, 10**6, random.randrange(99)))
        elif kind == 1:
            operator.code = random.choice((random.randrange(len(model.codes)), 999))
        elif kind == 2:
            random.choice(graph.tensors).shape = [
                random.choice((-1, 0, 1, 7, 2**31 - 1)) for _ in range(random.randrange(4))
            ]
        elif kind == 3:
            random.choice(graph.tensors).buffer = random.choice((0, random.randrange(len(model.buffers)), 2**32 - 1))
        elif numbers:
            numbers.clear()


@pytest.mark.parametrize("form", [name for name in FILES if name.startswith("tflite")])
def test_rewired_graphs(form: str) -> None:
    for seed in range(EXAMPLES):
        random = Random(seed)
        survives(read_tflite, changed(FILES[form], lambda model, random=random: rewired(model, random)))


def tangled(model) -> None:
    """The sum of the gates is the sum of itself with itself, 60 times over."""
    graph = model.subgraphs[0]
    summing = next(op for op in graph.operators if model.codes[op.code].builtin == Op.ADD)
    at = graph.operators.index(summing)
    (tensor,) = summing.outputs
    for _ in range(60):
        graph.tensors.append(replace(graph.tensors[tensor]))
        last = len(graph.tensors) - 1
        graph.operators.insert(at, Operator(summing.code, [last, last], [tensor], Add()))
        tensor = last
    summing.outputs = [tensor]


def circular(model) -> None:
    """Weights that are the dequantised form of each other."""
    graph = model.subgraphs[0]
    expanding = [op for op in graph.operators if model.codes[op.code].builtin == Op.DEQUANTIZE]
    expanding[0].inputs, expanding[1].inputs = expanding[1].outputs, expanding[0].outputs


def endless_pass(model) -> None:
    """A reshape of itself."""
    graph = model.subgraphs[0]
    operator = next(op for op in graph.operators if model.codes[op.code].builtin == Op.FULLY_CONNECTED)
    model.codes.append(OperatorCode(Op.RESHAPE, "", 1, Op.RESHAPE))
    graph.operators.append(Operator(len(model.codes) - 1, [operator.inputs[0]], [operator.inputs[0]]))


def crowded(model) -> None:
    graph = model.subgraphs[0]
    split = next(op for op in graph.operators if model.codes[op.code].builtin == Op.SPLIT)
    graph.operators += [split] * 5000


@pytest.mark.parametrize(
    ("change", "is_readable"), [(tangled, False), (circular, False), (crowded, False), (endless_pass, True)]
)
def test_graphs_made_to_keep_the_reader_busy(change, is_readable: bool) -> None:
    began = time.process_time()  # its own: on a busy machine others' would count too
    assert survives(read_tflite, changed(FILES["tflite-int8"], change)) == is_readable
    assert if_idle(time.process_time() - began) < 2


@pytest.mark.parametrize("form", ["keras", "keras-residual", "keras-gestures"])
def test_damaged_keras_archives(form: str) -> None:
    content = FILES[form]
    head = content[: content.index(b"\x89HDF")]
    # The archive's checksum guards the HDF5 part, so that what is inside hardly ever reaches its library.
    outcomes = {survives(read_keras, damaged(head, seed) + content[len(head) :]) for seed in range(EXAMPLES)}
    assert False in outcomes


@pytest.mark.parametrize(
    ("form", "share"), [("h5", 2), ("tflite", 2), ("tflite-residual", 8), ("tflite-gestures", 8)]
)
def test_damaged_files_by_the_front_door(form: str, share: int, tmp_path: Path) -> None:
    """Through all that really happens, the process of its own included; that costs more, so fewer."""

    def opens(seed: int) -> bool | None:
        path = put(tmp_path, f"{seed}.{form}", damaged(FILES[form], seed))
        try:
            opened = open_model(path)
        except ModelError as error:
            return None if str(path) not in str(error) else False
        opened.predictor.hear([0.1] * opened.dimension)
        return True

    with ThreadPoolExecutor(4) as pool:
        outcomes = set(pool.map(opens, range(max(20, EXAMPLES // share))))
    assert outcomes == {True, False}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=EXAMPLES)
@given(
    st.sampled_from(["residual_grid", "residual_change", "residual_output", "gestures_definition"]),
    st.booleans(),
    anything,
)
def test_constants_of_any_kind(layer: str, in_scale: bool, value: object) -> None:
    """In the description of a sound archive, one setting is anything that JSON can say."""
    config = residual_config(GESTURES)
    (settings_of,) = [each["config"] for each in config["config"]["layers"] if each["config"]["name"] == layer]
    settings_of["scale" if in_scale else "offset"] = value
    survives(lambda description: interpret(ARRAYS, keras_read.residual_constants(description)), config)


@settings(max_examples=EXAMPLES)
@given(st.binary(max_size=40) | anything.map(lambda value: json.dumps(value).encode()))
def test_metadata_of_any_kind(note: bytes) -> None:
    def annotated(model) -> None:
        model.buffers[model.metadata[0].buffer].data = note

    content = changed(FILES["tflite-residual"], annotated)
    survives(read_tflite, content)
    assert isinstance(read_facts(content), dict)


paths = st.sampled_from(
    [
        "lstm0/lstm0/kernel:0",
        "lstm0/lstm0/recurrent_kernel:0",
        "lstm0/lstm0/bias:0",
        "layers/lstm/cell/vars/0",
        "layers/lstm/cell/vars/1",
        "layers/lstm/cell/vars/2",
        "td_mdn/td_mdn/mus/kernel:0",
        "td_mdn/td_mdn/mus/bias:0",
        "td_mdn/kernel_1:0",
        "td_mdn/kernel_7777777:0",
        "layers/mdn/mdn_pi/vars/0",
        "vars/99",
        "kernel",
    ]
)
shapes = st.lists(st.integers(0, 12), max_size=4)


@settings(max_examples=EXAMPLES)
@given(st.dictionaries(paths | st.text(max_size=30), shapes, max_size=12))
def test_arrays_of_any_name_and_shape(arrays: dict[str, list[int]]) -> None:
    survives(interpret, {name: np.zeros(shape, np.float32) for name, shape in arrays.items()})

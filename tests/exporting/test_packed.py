"""The packed form of a model, which pages carry. That a page reads it: tests/frontend/test_two_ends.py."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impsy.errors import ModelError
from impsy.exporting.packed import FORMAT, MAGIC, pack, pack_weights
from impsy.models.opening import FACTS, open_model, open_weights
from impsy.models.sizes import SIZES, Size
from impsy.models.tflite.schema import TensorType
from impsy.models.tflite.write import build_model
from impsy.models.weights import Weights
from random_networks import random_weights

ARCHITECTURES = ("plain", "residual", "gestures", "landings")
TEMPLATES = Path(__file__).resolve().parents[2] / "src/impsy/config/templates/models"


def unpacked(packed: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays by the words of the module's text."""
    content = zlib.decompress(packed, -zlib.MAX_WBITS)
    assert content.startswith(MAGIC)
    at = len(MAGIC) + 4
    (length,) = struct.unpack_from("<I", content, len(MAGIC))
    header = json.loads(content[at : at + length])
    at += length
    arrays = {}
    for name, shape, kind in header["arrays"]:
        count, size = int(np.prod(shape)), int(kind[1])
        planes = np.frombuffer(content[at : at + count * size], np.uint8).reshape(size, count)
        arrays[name] = np.ascontiguousarray(planes.T).reshape(-1).view(f"<{kind}").reshape(shape)
        at += count * size
    assert at == len(content)
    return header, arrays


def network(architecture: str, size: Size = SIZES["xs"]) -> Weights:
    return random_weights(9, size, rng=np.random.default_rng(3), mixtures=30, architecture=architecture)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_holds_the_constants_of_a_file_of_ours(architecture):
    weights = network(architecture)
    header, arrays = unpacked(pack_weights(weights, {"made_by": "somebody"}))
    assert (header["format"], header["architecture"], header["dimension"]) == (FORMAT, architecture, 9)
    assert header["facts"] == {"made_by": "somebody"}
    graph = build_model(weights, "float32")
    tensors = {tensor.name: tensor for tensor in graph.subgraphs[0].tensors if tensor.type == TensorType.FLOAT32}
    for name, array in arrays.items():
        tensor = tensors[name]
        exact = np.frombuffer(graph.buffers[tensor.buffer].data, "<f4").reshape(tensor.shape)
        assert np.array_equal(array, exact.astype(array.dtype)), name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_matrices_are_float16_and_all_else_is_exact(architecture):
    header, _ = unpacked(pack_weights(network(architecture)))
    kinds = {name: kind for name, _, kind in header["arrays"]}
    matrices = {name for name in kinds if name.endswith(("/kernel", "/recurrent"))}
    assert {kinds[name] for name in matrices} == {"f2"}
    assert {kinds[name] for name in kinds.keys() - matrices} == {"f4"}


def test_a_matrix_beyond_float16_stays_exact():
    weights = network("plain")
    kernel = weights.mixture_kernel.copy()
    kernel[0, 0] = 1e5
    header, arrays = unpacked(pack_weights(replace(weights, mixture_kernel=kernel)))
    assert {name: kind for name, _, kind in header["arrays"]}["mixture/kernel"] == "f4"
    assert arrays["mixture/kernel"][0, 0] == np.float32(1e5)


def test_a_deviation_at_rest_that_float16_has_no_place_for_stays():
    weights = network("gestures")
    assert weights.residual is not None
    fixed = replace(weights.residual, rest=np.full(8, 1e-9, np.float32))
    _, arrays = unpacked(pack_weights(replace(weights, residual=fixed)))
    assert (arrays["gestures/rest"] == np.float32(1e-9)).all()


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.tflite")), ids=lambda path: path.stem)
def test_the_models_of_new_workspaces_are_small_and_keep_what_they_say(path):
    opened = open_model(path, "numpy")
    packed = pack(opened)
    assert len(packed) < path.stat().st_size / 2
    header, _ = unpacked(packed)
    assert header["facts"] == {key: opened.facts[key] for key in FACTS if key in opened.facts}
    assert pack(path) == packed


@pytest.mark.slow
def test_released_files_of_all_forms_are_packed(shared_data):
    for path in sorted((shared_data / "models").glob("musicMDRNN-dim9*")):
        header, _ = unpacked(pack(path))
        assert header["parameters"] == open_weights(path).parameters, path.name


def test_a_size_s_takes_little_of_a_page():
    assert len(pack_weights(network("gestures", SIZES["s"]))) < 250_000


def test_a_graph_whose_weights_are_not_known_says_what_to_do(tmp_path):
    known = open_model(next(TEMPLATES.glob("*.tflite")), "numpy")
    opened = replace(known, weights=None, path=tmp_path / "other.tflite")
    with pytest.raises(ModelError, match=r"other\.tflite: a page cannot play this model.*choose a model"):
        pack(opened)


def test_what_is_no_model_is_refused(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("no model")
    with pytest.raises(ModelError, match="not a model"):
        pack(file)

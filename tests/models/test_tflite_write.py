"""Exports: the contract that other front ends rely on, compression, whole files or none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from model_files import assert_same, put, small_weights

from impsy.errors import ModelError
from impsy.models.accuracy import LARGEST_DIFFERENCE, LARGEST_DIVERGENCE, compare, smallest_faithful
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES, Size
from impsy.models.tflite.read import parse, read_tflite
from impsy.models.tflite.schema import Op
from impsy.models.tflite.write import STORAGES, encode_tflite, write_tflite
from impsy.models.weights import random_weights


@pytest.fixture(scope="module")
def weights():
    return small_weights(dimension=4, size=Size(40, 3))


@pytest.mark.parametrize("storage", STORAGES)
def test_the_signature_runner_plays_it(weights, storage) -> None:
    """As the released version does: states by name, outputs in the order of the inputs."""
    content = encode_tflite(weights, storage=storage)
    interpreter = Interpreter(model_content=content)
    runner = interpreter.get_signature_runner()
    names = [f"state_{part}_{i}" for i in range(3) for part in "hc"]
    assert set(runner.get_input_details()) == {"inputs", *names}
    assert set(runner.get_output_details()) == {f"output_{i}" for i in range(7)}
    states = {name: np.zeros((1, 40), np.float32) for name in names}
    oracle, rng = NumPyPredictor(read_tflite(content)), np.random.default_rng(0)
    for _ in range(30):
        event = rng.random(4)
        outputs = runner(inputs=(event * 10).astype(np.float32).reshape(1, 1, 4), **states)
        oracle.hear(event.tolist())
        assert outputs["output_0"].shape == (1, 3 * 9)
        np.testing.assert_allclose(outputs["output_0"][0], oracle.mixture(), atol=1e-4, rtol=1e-4)
        states = {name: outputs[f"output_{i + 1}"] for i, name in enumerate(names)}


def test_the_plain_interpreter_finds_names_shapes_and_order(weights) -> None:
    interpreter = Interpreter(model_content=encode_tflite(weights))
    interpreter.allocate_tensors()
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    states = [f"state_{part}_{i}" for i in range(3) for part in "hc"]
    assert [detail["name"] for detail in inputs] == ["inputs", *states]
    assert [detail["shape"].tolist() for detail in inputs] == [[1, 1, 4]] + [[1, 40]] * 6
    assert [detail["name"] for detail in outputs] == [f"output_{i}" for i in range(7)]
    assert [detail["shape"].tolist() for detail in outputs] == [[1, 27]] + [[1, 40]] * 6
    assert {detail["dtype"] for detail in (*inputs, *outputs)} == {np.float32}
    # Readers that know no names go by tensor numbers: h0, c0, h1, c1… (docs/reference/formats.md).
    for details in (inputs, outputs):
        numbers = [detail["index"] for detail in details]
        assert numbers == sorted(numbers)


def test_only_builtin_operators_and_no_loops(weights) -> None:
    model = parse(encode_tflite(weights))
    assert len(model.subgraphs) == 1
    codes = {Op(code.builtin) for code in model.codes}
    assert not codes & {Op.WHILE, Op.CUSTOM, Op.DEQUANTIZE}
    assert all(not code.custom and code.version == 1 for code in model.codes)


def test_exporting_twice_gives_the_same_bytes_and_loses_nothing(weights) -> None:
    once = encode_tflite(weights)
    assert_same(read_tflite(once), weights)
    assert encode_tflite(read_tflite(once)) == once


def test_smaller_storage_is_smaller() -> None:
    weights = random_weights(9, SIZES["m"], rng=np.random.default_rng(0))
    sizes = [len(encode_tflite(weights, storage=storage)) for storage in STORAGES]
    assert sizes[1] < 0.55 * sizes[0]
    assert sizes[2] < 0.32 * sizes[0]


def test_float32_is_exact_and_others_are_measured() -> None:
    weights = small_weights(size=Size(32, 2))
    exact = compare(weights, "float32", steps=50)
    assert (exact.mu, exact.sigma, exact.logits, exact.divergence) == (0, 0, 0, 0)
    half, eighth = compare(weights, "float16", steps=50), compare(weights, "int8", steps=50)
    assert 0 < half.mu < eighth.mu
    assert half.is_faithful


@pytest.mark.slow
def test_the_smallest_faithful_is_chosen() -> None:
    mild, results = smallest_faithful(random_weights(4, SIZES["xs"], rng=np.random.default_rng(0)))
    assert mild.storage == "int8"
    assert set(results) == set(STORAGES)
    assert mild.divergence <= LARGEST_DIVERGENCE
    assert max(mild.mu, mild.sigma) <= LARGEST_DIFFERENCE


@pytest.mark.slow
def test_what_int8_would_spoil_is_not_stored_as_int8() -> None:
    """Narrow sigmas make small errors of the mean unlikely."""
    weights = random_weights(4, SIZES["s"], rng=np.random.default_rng(0))
    weights.mixture_bias[20:40] = -6.0  # sigma about exp(-6)
    chosen, results = smallest_faithful(weights)
    assert chosen.storage != "int8"
    assert not results["int8"].is_faithful


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(weights, tmp_path: Path) -> None:
    path = put(tmp_path, "model.tflite", b"old")
    assert write_tflite(weights, path) == path.stat().st_size
    assert_same(read_tflite(path.read_bytes()), weights)
    write_tflite(weights, tmp_path / "new" / "folder" / "model.tflite")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.tflite", "new"]


def test_a_disk_that_refuses_is_told(weights, tmp_path: Path) -> None:
    blocked = put(tmp_path, "file", b"")
    with pytest.raises(ModelError, match="cannot be written"):
        write_tflite(weights, blocked / "model.tflite")
    (tmp_path / "folder.tflite").mkdir()
    with pytest.raises(ModelError, match="cannot be written"):
        write_tflite(weights, tmp_path / "folder.tflite")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.tflite"]

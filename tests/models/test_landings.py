"""Files of networks for notes: small, hostile, compressed."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import assert_same, changed, landing_weights, play, put

from fuzzing import examples
from impsy.errors import ModelError
from impsy.models.landings import Landings
from impsy.models.litert import GraphPredictor
from impsy.models.opening import open_model
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES, Size
from impsy.models.tflite.read import UnknownNetworkError, read_tflite
from impsy.models.tflite.schema import Op
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from random_networks import random_weights

EXAMPLES = examples(200)
CONTENT = encode_tflite(landing_weights(3, 4, mixtures=12))


def constant(name: str, change):
    """Changes the constant ``name`` of a file."""

    def apply(model) -> None:
        (tensor,) = [tensor for tensor in model.subgraphs[0].tensors if tensor.name == name]
        buffer = model.buffers[tensor.buffer]
        buffer.data = np.asarray(change(np.frombuffer(buffer.data, "<f4")), "<f4").tobytes()

    return apply


def without(name: str):
    def apply(model) -> None:
        for tensor in model.subgraphs[0].tensors:
            if tensor.name == name:
                tensor.name = "something else"

    return apply


def huge(model) -> None:
    """Says that it has far more slots than there is room for, all of one number."""
    for tensor in model.subgraphs[0].tensors:
        if tensor.name in ("landings/voice", "landings/time"):
            tensor.shape = [1 << 30]


@pytest.mark.parametrize(
    "change",
    [
        *(
            constant(f"landings/{field}", lambda values: -2 - values)
            for field in ("notes", "counts", "voice", "moves")
        ),
        *(
            constant(f"landings/{field}", lambda values: values + 1)
            for field in ("lowest", "time", "anchors", "apart")
        ),
        constant("landings/threshold", lambda values: 0 * values),
        constant("landings/rest", lambda values: values * 2),
        constant("landings/reach", lambda values: values[::-1]),
        constant("landings/place/mu", lambda values: values[::-1]),
        constant("landings/turned_from", lambda values: values[::-1]),
        without("landings/rest"),
        without("landings/moves"),
        huge,
    ],
)
@pytest.mark.slow
def test_a_file_that_is_not_what_it_says_plays_as_it_is_or_is_refused(change, tmp_path) -> None:
    content = changed(CONTENT, change)
    with pytest.raises(ModelError):
        read_tflite(content)
    path = put(tmp_path, "model.tflite", content)
    try:
        opened = open_model(path)
    except ModelError:
        return
    assert opened.weights is None
    assert "the file's own graph" in opened.runs


@pytest.mark.slow
def test_damaged_files_are_read_or_refused() -> None:
    outcomes = set()
    for seed in range(EXAMPLES):
        random = Random(seed)
        data = bytearray(CONTENT)
        for _ in range(random.choice((1, 2, 8, 64))):
            place = random.randrange(min(len(data), 1 << random.randrange(6, 20)))
            data[place] = random.choice((0, 1, 0x7F, 0x80, 0xFF, data[place] ^ (1 << random.randrange(8))))
        try:
            outcomes.add(isinstance(read_tflite(bytes(data)), Weights))
        except ModelError:
            outcomes.add(False)
    assert outcomes == {True, False}


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.sampled_from(["notes", "lowest", "counts", "voice", "moves", "time", "anchors", "apart", "rest"]),
    st.integers(0, 3),
    st.sampled_from([-1.0, 0.0, 0.5, 1.0, 3.0, 300.0, 1e9, 3e38, float("inf"), float("nan")]),
)
@pytest.mark.slow
def test_any_number_in_the_definition_is_taken_or_refused(field: str, place: int, number: float) -> None:
    def spoil(values):
        values = values.copy()
        values[place % len(values)] = number
        return values

    with contextlib.suppress(UnknownNetworkError):
        read_tflite(changed(CONTENT, constant(f"landings/{field}", spoil)))


@pytest.mark.parametrize("storage", ["float16", "int8"])
@pytest.mark.slow
def test_compressed_files_hold_the_same_network(storage) -> None:
    weights = random_weights(3, SIZES["xs"], rng=np.random.default_rng(1), mixtures=200, architecture="landings")
    content = encode_tflite(weights, storage=storage)
    assert len(content) < 0.8 * len(encode_tflite(weights))
    same = read_tflite(content)
    assert_same(same, weights, tolerance=0.01)
    np.testing.assert_allclose(play(GraphPredictor(content)), play(NumPyPredictor(same)), atol=2e-3, rtol=2e-3)


def test_plain_runtimes_have_all_operators() -> None:
    from impsy.models.tflite.read import parse

    operators = {Op(max(code.builtin, code.old_builtin)).name for code in parse(CONTENT).codes}
    assert operators <= {
        *("ABS", "ADD", "CONCATENATION", "ELU", "FULLY_CONNECTED", "LOG", "LOGISTIC", "MAXIMUM", "MINIMUM", "MUL"),
        *("RELU", "RESHAPE", "ROUND", "SLICE", "SPLIT", "SPLIT_V", "SUB", "TANH"),
    }
    assert all(code.version == 1 for code in parse(CONTENT).codes)


@pytest.mark.parametrize("units", [4, 7, 16, 64])
def test_what_is_carried_fits_pairs_of_states(units) -> None:
    weights = landing_weights(2, 5, Size(units, 1), 30)
    assert isinstance(weights.residual, Landings)
    assert 0 <= 2 * units * weights.carried_pairs - weights.residual.carries < 2 * units


@pytest.mark.parametrize("value", [0.0, 1.0, 0.33, -4.0, 1e6])
def test_values_never_seen_are_heard_as_the_nearest(value) -> None:
    weights = random_weights(2, Size(8, 1), rng=np.random.default_rng(2), mixtures=60, architecture="landings")
    fixed = weights.residual
    assert isinstance(fixed, Landings)
    for predictor in (NumPyPredictor(weights), GraphPredictor(encode_tflite(weights))):
        predictor.hear([0.1, 0.5])
        predictor.hear([0.1, value])
        assert np.isfinite(predictor.mixture()).all()
    with pytest.raises(ModelError, match="values"):
        replace(fixed, counts=np.array([257], np.float32))

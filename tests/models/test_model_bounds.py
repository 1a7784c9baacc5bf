"""Model files that stand for far more than they are: refused in a sentence, or played in little memory."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from model_files import changed, keras_archive, put, residual_weights, small_weights

from impsy.errors import ModelError
from impsy.limits import DESCRIPTION_BYTES, MOST_DIMENSION, READER_BYTES, READER_RATIO
from impsy.models.isolated import read_hdf5
from impsy.models.keras_read import read_keras
from impsy.models.opening import make_predictor, open_model
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import Size
from impsy.models.tflite.read import read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import random_weights
from waiting import if_idle


def hdf5(**arrays) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for name, (shape, chunks) in arrays.items():
            file.create_dataset(name, shape, "f4", chunks=chunks, compression="gzip", fillvalue=1.0)
    return content.getvalue()


@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((40 << 20,), (1 << 20,)),
        ((10, 300 << 20), (1, 1 << 20)),
        ((8,), None),
        ((1 << 62,), (1 << 20,)),
    ],
)
@pytest.mark.slow
def test_an_hdf5_file_of_little_that_declares_much(shape, chunks) -> None:
    if chunks is None:  # a small array in a large piece, all of which would be unpacked
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            file.create_dataset("a", (8,), "f4", chunks=(200 << 20,), maxshape=(None,), compression="gzip")
        found = content.getvalue()
    else:
        found = hdf5(a=(shape, chunks))
    assert len(found) < 1 << 20
    with pytest.raises(ModelError, match="more than 256 MB"):
        read_hdf5(found)


def archive(config: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config.json", config)
        made.writestr("model.weights.h5", b"")
    return content.getvalue()


@pytest.mark.parametrize(
    "config",
    [
        "[" * 1_000_000,
        '{"a":' * 500_000,
        "9" * 4_000_000,
        '{"config": {"layers": [' + '{"class_name": "LSTM", "config": {}},' * 100_000 + "1]}}",
        "[" + "[]," * 1_300_000 + "1]",
        " " * (DESCRIPTION_BYTES + 1),
        '{"config": {"layers": [{"class_name": "' + "x" * 3_000_000 + '", "config": {}}]}}',
        '{"config": {"layers": [{"class_name": "LSTM", "config": {"activation": "' + "x" * 3_000_000 + '"}}]}}',
        "NaN",
        '{"config": NaN}',
    ],
    ids=range(10),
)
@pytest.mark.slow
def test_descriptions_made_to_keep_the_reader_busy(tmp_path: Path, config: str) -> None:
    path = put(tmp_path, "a.keras", archive(config))
    began = time.process_time()
    tracemalloc.start()
    with pytest.raises(ModelError) as refused:
        open_model(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(str(refused.value)) < 1000
    assert most < READER_BYTES
    assert if_idle(time.process_time() - began) < 5


def test_constants_that_many_tensors_share_are_made_within_the_budget(monkeypatch) -> None:
    """The same bytes under many names: each would become an array of its own."""
    content = encode_tflite(small_weights(size=Size(32, 2)), storage="int8")
    monkeypatch.setattr("impsy.limits.READER_BYTES", 1 << 10)
    monkeypatch.setattr("impsy.limits.READER_RATIO", 0)
    with pytest.raises(ModelError, match="memory"):
        read_tflite(content)


def test_what_a_model_really_needs_is_far_below_the_budget(monkeypatch) -> None:
    weights = small_weights(size=Size(64, 3))
    monkeypatch.setattr("impsy.limits.READER_BYTES", 0)
    monkeypatch.setattr("impsy.limits.READER_RATIO", READER_RATIO // 4)
    assert read_tflite(encode_tflite(weights, storage="int8")).dimension == weights.dimension
    assert read_keras(keras_archive(weights)).dimension == weights.dimension


def test_a_dimension_beyond_all_is_refused() -> None:
    with pytest.raises(ModelError, match="5,000 at most, not 5,001"):
        random_weights(MOST_DIMENSION + 1, Size(1, 1), rng=np.random.default_rng(0), mixtures=1)
    assert random_weights(MOST_DIMENSION, Size(1, 1), rng=np.random.default_rng(0), mixtures=1).dimension == 5000


def test_a_network_whose_graph_would_fill_the_memory_is_played_by_numpy(monkeypatch) -> None:
    weights = residual_weights()
    assert not isinstance(make_predictor(weights), NumPyPredictor)
    monkeypatch.setattr("impsy.models.opening.READER_BYTES", 4)
    predictor = make_predictor(weights)
    assert isinstance(predictor, NumPyPredictor)
    assert not isinstance(make_predictor(weights, "litert"), NumPyPredictor)


def test_shapes_beyond_all_numbers_are_refused() -> None:
    def stretch(model) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.shape = [2**31 - 1] * 8

    with pytest.raises(ModelError) as refused:
        read_tflite(changed(encode_tflite(small_weights()), stretch))
    assert len(str(refused.value)) < 1000
    assert json.dumps(str(refused.value))

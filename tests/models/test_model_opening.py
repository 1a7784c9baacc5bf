"""Every layout of every format opens, and all say the same; what cannot be opened says why."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from model_files import (
    LAYOUTS,
    arrays,
    assert_same,
    changed,
    hdf5,
    keras2_model,
    keras2_weights,
    keras3_weights,
    keras_archive,
    keras_config,
    looped_tflite,
    play,
    put,
    small_weights,
    unusual,
)

from impsy.errors import ModelError
from impsy.models.elsewhere import GraphProcess
from impsy.models.opening import make_predictor, open_model, open_weights
from impsy.models.opening import model_facts as facts_of
from impsy.models.opening import model_scale as scale_in
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import Size
from impsy.models.tflite.schema import Op
from impsy.models.tflite.write import STORAGES, encode_tflite, write_tflite


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.slow
def test_every_keras_layout_opens(layout: str, tmp_path: Path) -> None:
    weights = small_weights()
    opened = open_model(put(tmp_path, f"model.{layout}", LAYOUTS[layout](weights)))
    assert_same(opened.weights, weights)
    assert (opened.dimension, opened.units, opened.layers, opened.mixtures) == (3, 8, 2, 3)
    assert opened.parameters == weights.parameters
    assert opened.bytes == opened.path.stat().st_size
    assert opened.format.startswith("Keras")


@pytest.mark.parametrize("form", ["own", "looped", "flex", "unsigned"])
def test_every_tflite_opens(form: str, tmp_path: Path) -> None:
    weights = small_weights(size=Size(8, 3))
    content = {
        "own": lambda: encode_tflite(weights),
        "looped": lambda: looped_tflite(weights),
        "flex": lambda: looped_tflite(weights, flex=True),
        "unsigned": lambda: changed(encode_tflite(weights), lambda model: model.signatures.clear()),
    }[form]()
    opened = open_model(put(tmp_path, "model.tflite", content))
    assert_same(opened.weights, weights)
    np.testing.assert_allclose(play(opened.predictor), play(NumPyPredictor(weights)), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("storage", STORAGES)
def test_small_storage_comes_back_nearly(storage: str, tmp_path: Path) -> None:
    weights = small_weights(size=Size(32, 2))
    write_tflite(weights, tmp_path / "model.tflite", storage=storage)
    opened = open_weights(tmp_path / "model.tflite")
    largest = max(abs(array).max() for array in arrays(weights))
    assert_same(opened, weights, {"float32": 0, "float16": largest * 2**-11, "int8": largest / 254 * 1.01}[storage])


@pytest.mark.parametrize("name", ["model.h5", "model.tflite", "model", "model.txt"])
@pytest.mark.slow
def test_the_content_counts_not_the_name(name: str, tmp_path: Path) -> None:
    weights = small_weights()
    assert open_model(put(tmp_path, name, keras_archive(weights))).format == "Keras archive"
    assert open_model(put(tmp_path, name, encode_tflite(weights))).format == "TensorFlow Lite"


@pytest.mark.slow
def test_layers_stay_in_order_beyond_ten(tmp_path: Path) -> None:
    weights = small_weights(size=Size(4, 12))
    assert_same(open_weights(put(tmp_path, "a.h5", keras3_weights(weights))), weights)
    assert_same(open_weights(put(tmp_path, "b.h5", keras2_weights(weights))), weights)


def test_a_network_of_another_kind_plays_as_it_is(tmp_path: Path) -> None:
    weights = small_weights()
    path = put(tmp_path, "unusual.tflite", changed(encode_tflite(weights), unusual))
    opened = open_model(path)
    assert opened.weights is None
    assert opened.parameters is None
    assert (opened.dimension, opened.units, opened.layers, opened.mixtures) == (3, 8, 2, 3)
    assert "the file's own graph" in opened.runs
    ours, theirs = play(NumPyPredictor(weights)), play(opened.predictor)
    width = weights.mixtures * weights.dimension
    np.testing.assert_allclose(theirs[:, :width], ours[:, :width], atol=1e-4, rtol=1e-4)
    assert (theirs[:, width : 2 * width] >= 1).all()
    with pytest.raises(ModelError, match="only LiteRT could play it"):
        open_model(path, "numpy")
    with pytest.raises(ModelError, match="elu"):
        open_weights(path)


def test_backends_can_be_chosen() -> None:
    weights = small_weights()
    assert isinstance(make_predictor(weights, "numpy"), NumPyPredictor)
    np.testing.assert_allclose(
        play(make_predictor(weights, "litert")), play(make_predictor(weights, "numpy")), atol=1e-4, rtol=1e-4
    )


def test_without_litert_numpy_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "model.tflite", encode_tflite(small_weights()))
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setattr("impsy.models.opening.litert_is_installed", lambda: False)
    assert open_model(path).runs == "NumPy"
    with pytest.raises(ModelError, match="not installed"):
        open_model(path, "litert")


def test_hard_sigmoid_weights_play_as_everywhere_else_and_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        open_weights(put(tmp_path, "old.h5", keras2_model(small_weights())))
    assert "hard_sigmoid" in caplog.text


# --- what cannot be opened --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\x80\x04\x95pickle", "pickle"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html>", "web page"),
        (b"just some text", "does not begin as"),
    ],
)
def test_other_things_are_told(content: bytes, message: str, tmp_path: Path) -> None:
    path = put(tmp_path, "model.tflite", content)
    with pytest.raises(ModelError, match=message) as error:
        open_model(path)
    assert str(path) in str(error.value)


def test_no_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        open_model(tmp_path / "nothing.tflite")
    with pytest.raises(ModelError, match="folder"):
        open_model(tmp_path)


def keras_with(**lstm: str) -> bytes:
    weights = small_weights()
    return keras_archive(weights, keras_config(weights, **lstm))


def keras_with_layer(kind: str) -> bytes:
    config = keras_config(small_weights())
    config["config"]["layers"].append({"class_name": kind, "config": {"name": "other"}})
    return keras_archive(small_weights(), config)


def archive_without_weights() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
    return file.getvalue()


def inflated() -> bytes:
    """A few kilobytes that unpack to more than any configuration has."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", " " * (8 << 20))
    return file.getvalue()


def linked(link: object) -> bytes:
    return hdf5({"layers/lstm/cell/vars/0": link})


def absurdly_large() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        h5.create_dataset("layers/lstm/cell/vars/0", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(64, 64))
    return file.getvalue()


def elsewhere() -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as h5:
        h5.create_dataset("a/kernel", shape=(4,), dtype="f4", external=[("/etc/hostname", 0, 16)])
    return file.getvalue()


def crowded() -> bytes:
    return hdf5({f"{i}/vars/0": np.float32(0) for i in range(6000)})


def nested() -> bytes:
    return hdf5({"/".join(["deep"] * 40) + "/kernel": np.zeros(4, np.float32)})


def wrong_head() -> bytes:
    weights = small_weights()
    return hdf5({"dense/dense/kernel:0": weights.mixture_kernel, "dense/dense/bias:0": weights.mixture_bias})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (keras_with(recurrent_activation="hard_sigmoid"), "hard_sigmoid"),
        (keras_with(activation="relu"), "relu"),
        (keras_with_layer("GRU"), "GRU"),
        (archive_without_weights(), "no model.weights.h5"),
        (inflated(), "far larger"),
        (keras_archive(small_weights(), json.loads("[" * 100 + "]" * 100), b"nothing"), "HDF5"),
        (keras_archive(small_weights())[:-30], "damaged"),
        (linked(h5py.SoftLink("/layers")), "link to elsewhere"),
        (linked(h5py.ExternalLink("/etc/passwd", "/x")), "link to elsewhere"),
        (absurdly_large(), "more than 256 MB of memory"),
        (elsewhere(), "in another file"),
        (crowded(), "crowded"),
        (nested(), "nested"),
        (hdf5({}), "no LSTM layer"),
        (wrong_head(), "dense"),
    ],
)
@pytest.mark.slow
def test_keras_files_that_cannot_be_played(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        open_model(put(tmp_path, "model.h5", content))


def test_a_layer_without_its_weights_is_told(tmp_path: Path) -> None:
    whole = keras3_weights(small_weights())
    file = io.BytesIO(whole)
    with h5py.File(file, "r+") as h5:
        del h5["layers/time_distributed/layer/mdn_pi"]
    with pytest.raises(ModelError, match="mixture's pi"):
        open_model(put(tmp_path, "model.h5", file.getvalue()))


def crashing(model) -> None:
    """An operator without its input: LiteRT does not look before it reads."""
    graph = model.subgraphs[0]
    squashing = next(op for op in graph.operators if model.codes[op.code].builtin == Op.LOGISTIC)
    squashing.inputs = [-1]


def test_a_graph_that_crashes_the_runtime_is_an_error_message(tmp_path: Path) -> None:
    path = put(tmp_path, "hostile.tflite", changed(encode_tflite(small_weights()), crashing))
    with pytest.raises(ModelError, match="crash"):
        open_model(path)


def test_a_graph_that_never_ends_is_an_error_message() -> None:
    with pytest.raises(ModelError, match="more than 2 s"):
        GraphProcess(looped_tflite(small_weights(), endless=True), seconds=2.0)


@pytest.mark.slow
def test_a_graph_that_is_no_network_is_told(tmp_path: Path) -> None:
    def headless(model) -> None:
        model.subgraphs[0].outputs = model.subgraphs[0].outputs[1:]

    path = put(tmp_path, "odd.tflite", changed(encode_tflite(small_weights()), headless))
    with pytest.raises(ModelError, match="not one mixture"):
        open_model(path)


@pytest.mark.slow
def test_playing_a_tflite_loads_nothing_heavy(tmp_path: Path) -> None:
    path = put(tmp_path, "model.tflite", encode_tflite(small_weights()))
    code = (
        "import sys; from impsy.models.opening import open_model; open_model(sys.argv[1]).predictor.hear([0.1] * 3); "
        "print(sorted({'h5py', 'keras', 'jax', 'tensorflow', 'torch', 'zipfile', 'flatbuffers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.strip()
    assert loaded in ("[]", "['flatbuffers']")  # LiteRT may load its own


@pytest.mark.slow
def test_a_keras_file_is_not_opened_in_this_process(tmp_path: Path) -> None:
    path = put(tmp_path, "model.keras", keras_archive(small_weights()))
    code = (
        "import sys; from impsy.models.opening import open_model; open_model(sys.argv[1]); "
        "print('h5py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(os.name == "nt", reason="making links takes a permission on Windows")
def test_a_description_that_leads_out_of_the_workspace_is_not_read(tmp_path: Path) -> None:
    models = tmp_path / "work" / "models"
    models.mkdir(parents=True)
    path = put(models, "model.keras", keras_archive(small_weights()))
    beside = put(models, "model.json", b'{"format": 1, "scale": 12, "made_by": "somebody"}')
    assert (facts_of(path), scale_in(path)) == ({"made_by": "somebody"}, 12)
    beside.rename(tmp_path / "model.json")
    beside.symlink_to(tmp_path / "model.json")
    assert (facts_of(path), scale_in(path)) == ({}, 10)

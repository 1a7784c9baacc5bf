"""``impsy convert-tflite``, ``model info`` and ``train`` with models of another scale than 10."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from model_files import keras2_weights, keras_archive, play

from impsy.cli.main import group
from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import ConfigError
from impsy.models.litert import GraphPredictor
from impsy.models.opening import open_model
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import random_weights

pytestmark = pytest.mark.slow


def impsy(*arguments: object) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


@pytest.mark.parametrize("optimise", ["--optimise", "--no-optimise"])
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".tflite"])
@pytest.mark.parametrize("scale", [2, 5, 10, 12, 100])
def test_convert_makes_a_file_of_scale_10_that_plays_the_same(
    tmp_path: Path, scale: int, suffix: str, optimise: str
) -> None:
    weights = random_weights(3, SIZES["xxs"], rng=np.random.default_rng(scale))
    encode = {".keras": keras_archive, ".h5": keras2_weights, ".tflite": encode_tflite}[suffix]
    path = tmp_path / f"musicMDRNN-dim3-layers2-units16-mixtures5-scale{scale}{suffix}"
    path.write_bytes(encode(weights))
    result = impsy("convert-tflite", "-m", path, "-o", tmp_path / "out", optimise)
    assert result.exit_code == 0, result.output
    assert (f"trained at scale {scale}; the file has scale 10" in result.output) == (scale != 10)
    (written,) = (tmp_path / "out").iterdir()
    assert f"scale10{'' if scale == 10 else f'-from{scale}'}.tflite" in written.name
    # As a front end runs it: the file's own graph, x 10 whatever the name says.
    np.testing.assert_allclose(
        play(GraphPredictor(written.read_bytes())), play(open_model(path, "numpy").predictor), atol=0.05, rtol=0.05
    )
    again = open_model(written)
    assert again.scale == 10
    np.testing.assert_allclose(
        play(again.predictor), play(GraphPredictor(written.read_bytes())), atol=1e-4, rtol=1e-4
    )
    (tmp_path / "out" / "renamed-scale12.tflite").write_bytes(written.read_bytes())
    if scale != 10:  # what the file says comes before its name
        assert open_model(tmp_path / "out" / "renamed-scale12.tflite").scale == 10


@pytest.mark.slow
def test_info_and_train_tell_of_another_scale(tmp_path: Path) -> None:
    path = tmp_path / "m-scale12.keras"
    path.write_bytes(keras_archive(random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0))))
    shown = impsy("model", "info", path)
    assert "trained at scale 12 instead of 10" in shown.output
    assert json.loads(impsy("model", "info", path, "--json").output)["scale"] == 12
    events = np.random.default_rng(0).random((200, 3), np.float32)
    write_dataset(tmp_path / "d.npz", Dataset.of(3, [events]))
    result = impsy("train", tmp_path / "d.npz", "--from", path)
    assert isinstance(result.exception, ConfigError)
    assert "another scale than 10" in str(result.exception)

"""``impsy model``, ``convert-tflite`` and ``test-mdrnn``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from impsy.cli.main import group
from impsy.errors import ConfigError, ModelError
from impsy.models.opening import model_facts, open_weights
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import Weights
from random_networks import random_weights


@pytest.fixture
def weights() -> Weights:
    return random_weights(4, SIZES["xs"], rng=np.random.default_rng(0))


@pytest.fixture
def model(weights: Weights, tmp_path: Path) -> Path:
    path = tmp_path / "mine.tflite"
    write_tflite(weights, path)
    return path


def impsy(*arguments: object) -> Result:
    return CliRunner().invoke(group, [str(argument) for argument in arguments])


def test_info_tells_what_a_model_is(model: Path) -> None:
    result = impsy("model", "info", model)
    assert result.exit_code == 0
    for fact in ("TensorFlow Lite", "dimension     4", "size          xs", "units         32", "LiteRT"):
        assert fact in result.output


def test_info_as_json(model: Path, weights: Weights) -> None:
    facts = json.loads(impsy("model", "info", model, "--json").stdout)
    assert facts == {
        "file": str(model),
        "format": "TensorFlow Lite",
        "bytes": model.stat().st_size,
        "dimension": 4,
        "size": "xs",
        "units": 32,
        "layers": 2,
        "mixtures": 5,
        "parameters": weights.parameters,
        "architecture": "plain",
        "runs": "LiteRT, in a graph of our own",
    }


def test_info_of_a_residual_network_and_what_its_maker_says(tmp_path: Path) -> None:
    residual = random_weights(4, SIZES["xs"], rng=np.random.default_rng(0), architecture="residual")
    constants = residual.residual
    assert constants is not None
    constants.grid[0] = 0
    path = tmp_path / "mine.tflite"
    write_tflite(residual, path, facts={"events": 12})
    facts = json.loads(impsy("model", "info", path, "--json").stdout)
    assert facts["architecture"] == "residual"
    assert facts["grid"] == "continuous (1 control), 1/127 (2 controls)"
    assert facts["facts"] == {"events": 12}
    shown = impsy("model", "info", path).output
    assert "architecture  residual" in shown
    assert 'facts         {"events": 12}' in shown


@pytest.mark.parametrize("optimise", ["--optimise", "--no-optimise"])
@pytest.mark.slow
def test_convert_keeps_a_residual_network_and_what_its_maker_says(tmp_path: Path, optimise: str) -> None:
    residual = random_weights(4, SIZES["xs"], rng=np.random.default_rng(0), architecture="residual")
    path = tmp_path / "mine.tflite"
    write_tflite(residual, path, facts={"events": 12})
    result = impsy("convert-tflite", "-m", path, "-o", tmp_path / "out", optimise)
    assert result.exit_code == 0, result.output
    assert "architecture residual" in result.output
    converted = tmp_path / "out" / "mine.tflite"
    assert open_weights(converted).architecture == "residual"
    assert model_facts(converted) == {"events": 12}


@pytest.mark.slow
def test_info_of_what_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "notes.tflite"
    path.write_text("not a model")
    result = impsy("model", "info", path)
    assert isinstance(result.exception, ModelError)
    program = [sys.executable, "-m", "impsy", "model", "info", str(path)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_convert_writes_a_model_that_is_the_same(model: Path, weights: Weights, tmp_path: Path) -> None:
    result = impsy("convert-tflite", "-m", model, "-o", tmp_path / "out", "-d", 4, "-s", "xs")
    assert result.exit_code == 0, result.output
    written = tmp_path / "out" / "mine.tflite"
    np.testing.assert_array_equal(open_weights(written).mixture_kernel, weights.mixture_kernel)
    assert "Wrote" in result.output
    assert f"{model.stat().st_size:,} bytes before, {written.stat().st_size:,} after" in result.output
    assert "Replaced" in impsy("convert-tflite", "-m", model, "-o", tmp_path / "out").output


@pytest.mark.slow
def test_convert_optimised_shows_what_it_measured(model: Path, tmp_path: Path) -> None:
    result = impsy("convert-tflite", "-m", model, "-o", tmp_path / "out", "--optimise")
    assert result.exit_code == 0, result.output
    assert all(storage in result.output for storage in ("float32", "float16", "int8"))
    assert len(re.findall("written", result.output)) == 1
    assert (tmp_path / "out" / "mine.tflite").stat().st_size < 0.7 * model.stat().st_size


def test_convert_never_replaces_what_it_converts(model: Path) -> None:
    before = model.read_bytes()
    result = impsy("convert-tflite", "-m", model, "--optimise")
    assert isinstance(result.exception, ConfigError)
    assert "--out_dir" in str(result.exception)
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value", "has"), [("-d", 9, "dimension 4, not 9"), ("-s", "xl", "size xs, not xl")]
)
def test_convert_checks_what_it_is_told(model: Path, tmp_path: Path, option: str, value: object, has: str) -> None:
    result = impsy("convert-tflite", "-m", model, "-o", tmp_path / "out", option, value)
    assert isinstance(result.exception, ConfigError)
    assert has in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["-n", 50], ["-n", 50, "-s", "xxs", "-d", 3, "--seed", 7]])
def test_timing_an_untrained_model(arguments: list[object]) -> None:
    result = impsy("test-mdrnn", *arguments)
    assert result.exit_code == 0, result.output
    rows = dict(re.findall(r"(hear|sample|both)\s*│\s*([\d.]+)", result.output))
    assert rows.keys() == {"hear", "sample", "both"}
    assert 0 < float(rows["hear"]) < float(rows["both"])


def test_timing_a_model(model: Path) -> None:
    result = impsy("test-mdrnn", model, "-n", 20)
    assert result.exit_code == 0, result.output
    assert "dimension 4" in result.output
    assert isinstance(impsy("test-mdrnn", model, "-d", 5).exception, ConfigError)


@pytest.mark.slow
def test_timing_real_models(shared_data: Path) -> None:
    for path in sorted((shared_data / "models").iterdir()):
        result = impsy("test-mdrnn", path, "-n", 20)
        assert result.exit_code == 0, result.output


@pytest.mark.parametrize("command", [["model"], ["model", "info"], ["convert-tflite"], ["test-mdrnn"]])
def test_help_has_examples(command: list[str]) -> None:
    result = impsy(*command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output


@pytest.mark.parametrize("stated", ["dimension = 4\n", ""])
@pytest.mark.parametrize("place", ["beside", "config elsewhere"])
def test_convert_without_a_model_converts_the_configurations(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, stated: str
) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    monkeypatch.chdir(tmp_path if place == "config elsewhere" else folder)
    config = folder / "config.toml"
    config.write_text(f'[model]\n{stated}file = "{model}"\n')
    options = [] if place == "beside" else ["-c", config]
    result = impsy("convert-tflite", "-o", tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    assert open_weights(tmp_path / "out" / "mine.tflite").dimension == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[model]\ndimension = 4\n", "names no model"),
        ('[model]\nfile = "gone.keras"\n', "there is no"),
        ("[model", "not TOML"),
        (None, "there is no such file"),
    ],
)
def test_convert_without_a_model_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    result = impsy("convert-tflite")
    assert isinstance(result.exception, ConfigError)
    assert says in str(result.exception)

"""``impsy evaluate``."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from impsy.cli.main import group
from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import ConfigError, DeviceError
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "mine.tflite"
    write_tflite(random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0)), path)
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    values = np.clip(0.5 + 0.01 * rng.standard_normal((700, 2)).cumsum(axis=0), 0, 1)
    path = tmp_path / "data.npz"
    write_dataset(path, Dataset.of(3, [np.column_stack([rng.exponential(0.1, 700), values])]))
    return path


def impsy(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["evaluate", *map(str, arguments)])


@pytest.mark.slow
def test_tables(model: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(model.parent)
    shutil.copy("mine.tflite", "other.tflite")
    result = impsy("mine.tflite", dataset.name, "--quick", "--against", "other.tflite")
    assert result.exit_code == 0, result.output
    for words in ("model A", "model B", "mine.tflite", "random walk", "repeat last", "Windows", "Calibration", "±"):
        assert words in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 160


@pytest.mark.slow
def test_json_is_all_there_is_on_standard_output(model: Path, dataset: Path) -> None:
    result = impsy(model, dataset, "--quick", "--json", "--split", "windows", "--fraction", "0.2", "--seed", "3")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["data"]["fraction"], found["data"]["seed"], found["data"]["name"]) == (0.2, 3, "data.npz")
    assert found["results"][0]["facts"]["architecture"] == "plain"
    verdict = found["results"][0]["verdict"]
    assert len(verdict) == 3
    assert all(set(each) == {"text", "evidence"} for each in verdict)


@pytest.mark.slow
def test_the_verdict_comes_first(model: Path, dataset: Path) -> None:
    result = impsy(model, dataset, "--quick", "--sigma-temp", "1", "--pi-temp", "0.8")
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[:3]
    assert all(line.startswith(("It ", "Its ")) for line in first)
    assert "foresee" in first[2]
    assert "played at        variation 1, surprise 0.8" in result.stdout


@pytest.mark.slow
def test_report(model: Path, dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("pygal")
    page = tmp_path / "reports" / "mine.html"
    result = impsy(model, dataset, "--quick", "--report", page)
    assert result.exit_code == 0, result.output
    assert "Wrote" in result.stdout
    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert [each.name for each in page.parent.iterdir()] == ["mine.html"]


@pytest.mark.slow
def test_pictures_are_the_same_from_every_process(model: Path, dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("pygal")
    drawn = []
    for seed in ("1", "2"):
        page = tmp_path / f"{seed}.html"
        command = [sys.executable, "-P", "-m", "impsy", "evaluate", str(model), str(dataset), "--quick"]
        done = subprocess.run(
            [*command, "--report", str(page)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        drawn.append(re.findall("<svg.*?</svg>", page.read_text("utf-8"), re.DOTALL))
    assert len(drawn[0]) > 10
    assert drawn[0] == drawn[1]


def test_report_never_replaces_what_it_reads(model: Path, dataset: Path) -> None:
    pytest.importorskip("pygal")
    before = model.read_bytes()
    result = impsy(model, dataset, "--report", model)
    assert isinstance(result.exception, ConfigError)
    assert model.read_bytes() == before


def test_a_report_that_cannot_be_written(model: Path, dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("pygal")
    (tmp_path / "file").write_text("")
    result = impsy(model, dataset, "--quick", "--report", tmp_path / "file" / "page.html")
    assert isinstance(result.exception, DeviceError)


@pytest.mark.slow
def test_without_pygal(model: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygal", None)
    result = impsy(model, dataset, "--quick", "--report", tmp_path / "page.html")
    assert isinstance(result.exception, ConfigError)
    assert "pygal" in str(result.exception)
    assert "pip install 'impsy[train]'" in str(result.exception)
    assert not (tmp_path / "page.html").exists()
    assert impsy(model, dataset, "--quick", "--json").exit_code == 0


@pytest.mark.slow
def test_figures_need_no_framework_and_no_plots(model: Path, dataset: Path) -> None:
    program = (
        "import sys; from click.testing import CliRunner; from impsy.cli.main import group; "
        f"r = CliRunner().invoke(group, ['evaluate', {str(model)!r}, {str(dataset)!r}, '--quick', '--json']); "
        "assert r.exit_code == 0, r.output; "
        "unwanted = {'keras', 'jax', 'tensorflow', 'torch', 'scipy', 'matplotlib', 'pygal'}; "
        "print(sorted(unwanted & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_another_dimension(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    write_dataset(other, Dataset.of(5, [np.random.default_rng(0).random((300, 5))]))
    result = impsy(model, other)
    assert isinstance(result.exception, ConfigError)
    assert "dimension 3" in str(result.exception)
    assert "has 5" in str(result.exception)


def test_help_has_examples() -> None:
    result = impsy("--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output

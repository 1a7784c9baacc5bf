"""``import impsy``: what it offers, that it loads nothing, and that every example in its documentation works."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import impsy
from impsy import api
from impsy.codecs.log import encode_row
from impsy.models.opening import OpenedModel
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "python.md"
START = datetime(2026, 9, 26, 10)
OURS = {"impsy", "impsy.version"}
LOADED = "import sys; before = set(sys.modules); {}; print(*sorted(set(sys.modules) - before))"


def loaded_by(statements: str) -> set[str]:
    """The modules that a new interpreter loads for these statements."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(statements)], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_importing_it_loads_nothing() -> None:
    assert {name for name in loaded_by("import impsy") if not name.startswith("importlib")} <= OURS | {"warnings"}


def test_looking_at_what_there_is_loads_nothing() -> None:
    assert not {"numpy", "typing", "impsy.api"} & loaded_by("import impsy; dir(impsy); hasattr(impsy, 'none')")


@pytest.mark.slow
def test_neither_keras_nor_jax_is_loaded_by_any_name() -> None:
    loaded = loaded_by("import impsy; [getattr(impsy, name) for name in impsy.__all__]")
    assert "impsy.training.learning" in loaded
    assert not {"keras", "jax", "tensorflow", "torch", "optuna"} & loaded


@pytest.mark.parametrize("name", impsy.__all__)
def test_every_name_is_there_and_described(name: str) -> None:
    assert name in dir(impsy)
    found = getattr(impsy, name)
    assert found is getattr(impsy, name)
    assert name == "__version__" or inspect.getdoc(found)


def test_type_checkers_see_the_names_that_there_are() -> None:
    source = ast.parse(Path(inspect.getfile(impsy)).read_text(encoding="utf-8"))
    (block,) = (node for node in source.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    imported = [(each.module, name.asname) for each in block.body for name in each.names]  # type: ignore[attr-defined]
    assert ["__version__", *(name for _, name in imported)] == impsy.__all__
    for module, name in imported:
        found = importlib.import_module(f"impsy.{name}") if module == "impsy" else None
        assert getattr(impsy, name) is (found or getattr(importlib.import_module(module), name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'open_modle'"):
        impsy.open_modle  # noqa: B018


@pytest.mark.slow
def test_the_package_of_training_does_not_hide_the_function() -> None:
    assert "function" in subprocess.check_output(
        [sys.executable, "-c", "import impsy.training.recipe, impsy; print(type(impsy.train))"], text=True
    )


# --- the examples ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three logs of two controls that move in waves, their dataset, and a network with random weights."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "logs").mkdir()
    (folder / "datasets").mkdir()
    (folder / "models").mkdir()
    rng = np.random.default_rng(7)
    for number in range(3):
        begun = START + timedelta(hours=number)
        times = rng.uniform(0.03, 0.09, 400).cumsum()
        values = 0.5 + 0.45 * np.sin(times[:, None] * (1.3, 2.1) + number)
        rows = (
            encode_row(begun + timedelta(seconds=time), "interface", row)
            for time, row in zip(times.tolist(), values.tolist(), strict=True)
        )
        log = folder / "logs" / f"{begun:%Y-%m-%dT%H-%M-%S}-3d-mdrnn.log"
        log.write_text("".join(rows), encoding="utf-8")
    impsy.save_dataset(impsy.collect(folder / "logs"), folder / "datasets" / "training-dataset-3d.npz")
    write_tflite(random_weights(3, SIZES["xxs"], rng=rng), folder / "models" / "small.tflite")
    return folder


def documented() -> Iterator[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=False)
    for thing in (*(getattr(api, name) for name in api.__all__), impsy.open_model, OpenedModel, impsy.Learned):
        for example in finder.find(thing, thing.__qualname__, globs={"impsy": impsy}):
            if example.examples:
                yield example


SLOW = {"evaluate", "train"}
EXAMPLES = [
    pytest.param(each, id=each.name, marks=[pytest.mark.slow] if each.name in SLOW else []) for each in documented()
]


def run(example: doctest.DocTest) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    problems: list[str] = []
    runner.run(example, out=problems.append)
    assert not problems, "".join(problems)


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_docstrings(example: doctest.DocTest, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    run(example)


@pytest.mark.slow  # it trains a network
def test_examples_of_the_page(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    text = PAGE.read_text(encoding="utf-8").replace("```\n", "\n")  # else the fence would be expected output
    run(doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0))
    assert not [thread for thread in threading.enumerate() if thread.name == "impsy engine"]


# --- what the examples do not show --------------------------------------------------------------------


def test_what_is_wrong_is_said(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(impsy.DataError, match="its name says no dimension"):
        impsy.read_log(tmp_path / "mine.log")
    with pytest.raises(impsy.ConfigError, match="give a model, or a configuration"):
        impsy.replay(workspace / "logs" / "2026-09-26T10-00-00-3d-mdrnn.log")
    with pytest.raises(impsy.ConfigError, match="--modelsize"):
        impsy.train(workspace / "datasets" / "training-dataset-3d.npz", "huge")
    with pytest.raises(impsy.DataError):
        impsy.load_dataset(workspace / "models" / "small.tflite")


def test_replaying_is_the_same_each_time_and_by_the_seed(workspace: Path) -> None:
    log, model = workspace / "logs" / "2026-09-26T10-00-00-3d-mdrnn.log", workspace / "models" / "small.tflite"
    first, second, other = (impsy.replay(log, model, seed=seed, mode="polyphony") for seed in (1, 1, 2))
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(first.times, second.times)
    assert not np.array_equal(first.values, other.values)


@pytest.mark.slow
def test_replaying_with_a_configuration_and_its_model(workspace: Path) -> None:
    config = workspace / "config.toml"
    config.write_text('[model]\nfile = "models/small.tflite"\n[interaction]\nmode = "battle"\n', encoding="utf-8")
    log = workspace / "logs" / "2026-09-26T10-00-00-3d-mdrnn.log"
    configured = impsy.replay(log, config=config)
    same = impsy.replay(log, workspace / "models" / "small.tflite", mode="battle")
    assert np.array_equal(configured.values, same.values)


def test_a_model_draws_what_its_mixture_says(workspace: Path) -> None:
    model = impsy.open_model(workspace / "models" / "small.tflite")
    model.hear([0.1, 0.4, 0.6])
    mixture = model.mixture()
    rng = np.random.default_rng(0)
    drawn = np.array([model.sample(rng, sigma_temperature=1.0) for _ in range(4000)])
    shares = np.exp(mixture.logits) / np.exp(mixture.logits).sum()
    mean = shares @ mixture.mu
    spread = np.sqrt(shares @ (mixture.sigma**2 + mixture.mu**2) - mean**2)
    assert np.abs(drawn.mean(axis=0) - mean).max() < 5 * (spread / np.sqrt(len(drawn))).max()
    assert model.sample() != model.sample()

"""What tests of training share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import PLAIN, SMALL, Trained, trained
from made_data import knobs

from impsy.data.datasets import write_dataset


@pytest.fixture(scope="module", autouse=True)
def compiled_quickly() -> Iterator[None]:
    """In this process, JAX compiles in a fraction of the time, to steps that take longer: these tests do few."""
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture
def fast_steps(compiled_quickly: None) -> Iterator[None]:
    """For a test of hundreds of steps: what it compiles takes longer to compile, and its steps less."""
    import jax

    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(scope="session")
def dataset_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset of dimension 3."""
    path = tmp_path_factory.mktemp("data") / "training-dataset-3d.npz"
    write_dataset(path, knobs(3, 500, seed=1))
    return path


@pytest.fixture(scope="session")
def gestures(tmp_path_factory: pytest.TempPathFactory, dataset_file: Path) -> Trained:
    """``impsy train`` of a small network, two epochs."""
    return _trained_once(tmp_path_factory, "gestures", dataset_file, *SMALL, "-N", "2")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory, dataset_file: Path) -> Trained:
    """The same with the network of released versions, eight epochs."""
    return _trained_once(tmp_path_factory, "plain", dataset_file, *PLAIN, "-N", "8")


def _trained_once(tmp_path_factory: pytest.TempPathFactory, name: str, dataset: Path, *arguments: object) -> Trained:
    """One training for all processes that share the tests: the first that wants it does it, others wait for it."""
    from filelock import FileLock

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder, events = shared / f"trained-{name}", shared / f"trained-{name}.json"
    with FileLock(shared / f"trained-{name}.lock"):
        if not events.exists():
            done = trained(folder, dataset, *arguments)
            events.write_text(json.dumps(list(done.events)))
    return Trained(json.loads(events.read_text()), folder)

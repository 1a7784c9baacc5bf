"""Where compiled steps are kept, and what is left of one whose writing was cut short."""

from __future__ import annotations

import os
import time
from pathlib import Path

import jax
import pytest

from impsy.training.backend import cache_folder, prepare


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder of its own, for this test only."""
    with monkeypatch.context() as patch:
        patch.setenv("IMPSY_CACHE", str(tmp_path / "cache"))
        yield tmp_path / "cache"
    prepare()


def test_the_cache_is_where_it_is_wanted(cache) -> None:
    prepare()
    assert cache_folder() == cache
    assert jax.config.jax_compilation_cache_dir == str(cache / "jax")


def test_what_a_killed_process_left_is_dropped(cache) -> None:
    """JAX writes ``…-cache`` and then ``…-atime``; it would fail for ever where the second is missing."""
    folder = cache / "jax"
    folder.mkdir(parents=True)

    def step(name: str, age: float, complete: bool) -> Path:
        path = folder / f"{name}-cache"
        path.write_bytes(b"compiled")
        os.utime(path, (time.time() - age,) * 2)
        if complete:
            (folder / f"{name}-atime").write_bytes(bytes(8))
        return path

    torn, whole, in_writing = step("torn", 3600, False), step("whole", 3600, True), step("new", 0, False)
    prepare()
    assert not torn.exists()
    assert whole.exists()
    assert in_writing.exists()

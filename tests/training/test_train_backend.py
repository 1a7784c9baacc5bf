"""Where compiled steps are kept, and what is left of one whose writing was cut short."""

from __future__ import annotations

import os
import stat
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


def refused(folder: Path, caplog: pytest.LogCaptureFixture, words: str) -> None:
    """It is not used, nothing is made there, JAX keeps nothing, and that is told once."""
    before = sorted(folder.rglob("*")) if folder.is_dir() else None
    with caplog.at_level("WARNING", "impsy"):
        assert cache_folder() is None
        prepare()
    assert jax.config.jax_compilation_cache_dir is None
    assert not jax.config.jax_enable_compilation_cache
    assert len(caplog.messages) == 1
    assert words in caplog.messages[0]
    assert "IMPSY_CACHE" in caplog.messages[0]
    assert before is None or sorted(folder.rglob("*")) == before


def test_nothing_compiled_is_kept_in_a_workspace(cache, caplog, tmp_path) -> None:
    (tmp_path / "config.toml").write_text("")
    refused(cache, caplog, "inside a workspace")
    assert not cache.exists()


def test_nor_in_the_current_folder(cache, caplog, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(cache, caplog, "inside a workspace")
    assert not cache.exists()


def test_nor_where_a_link_leads_into_a_workspace(cache, caplog, tmp_path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / ".impsy").mkdir(parents=True)
    (tmp_path / "link").symlink_to(workspace)
    cache.symlink_to(tmp_path / "link" / ".impsy", target_is_directory=True)
    refused(workspace, caplog, "inside a workspace")


def test_nor_in_a_folder_that_is_named_from_where_one_is(caplog, monkeypatch) -> None:
    monkeypatch.setenv("IMPSY_CACHE", "cache")
    refused(Path("cache"), caplog, "no whole path")
    assert not Path("cache").exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
@pytest.mark.parametrize("inner", ["", "jax"])
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_nor_where_others_can_write(cache, caplog, inner: str, mode: int) -> None:
    (cache / inner).mkdir(parents=True)
    (cache / inner).chmod(mode)
    refused(cache, caplog, "written by others")


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
@pytest.mark.parametrize("inner", ["", "jax"])
def test_nor_behind_a_link(cache, caplog, tmp_path, inner: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (cache / inner).parent.mkdir(exist_ok=True)
    (cache / inner).symlink_to(tmp_path / "elsewhere")
    refused(tmp_path / "elsewhere", caplog, "a link")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only the superuser gives folders to others")
def test_nor_in_somebody_elses_folder(cache, caplog) -> None:
    cache.mkdir()
    os.chown(cache, 65534, 65534)
    refused(cache, caplog, "somebody else")


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_nor_in_a_folder_that_others_can_replace(cache, caplog, tmp_path, monkeypatch) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    monkeypatch.setenv("IMPSY_CACHE", str(tmp_path / "open" / "cache"))
    refused(tmp_path / "nothing", caplog, "another in its place")


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_what_is_kept_only_its_user_reads(cache) -> None:
    prepare()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cache, cache / "jax")] == [0o700, 0o700]


@pytest.mark.skipif(os.name != "posix", reason="Windows has other permissions")
def test_compiled_steps_that_others_could_have_written_are_dropped(cache, tmp_path) -> None:
    (cache / "jax").mkdir(parents=True)
    (cache / "jax").chmod(0o700)
    (cache / "jax" / "a-atime").write_bytes(bytes(8))
    (tmp_path / "other").write_bytes(b"compiled")
    (cache / "jax" / "a-cache").symlink_to(tmp_path / "other")
    (cache / "jax" / "b-atime").write_bytes(bytes(8))
    (cache / "jax" / "b-cache").write_bytes(b"compiled")
    (cache / "jax" / "b-cache").chmod(0o666)
    prepare()
    assert not list((cache / "jax").glob("*-cache"))
    assert (tmp_path / "other").exists()


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


def test_settings_of_keras_come_from_no_workspace(cache, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    prepare()
    assert os.environ["KERAS_HOME"] == str(cache / "keras")
    (tmp_path / "config.toml").write_text("")  # now the cache is in a workspace
    prepare()
    assert os.environ["KERAS_HOME"] == os.devnull

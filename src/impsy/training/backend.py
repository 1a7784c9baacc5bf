"""Loading Keras on JAX, once and the same way everywhere in this package."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import stat
import sys
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from impsy.errors import ConfigError

__all__ = ["cache_folder", "check_installed", "give_back_memory", "prepare"]

_logger = logging.getLogger(__name__)

_NEEDED = ("keras", "jax", "keras_mdn_layer", "platformdirs", "filelock")
_COMPILED_IN = 0.3
"""Seconds that a compilation must have taken to be worth keeping."""
_CACHED = 256 << 20
"""Bytes that are kept at most (JAX needs filelock to count them); what was used longest ago goes first."""
_IN_WRITING = 60.0
"""Seconds after which no process is still writing a compiled step."""


def check_installed() -> None:
    """Raise ConfigError if a package that training needs is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"training needs {', '.join(missing)}, which this installation does not have: install IMPSY with the "
            "extra `train`, as in `pip install 'impsy[train]'` (or `pip install '.[train]'` in its folder)"
        )


def prepare() -> None:
    """Make Keras run on JAX, and let JAX keep what it compiles for the next training.

    Must be called before anything imports Keras; calling it again does nothing.

    Raises:
        ConfigError: what training needs is not installed, or Keras was loaded with another backend.
    """
    check_installed()
    os.environ["KERAS_BACKEND"] = "jax"
    folder = cache_folder()
    # Keras reads settings there; where there is no folder for them, it takes its defaults.
    os.environ["KERAS_HOME"] = os.devnull if folder is None else str(folder / "keras")
    # JAX looks for TPUs on any machine and tells that there are none.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    flags = os.environ.get("XLA_FLAGS", "")
    if "xla_backend_optimization_level" not in flags:
        # Compiles in two thirds of the time and with less memory; steps are as fast.
        os.environ["XLA_FLAGS"] = f"{flags} --xla_backend_optimization_level=1".strip()
    loaded = sys.modules.get("keras")
    if loaded is not None and loaded.backend.backend() != "jax":
        raise ConfigError(
            f"Keras runs on {loaded.backend.backend()} in this process already; training needs it on JAX: "
            "set the environment variable KERAS_BACKEND to jax"
        )
    import jax

    jax.config.update("jax_enable_compilation_cache", folder is not None)
    jax.config.update("jax_compilation_cache_dir", None if folder is None else str(folder / "jax"))
    if folder is None:
        return
    _drop_torn(folder / "jax")
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _COMPILED_IN)
    jax.config.update("jax_compilation_cache_max_size", _CACHED)


def _drop_torn(folder: Path) -> None:
    """Drop what a process that was killed while it wrote left behind, and what another user did.

    JAX would stumble over the one for ever, and run the other.

    It writes ``…-cache`` and then, beside it, ``…-atime``.
    """
    with contextlib.suppress(OSError):  # other processes do the same
        for path in folder.glob("*-cache"):
            if not _is_ours(path):
                path.unlink(missing_ok=True)
                continue
            complete = path.with_name(f"{path.name.removesuffix('-cache')}-atime").exists()
            if not complete and time.time() - path.stat().st_mtime > _IN_WRITING:
                path.unlink(missing_ok=True)


def give_back_memory() -> None:
    """Return to the system what compiling took: some 400 MB that the C library (glibc) keeps otherwise."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


def cache_folder() -> Path | None:
    """Where compiled steps are kept between trainings: ``IMPSY_CACHE``, else the system's place for caches.

    They are machine code that the next training runs. So it is a folder where only this user writes, and none of a
    workspace, which others may have made; None where there is none, which is told once.
    """
    from platformdirs import user_cache_path

    folder = Path(os.environ.get("IMPSY_CACHE") or user_cache_path("impsy", appauthor=False))
    why = _unfit(folder)
    if why:
        _tell_once(f"{folder} {why}: what training compiles is not kept there, and each takes longer to begin. Set")
    return None if why else folder


@cache
def _tell_once(reason: str) -> None:
    _logger.warning("%s IMPSY_CACHE to a folder of yours outside any workspace", reason)


def _unfit(folder: Path) -> str:
    """Why compiled steps cannot be kept there, as the end of a sentence; empty if they can. It is made if need be."""
    if not folder.is_absolute():
        return "is no whole path"
    try:
        places = {folder, *folder.parents, folder.resolve(), *folder.resolve().parents}
        if any(_is_workspace(place) for place in places):
            return "is inside a workspace"
        for each in (folder, folder / "jax"):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(each):
                return "is a link, belongs to somebody else, or can be written by others"
        if hasattr(os, "geteuid") and any(_is_open(place) for place in folder.resolve().parents):
            return "is inside a folder where others can put another in its place"
    except OSError as error:
        return f"cannot be used ({error.strerror or error})"
    return ""


def _is_ours(path: Path) -> bool:
    """Whether it is a plain file or folder of this user that nobody else can write (Windows: whether it is plain)."""
    found = path.lstat()
    plain = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    return plain and (not hasattr(os, "geteuid") or (found.st_uid == os.geteuid() and not found.st_mode & 0o022))


def _is_open(folder: Path) -> bool:
    """Whether others can rename what is in it."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _is_workspace(folder: Path) -> bool:
    """Whether it is one, or the current folder; not those that the user's home is in."""
    if Path("~").expanduser().is_relative_to(folder) and not (folder / "config.toml").exists():
        return False
    return folder == Path.cwd() or any((folder / name).exists() for name in ("config.toml", ".impsy"))

"""Loading Keras on JAX, once and the same way everywhere in this package."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from impsy.errors import ConfigError

__all__ = ["cache_folder", "check_installed", "give_back_memory", "prepare"]

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
    os.environ.setdefault("KERAS_HOME", str(folder / "keras"))
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

    _drop_torn(folder / "jax")
    jax.config.update("jax_compilation_cache_dir", str(folder / "jax"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", _COMPILED_IN)
    jax.config.update("jax_compilation_cache_max_size", _CACHED)


def _drop_torn(folder: Path) -> None:
    """Drop what a process that was killed while it wrote left behind; JAX would stumble over it for ever.

    It writes ``…-cache`` and then, beside it, ``…-atime``.
    """
    with contextlib.suppress(OSError):  # other processes do the same
        for path in folder.glob("*-cache"):
            complete = path.with_name(f"{path.name.removesuffix('-cache')}-atime").exists()
            if not complete and time.time() - path.stat().st_mtime > _IN_WRITING:
                path.unlink(missing_ok=True)


def give_back_memory() -> None:
    """Return to the system what compiling took: some 400 MB that the C library (glibc) keeps otherwise."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # other C libraries have no such call
        ctypes.CDLL(None).malloc_trim(0)


def cache_folder() -> Path:
    """Where compiled steps are kept between trainings: ``IMPSY_CACHE``, else the system's place for caches."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("IMPSY_CACHE")
    return Path(chosen) if chosen else user_cache_path("impsy", appauthor=False)

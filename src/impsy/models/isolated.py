"""Model files whose reading may crash: HDF5 is read by a process of its own."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from impsy.errors import ModelError
from impsy.limits import DESCRIPTION_BYTES, Budget
from impsy.processes import ask, serve

__all__ = ["read_hdf5", "run_isolated"]

TIMEOUT = 30.0
"""Seconds after which the process is ended; it takes under one."""
_MEMORY = 2 << 30
"""Bytes of address space that the process may have."""
_HDF5_COPIES = 4
"""What an array of an HDF5 file takes, times its own bytes: as read, as float32, as bytes, and in the answer."""
_HDF5_OBJECTS = 5_000
_HDF5_DEPTH = 12


def read_hdf5(content: bytes) -> tuple[dict[str, Any], str]:
    """All float arrays of an HDF5 file, float32 by path, and the model configuration (JSON) that Keras may add.

    Optimizer state is left out. Raises ModelError if the file is damaged or asks for too much.
    """
    import numpy as np

    answer = run_isolated("hdf5", content)
    head, _, body = answer.partition(b"\n")
    header = json.loads(head)
    arrays: dict[str, Any] = {}
    position = 0
    for name, shape in header["arrays"]:
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(body, "<f4", count, position).reshape(shape).astype(np.float32)
        position += 4 * count
    return arrays, header["config"]


def run_isolated(task: str, content: bytes, *, timeout: float = TIMEOUT) -> bytes:
    """Give ``content`` to ``task`` (a key of ``_TASKS``) in a process of its own; returns the answer.

    Raises ModelError with the task's own message, or saying how the process ended.
    """
    command = ["-m", "impsy.models.isolated", task]
    return ask(command, content, seconds=timeout, niceness=0, error_type=ModelError)


# --- what runs in the other process -----------------------------------------------------------------


def _task_hdf5(content: bytes) -> bytes:
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # no filter is loaded from a folder of plugins
    import h5py

    budget = Budget.of_file(len(content), lambda why: ModelError(f"it is declared far larger than any model: {why}"))
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            arrays = dict(_arrays(h5py, file, budget))
            config = _configuration(file)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise ModelError(f"the HDF5 library cannot read it: {error}") from error
    header = {"arrays": [(name, array.shape) for name, array in arrays.items()], "config": config}
    return b"\n".join([json.dumps(header).encode(), b"".join(array.tobytes() for array in arrays.values())])


def _arrays(h5py: Any, file: Any, budget: Budget) -> Iterator[tuple[str, Any]]:
    """``(path, float32 array)`` of every plain dataset of floats; links out of the file are not followed."""
    objects = 0
    open_groups = [("", file, 0)]
    while open_groups:
        prefix, group, depth = open_groups.pop()
        for name in group:
            objects += 1
            if objects > _HDF5_OBJECTS or depth > _HDF5_DEPTH:
                raise ModelError("it is nested or crowded far beyond any model (damaged, or made to do harm)")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ModelError(f"{prefix}{name} is a link to elsewhere, which no model file needs")
            thing = group[name]
            if isinstance(thing, h5py.Group):
                if not (prefix == "" and name.startswith("optimizer")):
                    open_groups.append((f"{prefix}{name}/", thing, depth + 1))
            elif isinstance(thing, h5py.Dataset) and thing.dtype.kind == "f":
                if thing.external or thing.is_virtual:
                    raise ModelError(f"{prefix}{name} keeps its data in another file, which no model file needs")
                each = max(4, thing.dtype.itemsize)
                budget.spend(int(thing.size or 0), each * _HDF5_COPIES)
                budget.spend(math.prod(thing.chunks or ()), each)  # a whole one is unpacked, for any part of it
                yield prefix + name, thing[()].astype("<f4")


def _configuration(file: Any) -> str:
    """The JSON text that Keras keeps beside the weights of a whole model, or ``""``."""
    if "model_config" not in file.attrs or file.attrs.get_id("model_config").get_storage_size() > DESCRIPTION_BYTES:
        return ""
    text = file.attrs["model_config"]
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


_TASKS: Mapping[str, Callable[[bytes], bytes]] = {"hdf5": _task_hdf5}

if __name__ == "__main__":
    serve(_TASKS[sys.argv[1]], memory=_MEMORY, seconds=TIMEOUT, writes=False)

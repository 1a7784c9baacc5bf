"""Doing what may crash in a process of its own.

Two things that come in model files are handled by native code that was not written to withstand malice: HDF5 (in
5,000 files with damaged bytes, the library crashed twice and hung four times), and graphs whose operators we
do not know. Both are done by a short-lived Python process: it gets bytes, it gives bytes, and where the system has
such limits it can neither use much memory nor time, nor write a file. If it dies, that is an error message.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from impsy.errors import ModelError

__all__ = ["read_hdf5", "run_isolated", "serve", "try_graph"]

TIMEOUT = 30.0
"""Seconds after which the process is ended; both tasks take under a second."""
_MEMORY = 4 << 30
"""Bytes of address space that the process may have."""
_HDF5_MEMORY = 512 << 20
"""Bytes of arrays that an HDF5 file may hold; the largest released size comes to 30 MB."""
_HDF5_OBJECTS = 5_000
_HDF5_DEPTH = 12
_CONFIG_BYTES = 4 << 20
_TRIAL_STEPS = 16
_START = "import sys; sys.path.append(sys.argv[1]); from impsy.models.isolated import serve; serve(sys.argv[2])"


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


def try_graph(content: bytes) -> None:
    """Run an unknown ``.tflite`` graph for some steps, elsewhere; raises ModelError if it should not be run here."""
    run_isolated("graph", content)


def run_isolated(task: str, content: bytes, *, timeout: float = TIMEOUT) -> bytes:
    """Give ``content`` to ``task`` (a key of ``_TASKS``) in a process of its own; returns what it answers.

    Raises ModelError with the task's own message, or saying how the process ended.
    """
    if not sys.executable:
        raise ModelError("there is no Python interpreter to open it safely with; convert it to .tflite elsewhere")
    root = str(Path(__file__).resolve().parents[2])
    # A thread pool would be started for nothing, and takes a third of the start.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-P", "-c", _START, root, task]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and our own code
            command, input=content, capture_output=True, timeout=timeout, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"opening it took more than {timeout:.0f} s (damaged, or made to do harm)") from error
    except OSError as error:
        raise ModelError(f"the process that opens it cannot be started ({error.strerror or error})") from error
    if done.returncode == _REFUSED:
        raise ModelError(done.stdout.decode("utf-8", "replace"))
    if done.returncode != 0:
        raise ModelError("it made the library that reads it crash (damaged, or made to do harm)")
    return done.stdout


# --- what runs in the other process -----------------------------------------------------------------

_REFUSED = 3
"""Exit status of a task that says why it cannot."""


def serve(task: str) -> NoReturn:
    """Read all of standard input, do ``task``, write the answer to standard output, end."""
    _limit()
    out = sys.stdout.buffer
    status = 0
    try:
        answer = _TASKS[task](sys.stdin.buffer.read())
    except (ModelError, MemoryError) as error:
        answer, status = str(error or "it needs too much memory").encode(), _REFUSED
    out.write(answer)
    out.flush()
    os._exit(status)  # native libraries that read a damaged file are not trusted to clean up


def _limit() -> None:
    """Ask the system to end this process if it takes too much; Windows has no such limits."""
    if hasattr(os, "sched_setscheduler"):  # what plays may have started this, and comes first; this does not
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        import resource
    except ImportError:
        return
    wanted = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: int(TIMEOUT),
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in wanted.items():
        _, hard = resource.getrlimit(kind)
        soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (ValueError, OSError):  # macOS refuses some; the time limit of the parent remains
            continue


def _task_hdf5(content: bytes) -> bytes:
    import h5py

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            arrays = dict(_arrays(h5py, file))
            config = _configuration(file)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        raise ModelError(f"the HDF5 library cannot read it: {error}") from error
    header = {"arrays": [(name, array.shape) for name, array in arrays.items()], "config": config}
    return b"\n".join([json.dumps(header).encode(), b"".join(array.tobytes() for array in arrays.values())])


def _arrays(h5py: Any, file: Any) -> Iterator[tuple[str, Any]]:
    """``(path, float32 array)`` of every plain dataset of floats; links out of the file are not followed."""
    left, objects = _HDF5_MEMORY, 0
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
                left -= max(4, thing.dtype.itemsize) * int(thing.size or 0)
                if left < 0:
                    raise ModelError(f"{prefix}{name} is declared far larger than any model")
                yield prefix + name, thing[()].astype("<f4")


def _configuration(file: Any) -> str:
    """The JSON text that Keras keeps beside the weights of a whole model, or ``""``."""
    if "model_config" not in file.attrs or file.attrs.get_id("model_config").get_storage_size() > _CONFIG_BYTES:
        return ""
    text = file.attrs["model_config"]
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _task_graph(content: bytes) -> bytes:
    import numpy as np

    from impsy.models.litert import GraphPredictor

    predictor = GraphPredictor(content)
    rng = np.random.default_rng(0)
    for _ in range(_TRIAL_STEPS):
        predictor.hear(rng.random(predictor.dimension).tolist())
        if not np.isfinite(predictor.parameters).all():
            raise ModelError("what it computes is not finite")
    return b""


_TASKS: Mapping[str, Callable[[bytes], bytes]] = {"hdf5": _task_hdf5, "graph": _task_graph}

"""The state of a training that is not finished, so that it can go on after a crash."""

from __future__ import annotations

import hashlib
import io
import json
import math
import tokenize
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.archives import ZipArchive
from impsy.data.datasets import Dataset
from impsy.errors import DataError, ImpsyError, refusal
from impsy.files import read_regular, write_whole
from impsy.limits import Budget
from impsy.training.recipe import Recipe

__all__ = ["Checkpoint", "Look", "fingerprint", "read_checkpoint", "write_checkpoint"]

_FORMAT = 2
_META = "meta"
_KINDS: dict[str, type | tuple[type, ...]] = {
    "data": str,
    "split": str,
    "step": int,
    "since": int,
    "total": int,
    "factor": (int, float),
    "seconds": (int, float),
    "best_step": int,
    "facts": dict,
}
_LARGEST = 4 << 30
"""Bytes of a file: many times what the largest network takes."""
_MOST_STEPS = 2**31 - 1
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    ImpsyError,
    tokenize.TokenError,
)
"""All that reading a damaged archive, arrays and JSON raises."""
_GROUPS = ("trainable", "first", "second", "sums", "best")


@dataclass(frozen=True)
class Look:
    """One evaluation on held-out windows: after ``step`` steps and ``seconds`` of training, the mean training loss
    since the one before, the mean held-out NLL (nats an event, × 10 space), and that without the worst windows."""

    step: int
    seconds: float
    loss: float
    held_out: float
    usual: float


@dataclass(eq=False)
class Checkpoint:
    """Everything that training changes, and what must be the same to resume it.

    since: steps since the last look at the held-out windows.
    arrays: lists of arrays for ``trainable``, ``first`` and ``second`` (Adam's moments), ``sums`` (steps that these
        hold, then loss and steps left out since the last look) and ``best``.
    factor: of the planned learning rate, after training has diverged.
    """

    recipe: Recipe
    data: str
    split: str
    step: int
    since: int
    total: int
    factor: float
    seconds: float
    best_step: int
    history: list[Look] = field(default_factory=list)
    arrays: dict[str, list[NDArray[Any]]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def fingerprint(dataset: Dataset) -> str:
    """A short name for exactly these events."""
    digest = hashlib.sha256(np.ascontiguousarray(dataset.events).data)
    digest.update(np.ascontiguousarray(dataset.lengths).data)
    return digest.hexdigest()[:16]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write it whole or not at all: the last one stays until the next is complete.

    Raises:
        DeviceError: the disk refuses.
    """
    meta = {
        "format": _FORMAT,
        "recipe": checkpoint.recipe.to_json(),
        **{name: getattr(checkpoint, name) for name in _KINDS},
        "history": [[look.step, look.seconds, look.loss, look.held_out, look.usual] for look in checkpoint.history],
    }
    arrays = {f"{group}_{i}": array for group, many in checkpoint.arrays.items() for i, array in enumerate(many)}
    buffer = io.BytesIO()
    arrays[_META] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, **arrays)
    write_whole(path, buffer.getbuffer())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what :func:`write_checkpoint` wrote; arrays only, nothing is unpickled.

    Raises:
        DataError: there is none, it is damaged, or another version of IMPSY wrote it.
    """
    try:
        content = read_regular(path, _LARGEST)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no unfinished training to resume; start one without --resume") from error
    except OSError as error:
        remedy = "start anew without --resume"
        raise DataError(f"{path}: the unfinished training cannot be read {refusal(error, remedy)}") from error
    try:
        arrays = _arrays(content)
        meta = json.loads(arrays.pop(_META).tobytes())
        if meta.pop("format") == _FORMAT:
            return _checkpoint(meta, arrays)
    except _DAMAGE as error:
        raise DataError(
            f"{path}: this unfinished training is damaged ({error}); start anew without --resume"
        ) from error
    raise DataError(f"{path}: another version of IMPSY wrote this unfinished training; start anew without --resume")


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays in an archive, by name. What NumPy warns of is damage too."""
    budget = Budget.of_file(len(content), DataError)
    with ZipArchive(io.BytesIO(content), budget) as archive, warnings.catch_warnings():
        warnings.simplefilter("error")
        return {
            name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
            for name in archive.names
        }


def _checkpoint(meta: dict[str, Any], content: dict[str, NDArray[Any]]) -> Checkpoint:
    """What the file says, checked; raises one of ``_DAMAGE``."""
    for name, kind in _KINDS.items():
        if not isinstance(meta[name], kind) or isinstance(meta[name], bool):
            raise ValueError(f"{name} is {meta[name]!r}")
    counts = (meta[name] for name in ("step", "since", "total", "best_step"))
    if not all(0 <= count <= _MOST_STEPS for count in counts):
        raise ValueError("it counts steps that cannot be")
    if not (0 < meta["factor"] <= 1 and 0 <= meta["seconds"] < math.inf):
        raise ValueError(f"factor is {meta['factor']}, seconds {meta['seconds']}")
    arrays = {group: _group(content, group) for group in _GROUPS}
    if sum(map(len, arrays.values())) != len(content):
        raise ValueError("it holds arrays that do not belong there")
    history = [Look(int(step), *map(float, rest)) for step, *rest in meta.pop("history")]
    return Checkpoint(recipe=Recipe.from_json(meta.pop("recipe")), history=history, arrays=arrays, **meta)


def _group(content: Mapping[str, NDArray[Any]], group: str) -> list[NDArray[Any]]:
    count = sum(name.rpartition("_")[0] == group for name in content)
    return [content[f"{group}_{i}"] for i in range(count)]

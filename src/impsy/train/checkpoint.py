"""The state of a training that is not finished, so that it can go on after a crash."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset
from impsy.data.files import written_whole
from impsy.errors import DataError
from impsy.train.recipe import Recipe

__all__ = ["Checkpoint", "Look", "fingerprint", "read_checkpoint", "write_checkpoint"]

_FORMAT = 1
_META = "meta"
_GROUPS = ("trainable", "other", "optimizer", "chains", "best")


@dataclass(frozen=True)
class Look:
    """One look at the held-out windows: after ``step`` steps and ``seconds`` of training, the mean training
    objective since the look before, the held-out NLL (nats an event, × 10 space) and the held-out objective."""

    step: int
    seconds: float
    loss: float
    held_out: float
    objective: float


@dataclass(eq=False)
class Checkpoint:
    """Everything that training changes, and what it must agree with to go on.

    arrays: lists of arrays, in Keras's order, for ``trainable``, ``other``, ``optimizer``, ``chains`` and ``best``.
    factor: how far training has backed off: what the planned learning rate is multiplied by.
    """

    recipe: Recipe
    data: str
    split: str
    step: int
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
    """Write it whole or not at all: the last one stays until the next is complete."""
    meta = {
        "format": _FORMAT,
        "recipe": checkpoint.recipe.to_json(),
        **{
            name: getattr(checkpoint, name)
            for name in ("data", "split", "step", "total", "factor", "seconds", "best_step", "facts")
        },
        "history": [
            [look.step, look.seconds, look.loss, look.held_out, look.objective] for look in checkpoint.history
        ],
    }
    arrays = {f"{group}_{i}": array for group, many in checkpoint.arrays.items() for i, array in enumerate(many)}
    buffer = io.BytesIO()
    arrays[_META] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    np.savez(buffer, allow_pickle=False, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(buffer.getbuffer())


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what :func:`write_checkpoint` wrote; arrays only, nothing is unpickled.

    Raises:
        DataError: there is none, it is damaged, or another version of IMPSY wrote it.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
        meta = json.loads(content.pop(_META).tobytes())
        if meta.pop("format") != _FORMAT:
            raise DataError(
                f"{path}: another version of IMPSY wrote this unfinished training; start anew without --resume"
            )
        arrays = {group: _group(content, group) for group in _GROUPS}
        history = [Look(int(step), *map(float, rest)) for step, *rest in meta.pop("history")]
        recipe = Recipe.from_json(meta.pop("recipe"))
        checkpoint = Checkpoint(recipe=recipe, history=history, arrays=arrays, **meta)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no unfinished training to resume; start one without --resume") from error
    except OSError as error:
        raise DataError(f"{path}: the unfinished training cannot be read ({error.strerror or error})") from error
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: this unfinished training is damaged ({error}); start anew without --resume"
        ) from error
    return checkpoint


def _group(content: Mapping[str, NDArray[Any]], group: str) -> list[NDArray[Any]]:
    count = sum(name.rpartition("_")[0] == group for name in content)
    return [content[f"{group}_{i}"] for i in range(count)]

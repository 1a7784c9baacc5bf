"""The files of a trained model: ``.keras``, ``.tflite``, and ``.json`` with its description."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from impsy.errors import ModelError, refusal
from impsy.files import ANOTHER_FOLDER, sync, write_whole
from impsy.models.calibration import CALIBRATED
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from impsy.version import __version__

__all__ = ["SUFFIXES", "ModelFiles", "export", "files_of", "is_saved_by_keras", "versions", "write_so_far"]

SUFFIXES = (".keras", ".tflite", ".json")
_PREVIOUS = "previous"
_IN_THE_FILE = ("made_by", "created", "components", CALIBRATED, "trained_on", "figures")
"""What of the description a ``.tflite`` holds too."""


@dataclass(frozen=True)
class ModelFiles:
    """Where a model's three files are; until its training is complete, ``unfinished`` keeps the training's state, and
    ``so_far`` is the best model so far, to play."""

    keras: Path
    tflite: Path
    json: Path
    unfinished: Path
    so_far: Path


def files_of(folder: Path, name: str) -> ModelFiles:
    """The files of the model ``name`` in ``folder``."""
    keras, tflite, described = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    return ModelFiles(keras, tflite, described, folder / f"{name}.training.npz", folder / f"{name}.so-far.tflite")


def export(
    weights: Weights, files: ModelFiles, description: Mapping[str, Any], keras_model: Any = None
) -> list[Path]:
    """Write all files, each whole or not at all; returns those of an earlier model that were set aside.

    ``keras_model`` is one that :func:`impsy.training.saving.empty_model` made already.

    An earlier model of the same name is kept beside, as ``….previous.tflite`` and so on. The ``.tflite`` carries a
    short form of the description too. What Keras cannot hold (:func:`is_saved_by_keras`) has no ``.keras``.

    Raises:
        ModelError: the disk refuses.
    """
    short = {key: description[key] for key in _IN_THE_FILE if key in description}
    tflite = encode_tflite(weights, facts=short)
    folder = files.keras.parent
    part = folder / f".{files.keras.stem}.{os.getpid()}.keras"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if is_saved_by_keras(weights):
                from impsy.training.saving import empty_model, fill

                fill(keras_model or empty_model(weights), weights).save(part)
                with part.open("rb+") as file:
                    sync(file.fileno())
            kept = _set_aside(files)
            if part.exists():
                part.replace(files.keras)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: the model cannot be written {refusal(error, ANOTHER_FOLDER)}") from error
    write_whole(files.tflite, tflite, error_type=ModelError)
    files.so_far.unlink(missing_ok=True)
    content = (json.dumps(description, indent=1, allow_nan=False) + "\n").encode()
    write_whole(files.json, content, error_type=ModelError)
    return kept


def is_saved_by_keras(weights: Weights) -> bool:
    """Whether the network has a ``.keras`` file.

    One for notes has none: its leaky sums go on with some events only, for which Keras has no layer.
    """
    return weights.architecture != "landings"


def write_so_far(weights: Weights, facts: Mapping[str, Any], files: ModelFiles) -> None:
    """Write the best model so far, to be played before training is complete.

    Raises:
        ModelError: the disk refuses.
    """
    write_whole(files.so_far, encode_tflite(weights, facts=facts), error_type=ModelError)


def _set_aside(files: ModelFiles) -> list[Path]:
    return [
        path.replace(path.with_name(f"{path.stem}.{_PREVIOUS}{path.suffix}"))
        for path in (files.keras, files.tflite, files.json)
        if path.exists()
    ]


def versions() -> dict[str, str]:
    """What a model was made with."""
    found = {"impsy": __version__, "python": platform.python_version()}
    for name in ("keras", "jax", "numpy", "keras-mdn-layer"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # pragma: no cover - training has loaded all of them
            continue
    return found


def now() -> str:
    """The current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")

"""A model that was learnt while playing: made ready to play, and saved with its story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from impsy.engine import Heard
from impsy.errors import DeviceError
from impsy.events import SetPredictor
from impsy.files import write_whole
from impsy.models.opening import opened
from impsy.models.tflite.read import read_facts, read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.version import __version__

__all__ = ["made_ready", "save"]


def made_ready(content: bytes, name: str, heard: Heard) -> SetPredictor:
    """What a ``.tflite`` holds, as the event that has it take over; it has heard what the present model has.

    Raises:
        ModelError: the content cannot be used.
    """
    predictor = opened(read_tflite(content), Path(name), read_facts(content)).predictor
    for vector in heard.vectors:
        predictor.hear(vector)
    return SetPredictor(predictor, name, learnt=True, heard=heard.total, content=content)


def save(content: bytes, folder: Path, story: Mapping[str, Any], figures: Mapping[str, Any]) -> Path:
    """Write a model with its story as a ``.tflite`` of a new name; returns where.

    Args:
        content: the model.
        story: what it was learnt from.
        figures: what came of it.

    Raises:
        ModelError: the content cannot be used.
        DeviceError: the disk refuses.
    """
    weights, now = read_tflite(content), datetime.now(UTC)
    facts = {
        "made_by": f"IMPSY {__version__}",
        "created": now.isoformat(timespec="seconds"),
        **read_facts(content),
        "trained_on": dict(story),
        "figures": dict(figures),
    }
    stamp = now.astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    path = folder / f"{weights.name}-learnt-{stamp}.tflite"
    number = 1
    while path.exists():
        number += 1
        path = folder / f"{weights.name}-learnt-{stamp}-{number}.tflite"
    write_whole(path, encode_tflite(weights, facts=facts), error_type=DeviceError)
    return path

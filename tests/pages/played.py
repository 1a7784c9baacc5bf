"""Takes that somebody could have played."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from numpy.random import default_rng

from impsy.perform import phrases


def write_take(folder: Path, number: int, seconds: float = 30.0, controls: int = 8) -> Path:
    """A log of a simulated performer, into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    began = datetime(2026, 3, 1 + number, 20, 0, 0)
    path = folder / f"{began:%Y-%m-%dT%H-%M-%S}-{controls + 1}d-mdrnn.log"
    at = 0.0
    with path.open("w", encoding="ascii") as log:
        for wait, values in phrases(default_rng(number), controls):
            at += wait
            if at > seconds:
                return path
            moment = (began + timedelta(seconds=at)).isoformat(timespec="microseconds")
            log.write(",".join([moment, "interface", *(f"{value:.4f}" for value in values)]) + "\n")
    return path

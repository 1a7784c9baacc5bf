"""Earlier playing that is learned besides what is played now: a dataset, logs, or a folder of logs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.data.collecting import collect, find_logs
from impsy.data.datasets import Dataset, read_dataset
from impsy.data.takes import read_notes, without_excluded
from impsy.errors import ImpsyError

__all__ = ["EarlierPlaying", "earlier_playing"]

MOST_EVENTS = 40_000
"""Of the pieces together; of more than these, each piece has its part of the beginning left out."""


class EarlierPlaying(NamedTuple):
    """``pieces``, (events, D) each, from the file or folder ``name``; ``problem``: why there are none, or ""."""

    pieces: list[NDArray[np.float32]]
    name: str = ""
    problem: str = ""


def earlier_playing(places: Sequence[Path], dimension: int, current: str = "") -> EarlierPlaying:
    """The playing of the first of these places that has some.

    Args:
        places: ``.npz`` datasets, logs, or folders of logs.
        dimension: D.
        current: the name of the log that is being written, which is left out.
    """
    problem = ""
    for place in places:
        try:
            dataset = _read(place, dimension, current)
        except ImpsyError as error:
            problem = problem or str(error)
            continue
        if dataset.dimension != dimension:
            problem = problem or f"{place} has dimension {dataset.dimension}, not {dimension}"
            continue
        whole = max(1, len(dataset))
        share = min(1.0, MOST_EVENTS / whole)
        pieces = [each[len(each) - int(len(each) * share) :] for each in dataset.performances if len(each)]
        if pieces:
            return EarlierPlaying(pieces, place.name)
    return EarlierPlaying([], "", problem)


def _read(place: Path, dimension: int, current: str) -> Dataset:
    if place.suffix == ".npz":
        return read_dataset(place)
    if not place.is_dir():
        return collect([place], dimension, read_notes(place.parent).trims).dataset
    logs, _, _ = without_excluded(place, find_logs(place, dimension, exclude=[current] if current else []).paths)
    return collect(logs, dimension, read_notes(place).trims).dataset

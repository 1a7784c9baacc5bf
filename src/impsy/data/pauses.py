"""Pauses in what was played: times in which the performer did not play.

At a long pause the performance is split in two, so that nothing is learned of the pause; or the pause is
shortened, so that no event is left out, and a model learns to wait for the shorter time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset

__all__ = ["LONG_PAUSE", "shorten_pauses", "split_at_pauses"]

LONG_PAUSE = 30.0
"""Seconds; a pause that is longer is none of the music. A model waits 8 s at most (``longest_wait``)."""


def split_at_pauses(events: NDArray[Any], longest: float) -> list[NDArray[Any]]:
    """The stretches of a performance between its pauses of more than ``longest`` seconds (> 0): views.

    The event that ends a pause begins the count of time anew, as the first row of a log does, and is in none of them:
    its dt is the pause. A stretch without events is left out.

    Args:
        events: (E, D), dt in seconds first.

    Returns:
        (E_i, D) each, in order. Without a long pause, all of the performance.
    """
    ends = np.flatnonzero(events[:, 0] > longest).tolist()
    bounds = zip([0, *(end + 1 for end in ends)], [*ends, len(events)], strict=True)
    return [events[begin:end] for begin, end in bounds if begin < end]


def shorten_pauses(dataset: Dataset, longest: float) -> Dataset:
    """The same events, each at most ``longest`` seconds (> 0) after the one before.

    A model that learns from it waits no longer than that. No event is lost: where a performance is cut in two, the
    events around the cut are in fewer windows.
    """
    events = dataset.events.copy()
    events[:, 0] = np.minimum(events[:, 0], np.float32(longest))
    return replace(dataset, events=events)

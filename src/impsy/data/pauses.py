"""Pauses in a dataset: times in which nobody played."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from impsy.data.datasets import Dataset

__all__ = ["shorten_pauses"]


def shorten_pauses(dataset: Dataset, longest: float) -> Dataset:
    """The same events, each at most ``longest`` seconds (> 0) after the one before.

    A model that learns from it waits no longer than that. No event is lost: where a performance is cut in two, the
    events around the cut are in fewer windows.
    """
    events = dataset.events.copy()
    events[:, 0] = np.minimum(events[:, 0], np.float32(longest))
    return replace(dataset, events=events)

"""A made-up player, for datasets of any size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset

__all__ = ["knobs"]

_STEPS = 127
_GESTURE = 30
"""Events of a gesture, on average."""
_PERFORMANCE = 4000
"""Events of a performance, on average."""


def knobs(events: int, dimension: int = 9, *, seed: int = 0) -> Dataset:
    """``events`` events of someone turning knobs, one at a time, on the grid of 1/127 as MIDI has it.

    A gesture turns one knob one way, one to three steps an event, and comes back where the knob ends. Between events
    lie about 20 ms, between gestures about half a second, both log-normal. Same arguments, same dataset.

    Raises:
        ValueError: fewer than 1 event, or a dimension below 2.
    """
    if events < 1 or dimension < 2:
        raise ValueError(f"no player makes {events} events of dimension {dimension}")
    rng = np.random.default_rng(seed)
    lengths = _lengths(rng, events, _GESTURE)
    starts = np.cumsum(lengths) - lengths
    turned = np.repeat(rng.integers(0, dimension - 1, len(lengths)), lengths)
    ways = np.repeat(rng.choice((-1, 1), len(lengths)), lengths)
    steps = ways * rng.integers(1, 4, events)
    found = np.empty((events, dimension), np.float32)
    found[:, 0] = 0.02 * rng.lognormal(0.0, 0.3, events)
    found[starts, 0] = 0.5 * rng.lognormal(0.0, 1.0, len(starts))
    for knob in range(dimension - 1):
        places = np.cumsum(np.where(turned == knob, steps, 0)) + rng.integers(0, _STEPS + 1)
        # Reflected at both ends: a path of twice the length, folded.
        found[:, knob + 1] = (_STEPS - np.abs(places % (2 * _STEPS) - _STEPS)) / _STEPS
    performances = _lengths(rng, events, _PERFORMANCE)
    return Dataset(dimension, found, performances, ("",) * len(performances))


def _lengths(rng: np.random.Generator, total: int, mean: int) -> NDArray[np.int64]:
    """Geometric lengths that add up to ``total``."""
    drawn = rng.geometric(1 / mean, 2 * total // mean + 10)
    while drawn.sum() < total:
        drawn = np.concatenate((drawn, rng.geometric(1 / mean, total // mean + 10)))
    ends = np.cumsum(drawn)
    last = int(np.searchsorted(ends, total))
    found: NDArray[np.int64] = drawn[: last + 1].astype(np.int64)
    found[-1] -= ends[last] - total
    return found

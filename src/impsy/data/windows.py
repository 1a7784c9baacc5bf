"""Which stretches of a dataset are learned from, and which are held out to tell how well that went.

A window is 51 events within one performance: the network hears the first 50 and predicts each one's successor.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset
from impsy.errors import DataError

__all__ = ["WINDOW", "Split", "split_performances", "split_windows", "window_starts"]

WINDOW = 51
"""Events in a window: 50 to hear, each with the one that follows it to predict."""

MOST_HELD_OUT = 0.5
"""Whole performances are held out only as long as at least the other half of the events stays to learn from."""


@dataclass(frozen=True)
class Split:
    """What of a dataset's events is for what. Slices and starts are offsets into ``Dataset.events``.

    train: ranges of events that training may use, each of two events or more within one performance; none holds an
        event that a held-out window hears or predicts.
    held_out: (W,) int64, ascending: where each held-out window begins.
    held_out_performances: stretches of events, each within one performance and at least a window long, for evaluation
        of whole performances with carried state. The held-out windows lie in them.
    """

    train: tuple[slice, ...]
    held_out: NDArray[np.int64]
    held_out_performances: tuple[slice, ...]


def window_starts(lengths: NDArray[np.int64], window: int = WINDOW) -> NDArray[np.int64]:
    """Where each window begins: (W,) offsets into ``events``, ascending by 1 within a performance.

    Args:
        lengths: (P,) events of each performance, in order.
        window: events in a window; a performance of L events has max(0, L − window + 1) of them.
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    pieces = [
        np.arange(end - length, end - window + 1, dtype=np.int64)
        for end, length in zip(ends.tolist(), np.asarray(lengths).tolist(), strict=True)
        if length >= window
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int64)


def split_windows(dataset: Dataset, fraction: float = 0.1, window: int = WINDOW) -> Split:
    """Hold out the last windows, as the released trainer does (``validation_split`` of Keras's ``fit``).

    Of W windows these are the last W − int(W · (1 − ``fraction``)). The released trainer learns from windows that
    overlap the first of them; here no event that they hold is learned from. Performances too short for a window are
    in none, and stay for training.

    Raises:
        DataError: there is too little to hold anything out and still have a window to learn from.
        ValueError: ``fraction`` is not between 0 and 1.
    """
    _check(fraction)
    starts = window_starts(dataset.lengths, window)
    held_out = starts[int(len(starts) * (1.0 - fraction)) :]
    if not len(held_out):
        raise _too_little(dataset, fraction, window)
    first = int(held_out[0])
    train: list[slice] = []
    stretches: list[slice] = []
    for whole in _ranges(dataset.lengths):
        if whole.stop - whole.start < window or whole.stop - window < first:
            train.append(whole)
        else:
            train.append(slice(whole.start, max(whole.start, first)))
            stretches.append(slice(max(whole.start, first), whole.stop))
    return _checked(dataset, fraction, window, Split(_useful(train), held_out, tuple(stretches)))


def split_performances(dataset: Dataset, fraction: float = 0.1, seed: int = 0, window: int = WINDOW) -> Split:
    """Hold out whole performances, drawn at random until they hold ``fraction`` of the events.

    Only those that have a window are drawn, and one that would take more than half of all events out of training is
    passed over.

    Raises:
        DataError: there is too little to hold anything out and still have a window to learn from.
        ValueError: ``fraction`` is not between 0 and 1.
    """
    _check(fraction)
    ranges = _ranges(dataset.lengths)
    wanted, most = fraction * len(dataset), MOST_HELD_OUT * len(dataset)
    chosen: set[int] = set()
    held = 0
    for number in np.random.default_rng(seed).permutation(len(ranges)).tolist():
        length = ranges[number].stop - ranges[number].start
        if held < wanted and length >= window and held + length <= most:
            chosen.add(number)
            held += length
    if not chosen:
        raise DataError(
            f"no whole performance can be held out: of {_plural(len(ranges), 'performance')} with "
            f"{_plural(len(dataset), 'event')} in all, one of at least {window} events and at most half of all must "
            "be; record more performances, or hold out the last windows instead (the default)"
        )
    stretches = tuple(ranges[number] for number in sorted(chosen))
    starts = np.concatenate([np.arange(each.start, each.stop - window + 1, dtype=np.int64) for each in stretches])
    train = _useful(whole for number, whole in enumerate(ranges) if number not in chosen)
    return _checked(dataset, fraction, window, Split(train, starts, stretches))


def _ranges(lengths: NDArray[np.int64]) -> list[slice]:
    """Where each performance lies."""
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths.tolist(), strict=True)]


def _useful(ranges: Iterable[slice]) -> tuple[slice, ...]:
    """Those with something to predict."""
    return tuple(each for each in ranges if each.stop - each.start >= 2)


def _check(fraction: float) -> None:
    if not 0 < fraction < 1:
        raise ValueError(f"a fraction of {fraction} cannot be held out; it must be between 0 and 1")


def _checked(dataset: Dataset, fraction: float, window: int, split: Split) -> Split:
    if not any(each.stop - each.start >= window for each in split.train):
        raise _too_little(dataset, fraction, window)
    return split


def _too_little(dataset: Dataset, fraction: float, window: int) -> DataError:
    needed = int(np.ceil(window / (1.0 - fraction))) + window - 1
    longest = int(dataset.lengths.max(initial=0))
    return DataError(
        f"too little data to learn from: {_plural(len(dataset), 'event')}, the longest performance has {longest}. "
        f"It takes at least {window} events in a row to learn from and {window} more that are held out, so about "
        f"{needed} in one performance, or two performances of {window}; 1,000 events or more (some "
        "minutes of playing) are where it begins to be worth while. Record more, then `impsy dataset` again"
    )


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"

"""What is in a dataset, in figures, and what a performer might do better.

All are plain dataclasses, so that ``dataclasses.asdict`` makes JSON of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset
from impsy.data.grid import detect_grid
from impsy.data.pauses import LONG_PAUSE
from impsy.data.windows import WINDOW, window_starts
from impsy.text import counted

__all__ = ["ControlStatistics", "DatasetStatistics", "describe"]

TIME_EDGES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Where the bins of the histogram of dt begin, in seconds: two a decade. The last has no end."""

ENOUGH_EVENTS, GOOD_EVENTS = 1_000, 10_000
"""Below the first a model learns little more than where the controls stand; from the second on it learns to play."""

SATURATED = 0.5
"""Share of events at the ends of its range from which on a control is worth a word."""

SHORT_SHARE = 0.25
SAMPLE = 65_536


@dataclass(frozen=True, slots=True)
class ControlStatistics:
    """One control over all events.

    number: 1 … n. minimum, maximum, mean: of its values. at_zero, at_one: shares of events at exactly 0 and 1.
    activity: share of events in which it changes (of those that have one before them in their performance).
    distinct: different values in a sample of the events. step: of the grid that they lie on (1/127 = 0.00787), 0 if
    they are continuous.
    """

    number: int
    minimum: float
    maximum: float
    mean: float
    at_zero: float
    at_one: float
    activity: float
    distinct: int
    step: float


@dataclass(frozen=True, slots=True)
class DatasetStatistics:
    """All of a dataset.

    performances, events, seconds: how much there is; seconds is the sum of all dt.
    lengths: events of each performance. windows: how many windows to learn from fit into them.
    time_median, time_mean, time_longest: of dt, in seconds.
    time_edges, time_counts: its histogram; bin i holds time_edges[i] ≤ dt < time_edges[i + 1], the last all above.
    pauses: how many dt are longer than ``LONG_PAUSE``.
    moving: shares of events in which no control changes, one does, more do.
    controls: of each. advice: sentences on what may spoil what is learned; empty if nothing does.
    """

    dimension: int
    performances: int
    events: int
    seconds: float
    lengths: tuple[int, ...]
    windows: int
    time_median: float
    time_mean: float
    time_longest: float
    time_edges: tuple[float, ...]
    time_counts: tuple[int, ...]
    pauses: int
    moving: tuple[float, float, float]
    controls: tuple[ControlStatistics, ...]
    advice: tuple[str, ...]


def describe(dataset: Dataset) -> DatasetStatistics:
    """Figures about a dataset, and advice. One without events has zeros."""
    times = dataset.events[:, 0]
    changes = _changes(dataset)
    moved = changes.sum(axis=1)
    share = 1 / max(1, len(moved))
    moving = (float((moved == 0).sum() * share), float((moved == 1).sum() * share), float((moved > 1).sum() * share))
    bins = np.searchsorted(np.array(TIME_EDGES, np.float32), times, side="right") - 1
    controls = tuple(
        _control(number, column, float(changed.sum() * share))
        for number, (column, changed) in enumerate(zip(dataset.events.T[1:], changes.T, strict=True), start=1)
    )
    empty = not len(times)
    facts = DatasetStatistics(
        dimension=dataset.dimension,
        performances=len(dataset.lengths),
        events=len(dataset),
        seconds=float(times.sum(dtype=np.float64)),
        lengths=tuple(dataset.lengths.tolist()),
        windows=len(window_starts(dataset.lengths)),
        time_median=0.0 if empty else float(np.median(times)),
        time_mean=0.0 if empty else float(times.mean(dtype=np.float64)),
        time_longest=float(times.max(initial=0)),
        time_edges=TIME_EDGES,
        time_counts=tuple(np.bincount(bins, minlength=len(TIME_EDGES)).tolist()),
        pauses=int((times > LONG_PAUSE).sum()),
        moving=moving,
        controls=controls,
        advice=(),
    )
    return replace(facts, advice=tuple(_advice(facts)))


def _changes(dataset: Dataset) -> NDArray[np.bool_]:
    """Which controls change in each event that has one before it in its performance: (C, n)."""
    values = dataset.events[:, 1:]
    changes = values[1:] != values[:-1]
    firsts = np.cumsum(dataset.lengths)[:-1]
    inside = np.ones(len(changes), np.bool_)
    inside[firsts[(firsts > 0) & (firsts < len(values))] - 1] = False
    return np.asarray(changes[inside])


def _control(number: int, values: NDArray[np.float32], activity: float) -> ControlStatistics:
    if not len(values):
        return ControlStatistics(number, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0.0)
    values = np.ascontiguousarray(values)  # it is gone through several times
    share = 1 / len(values)
    sample = values[:: max(1, len(values) // SAMPLE)]
    return ControlStatistics(
        number=number,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean(dtype=np.float64)),
        at_zero=int((values == 0).sum()) * share,
        at_one=int((values == 1).sum()) * share,
        activity=activity,
        distinct=len(np.unique(sample)),
        step=detect_grid(values),
    )


def _advice(facts: DatasetStatistics) -> Iterator[str]:
    """Sentences, the weightiest first."""
    if facts.events < ENOUGH_EVENTS:
        yield (
            f"{counted(facts.events, 'event')} {_are(facts.events)} too little to learn to play from: record at "
            f"least {ENOUGH_EVENTS:,}; from {GOOD_EVENTS:,} on (about half an hour of playing) a model gets good"
        )
    elif facts.events < GOOD_EVENTS:
        yield (
            f"{facts.events:,} events are enough to begin with; from {GOOD_EVENTS:,} on (about half an hour of "
            "playing) a model gets better"
        )
    if not facts.windows and facts.events:
        yield f"no performance has the {WINDOW} events that are learned from at a time: play longer in one go"
    yield from _advice_on_controls(facts)
    yield from _advice_on_performances(facts)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _advice_on_controls(facts: DatasetStatistics) -> Iterator[str]:
    still = [each for each in facts.controls if each.minimum == each.maximum]
    if facts.events and len(still) == len(facts.controls):
        yield "no control ever moves: is the mapping right? “impsy monitor” shows what arrives"
    elif facts.events:
        for each in still:
            yield (
                f"control {each.number} never moves (it is always {each.minimum:.3g}): play it, or leave it out of "
                "the mapping and record with one dimension less"
            )
    for each in facts.controls:
        stuck = max(each.at_zero, each.at_one)
        if each.minimum != each.maximum and stuck > SATURATED:
            end = "0" if each.at_zero >= each.at_one else "1"
            yield (
                f"control {each.number} is at {end} in {stuck:.0%} of all events, and the model will leave it there "
                "as often: if that is not what you mean, play it more, or look at the range in its mapping"
            )


def _advice_on_performances(facts: DatasetStatistics) -> Iterator[str]:
    short = sum(length < WINDOW for length in facts.lengths)
    if facts.windows and short > SHORT_SHARE * facts.performances:
        yield (
            f"{short} of {counted(facts.performances, 'performance')} {'has' if short == 1 else 'have'} less than "
            f"{WINDOW} events, the length that is learned from at a time: play longer in one go"
        )
    if facts.pauses:
        yield (
            f"{counted(facts.pauses, 'pause')} {_are(facts.pauses)} longer than {LONG_PAUSE:g} s (the longest "
            f"{facts.time_longest:,.0f} s), and the model learns to be silent, too: trim them (on the page, or with "
            f"--trim-pauses {LONG_PAUSE:g})"
        )

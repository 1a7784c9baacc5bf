"""The features of a short window of playing, by which a classifier tells two players apart.

There are about a hundred figures, and random convolutions for what no list of figures covers: ROCKET (Dempster,
Petitjean & Webb, "ROCKET: exceptionally fast and accurate time series classification using random convolutional
kernels", Data Mining and Knowledge Discovery 34, 2020), for several series at once: kernels of random length,
weights, dilation, bias and choice of series, and of each the share of its output above the bias, its maximum, and
here its mean too.

A window is T events and the event before them. ``log_dt`` (T,) is log10(dt / s), dt at least 1 ms; ``places`` (T + 1,
n) are the controls' 7-bit values, those of the event before first. A control moves in an event when its place
changes.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.evaluation.generation import MINIMUM_DT

__all__ = [
    "LEAST_EVENTS",
    "Kernel",
    "channels",
    "convolved",
    "log_times",
    "places_of",
    "random_kernels",
    "run_lengths",
    "traits",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

TOP = 127
_FEW_CONTROLS = 4
"""Up to so many controls, each pair of them has figures of its own."""
_TIME_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_STEP_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
_LENGTHS = (3, 5, 7, 9)
_MOST_SERIES = 3.0
"""A kernel covers fewer than 2 to the power of this many series."""
LEAST_EVENTS = max(_LENGTHS)
"""Of a window: a kernel has to fit in."""


def log_times(events: NDArray[np.float32]) -> FloatArray:
    """log10(dt / s) of events (…, D), dt at least what is played at least."""
    times: FloatArray = np.log10(np.maximum(events[..., 0].astype(np.float64), MINIMUM_DT))
    return times


def places_of(events: NDArray[np.float32]) -> IntArray:
    """7-bit values (…, n) of events (…, D): round(127 x), half up."""
    return np.floor(events[..., 1:].astype(np.float64) * TOP + 0.5).astype(np.int64)


def run_lengths(goes_on: BoolArray) -> IntArray:
    """How long runs are, in order: ``goes_on`` (N − 1,) says of each item but the first whether it continues a
    run."""
    ends = np.flatnonzero(np.append(~goes_on, True))
    return np.diff(ends, prepend=-1)


def channels(log_dt: FloatArray, places: IntArray) -> NDArray[np.float32]:
    """The windows (N, T), (N, T + 1, n) as series for convolutions: (N, 3 + 3n, T).

    Times and their changes, steps (signed logarithms), what moves, places, and how many move.
    """
    steps = np.diff(places, axis=1)
    moves = steps != 0
    series = [
        log_dt[:, None],
        np.diff(log_dt, axis=1, prepend=log_dt[:, :1])[:, None],
        (np.sign(steps) * np.log1p(np.abs(steps))).transpose(0, 2, 1),
        moves.transpose(0, 2, 1),
        places[:, 1:].transpose(0, 2, 1) / TOP,
        moves.sum(axis=2)[:, None],
    ]
    return np.concatenate(series, axis=1).astype(np.float32)


def traits(log_dt: FloatArray, places: IntArray) -> list[float]:
    """All figures of one window: times, what moves together, runs, steps, directions, ends."""
    steps = np.diff(places, axis=0)
    moves = steps != 0
    continued = (moves[1:] == moves[:-1]).all(axis=1)
    return [
        *_times(log_dt),
        *_gestures(moves, continued),
        *_shares(moves),
        *_steps(steps, moves),
        *_directions(steps, moves, places),
        *_ends(places, moves),
        *_controls(steps, moves, places),
        *_time_beside_moves(log_dt, steps, continued),
    ]


def _times(log_dt: FloatArray) -> list[float]:
    middle = float(np.median(log_dt))
    return [
        *np.quantile(log_dt, _TIME_QUANTILES).tolist(),
        float(log_dt.mean()),
        float(log_dt.std()),
        _correlation(log_dt[1:], log_dt[:-1]),
        _correlation(log_dt[2:], log_dt[:-2]),
        _mean(np.abs(np.diff(log_dt))),
        *(float((log_dt < limit).mean()) for limit in (-2.8, -2.0)),
        *(float((log_dt > limit).mean()) for limit in (-0.6, 0.0)),
        float(np.median(np.abs(log_dt - middle))),
    ]


def _gestures(moves: BoolArray, continued: BoolArray) -> list[float]:
    """How many move, how long the same set of controls goes on moving, how many sets there are."""
    count = moves.sum(axis=1)
    runs = run_lengths(continued)
    sets = [row.tobytes() for row in np.packbits(moves, axis=1)]
    moving = [each for each, some in zip(sets, (count > 0).tolist(), strict=True) if some]
    kept = [a == b for a, b in pairwise(moving)]
    rests = run_lengths((count[1:] == 0) == (count[:-1] == 0))
    return [
        *(float((count == number).mean()) for number in (0, 1, 2)),
        float((count > 2).mean()),
        float(count.mean()),
        _correlation(count[1:].astype(np.float64), count[:-1].astype(np.float64)),
        _mean(continued),
        float(runs.mean()),
        float(runs.max()),
        float(np.median(runs)),
        float(len(set(sets))),
        float(len(set(moving))),
        sum(kept) / len(kept) if kept else 0.0,
        float(rests.mean()),
        float(rests.max()),
        float((count > 1).mean()),
    ]


def _shares(moves: BoolArray) -> list[float]:
    """Which controls move, and how evenly (entropy)."""
    share = moves.mean(axis=0)
    part = share / max(float(share.sum()), 1e-9)
    return [*share.tolist(), float(-(part * np.log(part + 1e-12)).sum()), float((share > 0).sum())]


def _steps(steps: IntArray, moves: BoolArray) -> list[float]:
    size = np.abs(steps[moves]).astype(np.float64) if moves.any() else np.zeros(1)
    return [
        *np.quantile(size, _STEP_QUANTILES).tolist(),
        float(size.mean()),
        float(size.std()),
        *(float((size == step).mean()) for step in (1, 2)),
        *(float((size > step).mean()) for step in (10, 30)),
    ]


def _directions(steps: IntArray, moves: BoolArray, places: IntArray) -> list[float]:
    """How each control's next step is like its last one: direction, size, change of speed."""
    before, after = [], []
    for control in range(steps.shape[1]):
        own = steps[moves[:, control], control].astype(np.float64)
        before.append(own[:-1])
        after.append(own[1:])
    last, following = np.concatenate(before), np.concatenate(after)
    same = np.sign(last) == np.sign(following)
    runs = run_lengths(same)
    change = np.abs(following - last)
    side = np.sign(places - places.mean(axis=0))
    return [
        _mean(same),
        float(runs.mean()),
        float(runs.max()),
        float((side[1:] != side[:-1]).sum()),
        _correlation(last, following),
        _correlation(np.abs(last), np.abs(following)),
        _mean(change),
        float(np.median(change)) if len(change) else 0.0,
        _mean(change == 0),
        _mean(change == 1),
    ]


def _ends(places: IntArray, moves: BoolArray) -> list[float]:
    low, high = places[1:] == 0, places[1:] == TOP
    at_end = low | high
    arriving, leaving = at_end[1:] & ~at_end[:-1], ~at_end[1:] & at_end[:-1]
    return [
        float(at_end.mean()),
        float(low.mean()),
        float(high.mean()),
        float(arriving.sum()),
        float((at_end[1:] & moves[1:]).sum()),
        float(leaving.sum()),
        *at_end.mean(axis=0).tolist(),
    ]


def _controls(steps: IntArray, moves: BoolArray, places: IntArray) -> list[float]:
    """How far each control goes, and how straight."""
    way = np.abs(steps).sum(axis=0)
    reach = np.ptp(places, axis=0)
    straight = (np.abs(places[-1] - places[0]) / np.maximum(way, 1))[way > 0]
    figures = [
        *places[1:].std(axis=0).tolist(),
        float(reach.max()),
        float(reach.mean()),
        *(way / np.maximum(moves.sum(axis=0), 1)).tolist(),
        _mean(straight),
    ]
    count = steps.shape[1]
    if count <= _FEW_CONTROLS:
        for i in range(count):
            for j in range(i):
                figures.append(float((moves[:, i] & moves[:, j]).mean()))
                figures.append(_correlation(steps[:, i].astype(np.float64), steps[:, j].astype(np.float64)))
    return figures


def _time_beside_moves(log_dt: FloatArray, steps: IntArray, continued: BoolArray) -> list[float]:
    return [
        _correlation(log_dt, np.abs(steps).sum(axis=1).astype(np.float64)),
        _correlation(log_dt[1:], continued.astype(np.float64)),
        _mean(log_dt[1:][~continued]),
        _mean(log_dt[1:][continued]),
    ]


def _correlation(a: FloatArray, b: FloatArray) -> float:
    """Pearson's, 0 where it says nothing."""
    if len(a) <= 3:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-9 * len(a) else 0.0


def _mean(numbers: NDArray[Any]) -> float:
    """0 of nothing."""
    return float(numbers.mean()) if len(numbers) else 0.0


class Kernel(NamedTuple):
    """``weights`` (series, length), ``dilation`` events apart; ``level``: the bias, as a quantile of its outputs."""

    series: NDArray[np.int64]
    weights: NDArray[np.float32]
    dilation: int
    level: float


def random_kernels(count: int, series: int, events: int, rng: Generator) -> list[Kernel]:
    """For windows (series, events), events at least 9."""
    kernels = []
    for _ in range(count):
        length = int(rng.choice(_LENGTHS))
        dilation = int(2 ** rng.uniform(0, math.log2((events - 1) / (length - 1))))
        chosen = rng.choice(series, min(series, int(2 ** rng.uniform(0, _MOST_SERIES))), replace=False)
        weights = rng.standard_normal((len(chosen), length)).astype(np.float32)
        if rng.random() < 0.5:  # half of them take no notice of the level, only of its changes
            weights -= weights.mean(axis=1, keepdims=True)
        kernels.append(Kernel(chosen, weights, dilation, float(rng.random())))
    return kernels


def convolved(windows: NDArray[np.float32], kernels: list[Kernel]) -> NDArray[np.float64]:
    """(N, 3 kernels) of ``windows`` (N, series, T): share above the bias, maximum and mean of each kernel's output.

    Series are standardised over all windows, so that no kernel hears but the largest.
    """
    spread = windows.std(axis=(0, 2), keepdims=True)
    scaled = (windows - windows.mean(axis=(0, 2), keepdims=True)) / (spread + 1e-6)
    found = []
    for series, weights, dilation, level in kernels:
        chosen = scaled[:, series]
        length = windows.shape[2] - (weights.shape[1] - 1) * dilation
        output = np.zeros((len(windows), length), np.float32)
        for j in range(weights.shape[1]):
            output += np.tensordot(weights[:, j], chosen[:, :, j * dilation : j * dilation + length], (0, 1))
        bias = np.quantile(output, level)
        found += [(output > bias).mean(axis=1), output.max(axis=1), output.mean(axis=1)]
    return np.stack(found, axis=1).astype(np.float64)

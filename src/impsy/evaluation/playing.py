"""What playing is like, and how far one way of playing is from another.

Four things are told apart: how long between events, how far a control moves, how many move at once, and how much of
playing a control sits at its end. Each is a distribution, and two are compared by the 1-Wasserstein distance, ∫|F −
G| (Villani, "Optimal Transport", 2009): how far, on average, one has to move what was played to make it the other. A
control's place is its 7-bit value, round(127 x), half up; it moves when that changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.generation import MINIMUM_DT

__all__ = [
    "DISTANCES",
    "DT_EDGES",
    "Distances",
    "Estimate",
    "Features",
    "Playing",
    "distances",
    "features",
    "features_of_many",
    "summarise",
    "wasserstein",
    "wasserstein_of_counts",
]

FloatArray = NDArray[np.float64]

GROUPS = 8
"""Of streams, for the error of a distance."""
DT_EDGES = np.linspace(-3.0, 3.0, 61)
"""Of the bins of log10(dt / s) in a histogram: 1 ms to 1,000 s, ten a decade; what is beyond counts in the last."""
_TOP = 127


@dataclass(frozen=True, eq=False)
class Features:
    """What S streams of playing are like.

    log_dt: (S,) arrays of log10(dt / s), one number an event. Durations are told apart by ratio, not by difference:
        in seconds, a few pauses of minutes would be all that counts.
    steps: (S, 128) how often a moving control moved by 1 … 127 steps of 1/127 (column 0: nothing).
    moving: (S, n + 1) how many events had 0 … n moving controls.
    pinned: (S', n) share of each stretch's events that each control spent at 0 or 127.
    """

    log_dt: tuple[FloatArray, ...]
    steps: NDArray[np.int64]
    moving: NDArray[np.int64]
    pinned: FloatArray


class Estimate(NamedTuple):
    """A figure and the standard error that comes of having drawn so many streams, not more."""

    value: float
    error: float


@dataclass(frozen=True)
class Distances:
    """1-Wasserstein distances from held-out playing; 0 is alike.

    dt: of log10(dt / s), in decades. step: of the size of a moving control's step, in units of 1/127. moving: of the
    number of controls that move in an event. pinned: of the share of a stretch's events that a control spends at 0 or
    1 (7-bit 0 or 127), control by control, averaged over controls.
    """

    dt: Estimate
    step: Estimate
    moving: Estimate
    pinned: Estimate


@dataclass(frozen=True)
class Playing:
    """What some playing is like in numbers, and its distances from held-out playing (None for that itself).

    dt_quantiles: seconds, 5, 25, 50, 75, 95 %. one_moves: share of events in which exactly one control moves.
    moving_shares: those with 0 … n moving. step_mean: of moving controls, units of 1/127. pinned_share: of all pairs
    of event and control, those at 0 or 1; pinned_by_control: of each control's events. dt_histogram: share of events
    in each bin of ``DT_EDGES``. step_histogram: share of steps of 0 … 127.
    """

    streams: int
    events: int
    dt_quantiles: tuple[float, ...]
    one_moves: float
    moving_shares: tuple[float, ...]
    step_mean: float
    pinned_share: float
    pinned_by_control: tuple[float, ...]
    dt_histogram: tuple[float, ...]
    step_histogram: tuple[float, ...]
    distances: Distances | None


def features(playing: NDArray[np.float32]) -> Features:
    """Of stretches (S, T + 1, D). The first event of each says where its controls are; the others count."""
    return features_of_many(list(playing))


def features_of_many(stretches: Sequence[NDArray[np.float32]]) -> Features:
    """Of stretches that differ in length, (T + 1, D) each with T ≥ 1; see :func:`features`."""
    controls = stretches[0].shape[1] - 1
    log_dt, steps, moving, pinned = [], [], [], []
    for stretch in stretches:
        places = np.floor(stretch[:, 1:].astype(np.float64) * _TOP + 0.5).astype(np.int64)
        changes = np.abs(np.diff(places, axis=0))
        log_dt.append(np.log10(np.maximum(stretch[1:, 0].astype(np.float64), MINIMUM_DT)))
        steps.append(np.bincount(changes[changes > 0], minlength=_TOP + 1))
        moving.append(np.bincount((changes > 0).sum(axis=1), minlength=controls + 1))
        pinned.append(((places[1:] == 0) | (places[1:] == _TOP)).mean(axis=0))
    return Features(tuple(log_dt), np.array(steps), np.array(moving), np.array(pinned))


def wasserstein(a: FloatArray, b: FloatArray) -> float:
    """The 1-Wasserstein distance between samples (N,) and (M,): the area between their distribution functions."""
    a, b = np.sort(a), np.sort(b)
    points = np.sort(np.concatenate([a, b]))
    below_a = np.searchsorted(a, points[:-1], "right") / len(a)
    below_b = np.searchsorted(b, points[:-1], "right") / len(b)
    return float((np.abs(below_a - below_b) * np.diff(points)).sum())


def wasserstein_of_counts(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """The same where the samples are counts (K,) of 0 … K − 1, not all of them 0."""
    return float(np.abs(np.cumsum(a / a.sum() - b / b.sum())).sum())


def _dt(played: Features, reference: Features) -> float:
    return wasserstein(np.concatenate(played.log_dt), np.concatenate(reference.log_dt))


def _step(played: Features, reference: Features) -> float:
    return wasserstein_of_counts(_steps(played), _steps(reference))


def _moving(played: Features, reference: Features) -> float:
    return wasserstein_of_counts(played.moving.sum(axis=0), reference.moving.sum(axis=0))


def _pinned(played: Features, reference: Features) -> float:
    pairs = zip(played.pinned.T, reference.pinned.T, strict=True)
    return float(np.mean([wasserstein(mine, theirs) for mine, theirs in pairs]))


DISTANCES: Mapping[str, Callable[[Features, Features], float]] = {
    "dt": _dt,
    "step": _step,
    "moving": _moving,
    "pinned": _pinned,
}


def distances(played: Features, reference: Features) -> Distances:
    """How far ``played`` is from ``reference``, with errors by the jackknife.

    Each distance is worked out again without each of 8 groups of streams in turn; from how these differ follows its
    standard error (Efron, "The Jackknife, the Bootstrap and Other Resampling Plans", 1982). ``reference`` is taken
    as it is. With one stream the error is not known: NaN.
    """
    whole = [measure(played, reference) for measure in DISTANCES.values()]
    count = min(GROUPS, len(played.log_dt))
    less = [
        [measure(_without(played, group, count), reference) for measure in DISTANCES.values()]
        for group in range(count if count > 1 else 0)
    ]
    spread = np.std(less, axis=0) * np.sqrt(count - 1) if less else np.full(len(whole), np.nan)
    estimates = (Estimate(value, error) for value, error in zip(whole, spread.tolist(), strict=True))
    return Distances(*estimates)


def summarise(played: Features, reference: Features | None) -> Playing:
    """``played`` in numbers, and its distances from ``reference`` if that is given."""
    log_dt = np.concatenate(played.log_dt)
    steps = _steps(played)
    moving = played.moving.sum(axis=0)
    shares = moving / moving.sum()
    bins = np.histogram(np.clip(log_dt, DT_EDGES[0], DT_EDGES[-1]), DT_EDGES)[0]
    return Playing(
        streams=len(played.log_dt),
        events=len(log_dt),
        dt_quantiles=tuple((10.0 ** np.quantile(log_dt, (0.05, 0.25, 0.5, 0.75, 0.95))).tolist()),
        one_moves=float(shares[1]),
        moving_shares=tuple(shares.tolist()),
        step_mean=float(np.average(np.arange(len(steps)), weights=steps)),
        pinned_share=float(played.pinned.mean()),
        pinned_by_control=tuple(played.pinned.mean(axis=0).tolist()),
        dt_histogram=tuple((bins / len(log_dt)).tolist()),
        step_histogram=tuple((steps / steps.sum()).tolist()),
        distances=distances(played, reference) if reference is not None else None,
    )


def _steps(played: Features) -> NDArray[np.int64]:
    """Counts of steps (128,); who never moved takes steps of 0, so that there is something to compare."""
    steps: NDArray[np.int64] = played.steps.sum(axis=0)
    if not steps.any():
        steps[0] = 1
    return steps


def _without(played: Features, group: int, groups: int) -> Features:
    """Every stream but each ``groups``-th, beginning with number ``group``."""
    kept = np.flatnonzero(np.arange(len(played.log_dt)) % groups != group)
    arrays = {field.name: getattr(played, field.name)[kept] for field in fields(played) if field.name != "log_dt"}
    return Features(log_dt=tuple(played.log_dt[i] for i in kept.tolist()), **arrays)

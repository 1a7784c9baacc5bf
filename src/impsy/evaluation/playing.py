"""What playing is like, and how far one way of playing is from another.

Four distributions describe it: the time between events, how far a control moves, how many move at once, and how much
of the playing a control is at an end. Two are compared by the 1-Wasserstein distance, ∫|F − G| (Villani, "Optimal
Transport", 2009): how far, on average, values have to be moved to turn one into the other. A control's place is its
7-bit value, round(127 x), half up; it moves when that changes.

A gesture is a longest run of events that move the same set of controls; a rest is a longest run of events that move
none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.evaluation.traits import TOP, log_times, places_of, run_lengths

__all__ = [
    "DISTANCES",
    "DT_EDGES",
    "Distances",
    "Estimate",
    "Features",
    "Gestures",
    "Playing",
    "distances",
    "features",
    "features_of_many",
    "gestures",
    "moves_of",
    "spread_of",
    "summarise",
    "wasserstein",
    "wasserstein_of_counts",
]

FloatArray = NDArray[np.float64]

GROUPS = 8
"""Of streams, for the error of a distance."""
DT_EDGES = np.linspace(-3.0, 3.0, 61)
"""Of the bins of log10(dt / s) in a histogram: 1 ms to 1,000 s, ten a decade; what is beyond counts in the last."""
BUSIEST = 3


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
        places = places_of(stretch)
        changes = np.abs(np.diff(places, axis=0))
        log_dt.append(log_times(stretch[1:]))
        steps.append(np.bincount(changes[changes > 0], minlength=TOP + 1))
        moving.append(np.bincount((changes > 0).sum(axis=1), minlength=controls + 1))
        pinned.append(((places[1:] == 0) | (places[1:] == TOP)).mean(axis=0))
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


DISTANCES: Mapping[str, Callable[[Features, Features], float]] = {
    "dt": lambda a, b: wasserstein(np.concatenate(a.log_dt), np.concatenate(b.log_dt)),
    "step": lambda a, b: wasserstein_of_counts(_steps(a), _steps(b)),
    "moving": lambda a, b: wasserstein_of_counts(a.moving.sum(axis=0), b.moving.sum(axis=0)),
    "pinned": lambda a, b: float(np.mean([wasserstein(*pair) for pair in zip(a.pinned.T, b.pinned.T, strict=True)])),
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
    """Counts of steps (128,); one step of 0 where nothing moved, so that there is something to compare."""
    steps: NDArray[np.int64] = played.steps.sum(axis=0)
    if not steps.any():
        steps[0] = 1
    return steps


def _without(played: Features, group: int, groups: int) -> Features:
    """Every stream but each ``groups``-th, beginning with number ``group``."""
    kept = np.flatnonzero(np.arange(len(played.log_dt)) % groups != group)
    arrays = {field.name: getattr(played, field.name)[kept] for field in fields(played) if field.name != "log_dt"}
    return Features(log_dt=tuple(played.log_dt[i] for i in kept.tolist()), **arrays)


@dataclass(frozen=True)
class Gestures:
    """Of streams of playing that are equally long.

    shares: of events that move no control, one, and several. spread: share of all moves that the busiest three
    controls have; None for three controls or fewer. length: events in a gesture, mean over gestures. rest: events in
    the longest rest of a stream, mean over streams. switch: seconds before the first event of a gesture that moves
    other controls than the gesture before it, median; None where that never happens.
    """

    shares: tuple[float, float, float]
    spread: float | None
    length: float
    rest: float
    switch: float | None


def gestures(playing: NDArray[np.float32]) -> Gestures:
    """Of streams (S, T + 1, D), whose first event says where the controls are."""
    moves = moves_of(playing)
    count = moves.sum(axis=2)
    lengths: list[int] = []
    rests: list[int] = []
    switches: list[float] = []
    for own, events in zip(moves, playing[:, 1:], strict=True):
        continued = (own[1:] == own[:-1]).all(axis=1)
        runs = run_lengths(continued)
        begins = np.cumsum(runs) - runs
        moving = own[begins].any(axis=1)
        lengths += runs[moving].tolist()
        rests.append(int(runs[~moving].max(initial=0)))
        first = begins[moving]
        other = (own[first[1:]] != own[first[:-1]]).any(axis=1)
        switches += events[first[1:][other], 0].tolist()
    return Gestures(
        shares=(float((count == 0).mean()), float((count == 1).mean()), float((count > 1).mean())),
        spread=spread_of(moves.reshape(-1, moves.shape[2])),
        length=float(np.mean(lengths)) if lengths else 0.0,
        rest=float(np.mean(rests)),
        switch=float(np.median(switches)) if switches else None,
    )


def moves_of(playing: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which controls move in which event: (…, T, n) of (…, T + 1, D)."""
    moves: NDArray[np.bool_] = np.diff(places_of(playing), axis=-2) != 0
    return moves


def spread_of(moves: NDArray[np.bool_]) -> float | None:
    """The share that the busiest three controls have of all ``moves`` (E, n); None where there are no others."""
    counts = np.sort(moves.sum(axis=0))[::-1]
    if len(counts) <= BUSIEST or not counts.any():
        return None
    return float(counts[:BUSIEST].sum() / counts.sum())

"""Finding the controls that are notes, and the values and slots of the network for them.

A knob passes through the values between and goes on the way it went; a melody takes few values, jumps past
neighbours, and turns as often as not. What is found here is what :class:`impsy.models.landings.Landings` fixes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray
from impsy.models.landings import SOONEST, Landings
from impsy.models.sizes import SCALE_FACTOR
from impsy.training.scales import Scales

__all__ = [
    "Anchors",
    "Changes",
    "LandingStarts",
    "NoteFigures",
    "anchors",
    "changes_of",
    "found_notes",
    "landings_of",
]

FEWEST_MOVES = 200
"""Fewer moves of a control do not show what it is."""
ON_GRID = 0.98
SAME_WAY = 0.65
"""A control is a knob where this share of moves or more go the way of the move before.

Knobs have .7-.92, melodies .4-.6."""
MOST_EFFECTIVE, MOST_VALUES = 32.0, 61
"""Values of a note: effectively (e to their entropy), and at all."""
NEIGHBOURS = 2.0
"""A knob moves by one step at least so many times as often as by two: 2-4."""
MOST_NOTES = 2
"""Controls that land; if more are notes, the two that move most."""
MOST_ANCHORS = {1: 8, 2: 6}
"""Peaks of the times, by the number of notes."""
PEAK_SHARE, PEAK_WIDTH = 0.004, 0.12
"""A peak has at least this share of the times, within so much of it on either side (natural logarithms)."""
CLICK = 0.02
"""Times are as if played to a click where the usual anchor's spread is below this share of it."""
STRETCH = 0.15
"""Standard deviation of the logarithm by which the times of a window are stretched where there is no click."""
DOWN, UP = 5, 6
"""Steps by which windows are transposed, at most: each key once."""
GOES_ALONG = 0.05
"""A control moves with a note if it moves in this share of the events in which the note does."""
TOGETHER = 0.5
"""Of two controls that move in the same event, in this share of one's moves or more, one is a note at most."""
RESTS = 10.0
"""Sigma of a note is its step divided by this."""
CATCH_ALL_LOGIT = -4.0
CATCH_ALL_MOVES, CATCH_ALL_TIME = 1.5, 0.1
LEAST_SPREAD, LEAST_TIME = 0.002, 0.001
"""Seconds: the least scale, and the least sigma, of a time about its anchor."""
KNOB_TIMES = (0.3, 0.7, 0.6)
"""Quantiles of dt at which the times of slots that move knobs begin."""


class NoteFigures(NamedTuple):
    """What tells a note from a knob, of the events in which a control moved.

    ``moves``: how many. ``on_grid``: share of its values on its grid. ``values``, ``effective``: how many it has, and
    e to their entropy. ``by_one``, ``by_two``, ``further``: shares of moves by so many steps. ``same_way``: share of
    moves that went the way of the move before.
    """

    moves: int
    on_grid: float
    values: int
    effective: float
    by_one: float
    by_two: float
    further: float
    same_way: float

    @property
    def note(self) -> bool:
        """Whether it is a note."""
        return (
            self.moves >= FEWEST_MOVES
            and self.on_grid >= ON_GRID
            and self.same_way < SAME_WAY
            and self.effective <= MOST_EFFECTIVE
            and 2 < self.values <= MOST_VALUES
            and self.by_one < NEIGHBOURS * max(self.by_two, self.further / 4)
        )


def note_figures(events: NDArray[np.float32], ranges: Sequence[slice], control: int, grid: float) -> NoteFigures:
    """Those of one control (from 0) on a ``grid`` (of [0, 1]; 0: none) in the ``ranges`` of ``events`` (N, D)."""
    if not grid:
        return NoteFigures(0, 0, 0, 0, 0, 0, 0, 0)
    values = [events[part, control + 1].astype(np.float64) / grid for part in ranges]
    steps = [np.rint(each).astype(np.int64) for each in values]
    moves = [np.diff(each) for each in steps]
    ways = [np.sign(each[each != 0]) for each in moves]
    same = np.concatenate([each[1:] == each[:-1] for each in ways])
    size = np.abs(np.concatenate([each[each != 0] for each in moves]))
    everything = np.concatenate(steps)
    _, counts = np.unique(everything, return_counts=True)
    share = counts / max(1, counts.sum())

    def mean(which: NDArray[np.bool_]) -> float:
        return float(which.mean()) if len(which) else 0.0

    return NoteFigures(
        moves=len(size),
        on_grid=mean(np.abs(np.concatenate(values) - everything) < 0.02),
        values=len(counts),
        effective=float(np.exp(-(share * np.log(share)).sum())),
        by_one=mean(size == 1),
        by_two=mean(size == 2),
        further=mean(size > 2),
        same_way=mean(same),
    )


def found_notes(
    events: NDArray[np.float32], ranges: Sequence[slice], scales: Scales, declared: Sequence[bool] | None = None
) -> tuple[int, ...]:
    """Which controls (from 0) are notes: at most :data:`MOST_NOTES`, those that move most.

    A velocity of few levels moves in the same events as its note, and further: it is none.

    ``declared``: whether the configuration has each as a note; such a control is one if it moves on a grid.
    """
    found = dict[int, tuple[bool, NoteFigures]]()
    for control, step in enumerate(scales.grid.tolist()):
        figures = note_figures(events, ranges, control, step / SCALE_FACTOR)
        named = declared is not None and declared[control] and 0 < figures.values <= 128 and figures.moves > 0
        if named or figures.note:
            found[control] = not named, figures
    moved = {
        control: np.concatenate([np.diff(events[part, control + 1]) != 0 for part in ranges]) for control in found
    }

    def goes_along(control: int) -> bool:
        """Whether it is the velocity of another, which moves by smaller steps."""
        unnamed, figures = found[control]
        return unnamed and any(
            moved[other][moved[control]].mean() >= TOGETHER and (not_named, its.further) < (unnamed, figures.further)
            for other, (not_named, its) in found.items()
        )

    order = [
        (unnamed, -figures.moves, control) for control, (unnamed, figures) in found.items() if not goes_along(control)
    ]
    return tuple(sorted(control for *_, control in sorted(order)[:MOST_NOTES]))


class Anchors(NamedTuple):
    """Peaks of the times, ascending, and a last one for everything else: ``at`` and ``spread`` in seconds, ``share``
    of the times, (T,) each."""

    at: NDArray[np.float64]
    spread: NDArray[np.float64]
    share: NDArray[np.float64]

    @property
    def click(self) -> bool:
        """Whether times keep to a grid as a sequencer does."""
        peaks = slice(0, max(1, len(self.at) - 1))
        relative = self.spread[peaks] / np.maximum(self.at[peaks], 0.02)
        return bool(np.average(relative, weights=self.share[peaks] + 1e-9) < CLICK)


def anchors(times: NDArray[np.floating], most: int) -> Anchors:
    """The peaks of ``times`` (N,), seconds, on a logarithmic scale, each with what lies around it."""
    soonest = SOONEST / SCALE_FACTOR
    times = times.astype(np.float64)
    logged = np.log(np.maximum(times, soonest))
    left = np.ones(len(times), bool)
    found = list[tuple[float, float, float]]()
    while len(found) < most and left.any():
        ordered = np.sort(logged[left])
        until = np.searchsorted(ordered, ordered + 2 * PEAK_WIDTH, "right")
        best = int(np.argmax(until - np.arange(len(ordered))))
        if until[best] - best < max(2, PEAK_SHARE * len(times)):
            break
        middle = float(np.median(ordered[best : until[best]]))
        near = left & (np.abs(logged - middle) <= 1.5 * PEAK_WIDTH)
        found.append((math.exp(middle), float(times[near].std()), float(near.mean())))
        left &= ~near
    found.sort()
    rest = times[left] if left.any() else times
    middle = float(np.median(rest)) if len(rest) else 0.1
    around = float(np.percentile(np.abs(rest - middle), 70)) if len(rest) else 0.1
    share = max(float(left.mean()) if len(left) else 0.0, 0.001)
    found.append((max(middle, soonest), max(around, 0.1 * middle), share))
    return Anchors(*np.array(found).T)


@dataclass(frozen=True)
class Changes:
    """How windows are changed at random while a network learns: ``notes`` (controls from 0) transposed by between
    ``down`` and ``up`` of their ``step`` (× 10 space), times stretched by e to Normal(0, ``stretch``)."""

    notes: tuple[int, ...] = ()
    steps: tuple[float, ...] = ()
    down: int = 0
    up: int = 0
    stretch: float = 0.0


class LandingStarts(NamedTuple):
    """Where the dense layer's outputs begin: logits of slots (S,) and of values (Σ V,)."""

    slots: FloatArray
    values: FloatArray


def changes_of(events: NDArray[np.float32], ranges: Sequence[slice], fixed: Landings) -> Changes:
    """The changes of windows from which a network with these landings can learn besides."""
    down, up = DOWN, UP
    for voice, control in enumerate(fixed.note.tolist()):
        steps = np.rint(
            np.concatenate([events[part, control + 1] for part in ranges]) * SCALE_FACTOR / fixed.grid[control]
        )
        lowest = fixed.lowest[voice]
        down = min(down, int(steps.min() - lowest))
        up = min(up, int(lowest + fixed.counts[voice] - 1 - steps.max()))
    landed = [(np.diff(events[part][:, 1 + fixed.note], axis=0) != 0).any(axis=1) for part in ranges]
    times = np.concatenate([events[part, 0][1:][land] for part, land in zip(ranges, landed, strict=True)])
    stretch = 0.0 if anchors(times, MOST_ANCHORS[1]).click else STRETCH
    return Changes(
        tuple(fixed.note.tolist()), tuple(fixed.grid[fixed.note].tolist()), max(0, down), max(0, up), stretch
    )


def landings_of(
    events: NDArray[np.float32],
    ranges: Sequence[slice],
    scales: Scales,
    notes: Sequence[int],
    sets: NDArray[np.bool_],
) -> tuple[Landings, LandingStarts]:
    """What is fixed of a network for these ``notes`` and the ``sets`` (K, n) of controls that move together."""
    n = len(scales.grid)
    knobs = [control for control in range(n) if control not in notes]
    moved = [np.abs(np.diff(events[part, 1:], axis=0)) > scales.step / SCALE_FACTOR / 2 for part in ranges]
    times = np.concatenate([events[part, 0][1:] for part in ranges])
    together = np.concatenate(moved) if moved else np.zeros((0, n), bool)
    alone = ~together[:, list(notes)].any(axis=1)
    apart = np.array(
        [not together[:, i].any() or together[alone][:, i].sum() > together[:, i].sum() / 2 for i in range(n)]
    )
    apart[list(notes)] = True
    rows: list[_Slot] = []
    lowest, counts, prior = list[int](), list[int](), list[NDArray[np.float64]]()
    for voice, control in enumerate(notes):
        land = together[:, control] | ~together[:, apart].any(axis=1)
        along = np.zeros(n, bool)
        along[knobs] = (together[land][:, knobs].mean(axis=0) if land.any() else 0) > GOES_ALONG
        found = anchors(times[land] if land.any() else times, MOST_ANCHORS.get(len(notes), 4))
        for at, spread, share in zip(*found, strict=True):
            rows.append(_Slot(voice, along, at, max(spread, LEAST_SPREAD), math.log(share * land.mean() + 0.01)))
        steps = np.rint(
            np.concatenate([events[part, control + 1] for part in ranges]) * SCALE_FACTOR / scales.grid[control]
        )
        top = round(SCALE_FACTOR / float(scales.grid[control]))
        low, high = max(0, int(steps.min()) - DOWN), min(top, int(steps.max()) + UP)
        used = np.bincount(steps.astype(int) - low, minlength=high - low + 1) + 0.5
        around = np.convolve(used, np.ones(9) / 9)[4:-4]
        lowest.append(low)
        counts.append(high - low + 1)
        prior.append(np.log(around / around.sum()))
    quantile = scales.time
    for moving in sets:
        if moving[apart].any() and not moving[list(notes)].any():
            share = float((together == moving).all(axis=1).mean()) if len(together) else 0.0
            for at in KNOB_TIMES:
                seconds = quantile(at) / SCALE_FACTOR
                rows.append(_Slot(-1, moving, seconds, seconds, math.log(share / len(KNOB_TIMES) + 1e-3)))
    late = quantile(0.99) / SCALE_FACTOR
    rows.append(_Slot(-1, np.ones(n, bool), late, late, CATCH_ALL_LOGIT, catches_all=True))
    scale = np.array([np.append(row.spread * SCALE_FACTOR, scales.spread) for row in rows])
    floor = np.array(
        [
            np.append(
                (CATCH_ALL_TIME if row.catches_all else LEAST_TIME) * SCALE_FACTOR,
                CATCH_ALL_MOVES * scales.usual_move if row.catches_all else scales.unit / 6,
            )
            for row in rows
        ]
    )
    rest = np.where(np.isin(np.arange(n), notes), scales.grid / RESTS, scales.unit / 8)
    all_times = anchors(times, MOST_ANCHORS[1])
    parts = (
        scales.grid,
        1 / scales.usual_move,
        scale,
        floor,
        np.array(notes),
        np.array(lowest),
        np.array(counts),
        np.array([row.voice for row in rows]),
        np.array([row.moves for row in rows]),
        np.array([row.at * SCALE_FACTOR for row in rows]),
        all_times.at * SCALE_FACTOR,
        scales.step,
        rest,
        apart,
    )
    fixed = Landings(*(np.asarray(part, np.float32) for part in parts))
    logits = np.array([row.logit for row in rows], np.float32)
    return fixed, LandingStarts(logits, np.concatenate(prior).astype(np.float32))


class _Slot(NamedTuple):
    """``at`` and ``spread`` of its time in seconds."""

    voice: int
    moves: NDArray[np.bool_]
    at: float
    spread: float
    logit: float
    catches_all: bool = False

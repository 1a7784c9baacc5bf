"""The grid that planned events are pulled to."""

from __future__ import annotations

from math import ceil, floor

from impsy.timing.line import Line

__all__ = ["GRIDS", "nearest", "pulled"]

GRIDS: dict[str, float] = {
    "1/4": 1.0,
    "1/8": 1 / 2,
    "1/8t": 1 / 3,
    "1/16": 1 / 4,
    "1/16t": 1 / 6,
    "1/32": 1 / 8,
}
"""Beats between two points of a grid, by its name; "t" is for triplets."""

ROUNDING = 1e-9
"""Of a step: a point that misses the earliest time by rounding alone is not past."""


def nearest(line: Line, step: float, due: float, earliest: float) -> float:
    """The beat of the point of the grid that is nearest to the time ``due`` and not before the time ``earliest``."""
    wanted = floor(line.beat_at(due) / step + 0.5)
    return max(wanted, ceil(line.beat_at(earliest) / step - ROUNDING)) * step


def pulled(line: Line, due: float, beat: float, share: float) -> float:
    """The time ``due``, moved by ``share`` (0 to 1) of its way to a beat."""
    return due + share * (line.time_of(beat) - due)

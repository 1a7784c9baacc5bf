"""The constants that a dataset gives a network: the grid of each control and the scales of moves and times.

They are computed from the training part, by the same rules for every dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.data.grid import detect_grids
from impsy.models.architectures import FloatArray, Residual
from impsy.models.sizes import SCALE_FACTOR

__all__ = ["SHORTEST", "Scales", "scales_of"]

SHORTEST = 1e-3
"""Seconds: times are not distinguished more finely than this when scales are chosen."""
LEAST_MOVE = 1e-6
"""Usual moves are at least this, × 10 space: less is rounding of float32."""
CONTINUOUS_UNIT = 0.006
"""A control on no grid counts moves in this share of its usual move."""

ALIKE = 2.0
"""Controls are alike if their moves differ in size by no more than this factor."""


@dataclass(frozen=True, eq=False)
class Scales:
    """Of n controls, float32, in the × 10 space unless stated otherwise.

    grid (n,): the step of the grid that a control's values lie on; 0 where there is none.
    usual_move (n,): median of the moves of each control that moved.
    spread (n,): standard deviation of these moves.
    step (n,): the smallest move that counts as one: the grid's step, or a quarter of the usual move.
    unit (n,): what moves are counted in: the grid's step, or a small share of the usual move.
    times (101,): percentiles of dt.
    log_time (2,): mean and standard deviation of ln(1 + 100 dt).
    """

    grid: FloatArray
    usual_move: FloatArray
    spread: FloatArray
    step: FloatArray
    unit: FloatArray
    times: FloatArray
    log_time: tuple[float, float]

    def time(self, quantile: float) -> float:
        """The quantile (0 to 1) of dt, × 10 space."""
        return float(np.interp(quantile * 100, np.arange(len(self.times)), self.times))

    def alike(self) -> NDArray[np.int32]:
        """The group of each control (n,): those on the same grid whose moves are of similar size are in one group.

        A control on no grid is in a group of its own: x and y of a touch surface are not interchangeable.
        """
        groups = np.arange(len(self.grid), dtype=np.int32)
        for i in range(len(groups)):
            for j in range(i):
                size = self.spread[i] / self.spread[j]
                if self.grid[i] == self.grid[j] > 0 and 1 / ALIKE <= size <= ALIKE:
                    groups[i] = groups[j]
                    break
        return groups

    def features(self, fixed: Residual | None) -> tuple[FloatArray, FloatArray]:
        """Offset and scale (F,) by which the features of a network come to lie about ±1."""
        n = len(self.grid)
        count = n + 1 if fixed is None else fixed.features
        offset, scale = np.zeros(count, np.float32), np.ones(count, np.float32)
        if fixed is not None:
            offset[0], scale[0] = self.log_time[0], 1.0 / self.log_time[1]
            offset[1 : n + 1], scale[1 : n + 1] = SCALE_FACTOR / 2, 2.0 / SCALE_FACTOR
        return offset, scale


def scales_of(events: NDArray[np.float32], ranges: Sequence[slice]) -> Scales:
    """The scales of the ``ranges`` of ``events`` (N, D) that are learned from."""
    n = events.shape[1] - 1
    grid = detect_grids(np.concatenate([events[part] for part in ranges]))
    usual, spread = np.zeros(n), np.zeros(n)
    for i in range(n):
        moves = np.concatenate([np.abs(np.diff(events[part, i + 1])) for part in ranges])
        moves = moves[moves > 0] * SCALE_FACTOR
        # A control that never moved may do so when played: then a 7-bit step is assumed.
        least = grid[i] * SCALE_FACTOR or SCALE_FACTOR / 127
        usual[i] = max(np.median(moves), LEAST_MOVE) if len(moves) else least
        spread[i] = max(moves.std() if len(moves) else least, least / 2)
    step = grid * SCALE_FACTOR
    dt = np.concatenate([events[part, 0] for part in ranges]).astype(np.float64) * SCALE_FACTOR
    logged = np.log1p(100.0 * dt)
    as_float = np.float32
    return Scales(
        grid=step.astype(as_float),
        usual_move=usual.astype(as_float),
        spread=spread.astype(as_float),
        step=np.where(step > 0, step, usual / 4).astype(as_float),
        unit=np.where(step > 0, step, usual * CONTINUOUS_UNIT).astype(as_float),
        times=np.maximum(np.percentile(dt, np.arange(101)), SHORTEST * SCALE_FACTOR).astype(as_float),
        log_time=(float(logged.mean()), max(float(logged.std()), 0.1)),
    )

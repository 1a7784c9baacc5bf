"""What a dataset fixes before anything is learned: the grid, the scales, and where the mixture starts.

Everything here is computed from the events that are learned from, by the same rules for every dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from impsy.data.grid import detect_grids
from impsy.models.architectures import FloatArray, Residual
from impsy.models.sizes import MIXTURES, SCALE_FACTOR

__all__ = ["Constants", "constants_for"]

FLOOR_STEPS = 6.0
"""Sigma of a control on a grid is at least its step divided by this: then 99.7 % of a Gaussian that stands on a step
lies within half a step, so that a control that rests loses nothing, and more certainty could only flatter."""
FLOOR_MOVES = 1e-3
"""Sigma of a continuous control is at least this share of its usual move: a control that rests repeats exactly."""
CATCH_ALL_MOVES = 1.5
"""The last component's sigma is at least this share of a control's usual move: it takes what nobody expects, which
would cost the narrow ones thousands of nats (a contaminated normal: Tukey 1960)."""
CATCH_ALL_TIME = 0.1
"""Seconds: the last component's least sigma of dt, for the same reason."""
SHORTEST = 1e-3
"""Seconds: times are not told apart more finely than this when scales are chosen."""
LEAST_MOVE = 1e-6
"""Usual moves are at least this, × 10 space: less is how float32 rounds."""
LEAST_TIME = 1e-4
"""Seconds: least sigma of dt."""
TIME_QUANTILES = (0.1, 0.35, 0.6, 0.85, 0.99)
"""Where in the distribution of dt each component starts, and what it counts dt in."""


@dataclass(frozen=True, eq=False)
class Constants:
    """Float32 arrays; F = 5n + 1 features, n controls, M components, D = n + 1.

    residual: what the network's graph holds.
    feature_offset, feature_scale (F,): training looks at (feature − offset) · scale, which lies about ±1; folded into
        the weights when the network is saved.
    mu_scale (M, D): the unit in which the mixture layer's means count, folded likewise.
    mu_start (M, D): where they start, in that unit.
    usual_move (n,): median of the moves of each control that moved, in the × 10 space.
    step (n,): the smallest move that counts as one, in the × 10 space: the grid's, or a quarter of the usual move.
    time_spread: standard deviation of ln dt.
    """

    residual: Residual
    feature_offset: FloatArray
    feature_scale: FloatArray
    mu_scale: FloatArray
    mu_start: FloatArray
    usual_move: FloatArray
    step: FloatArray
    time_spread: float

    def with_residual(self, residual: Residual) -> Constants:
        """The same, for a network whose graph has been fixed already."""
        return replace(self, residual=residual)


def constants_for(
    events: NDArray[np.float32], ranges: Sequence[slice], *, seed: int = 0, mixtures: int = MIXTURES
) -> Constants:
    """The constants for the ``ranges`` of ``events`` (N, D) that are learned from."""
    n = events.shape[1] - 1
    dt = np.concatenate([events[part, 0] for part in ranges])
    grid = np.zeros(n)
    usual, spread = np.zeros(n), np.zeros(n)
    grid[:] = detect_grids(np.concatenate([events[part] for part in ranges]))
    for i in range(n):
        moves = np.concatenate([np.abs(np.diff(events[part, i + 1])) for part in ranges])
        moves = moves[moves > 0] * SCALE_FACTOR
        # A control that never moved may do so when played: a 7-bit step is as good a guess as any.
        unit = grid[i] * SCALE_FACTOR or SCALE_FACTOR / 127
        usual[i] = max(np.median(moves), LEAST_MOVE) if len(moves) else unit
        spread[i] = max(moves.std() if len(moves) else unit, unit / 2)
    step = grid * SCALE_FACTOR
    floor = np.where(step > 0, step / FLOOR_STEPS, usual * FLOOR_MOVES)
    quantiles = np.interp(np.linspace(0, 1, mixtures), np.linspace(0, 1, len(TIME_QUANTILES)), TIME_QUANTILES)
    times = np.maximum(np.quantile(dt, quantiles), SHORTEST) * SCALE_FACTOR
    scale = np.tile(spread, (mixtures, 1))
    scale = np.column_stack([times, scale])
    floors = np.tile(np.concatenate([[LEAST_TIME * SCALE_FACTOR], floor]), (mixtures, 1))
    if mixtures > 1:
        floors[-1] = np.maximum(floors[-1], [CATCH_ALL_TIME * SCALE_FACTOR, *(CATCH_ALL_MOVES * usual)])
    start = np.random.default_rng(seed).normal(0, 0.3, (mixtures, n + 1))
    start[:, 0] = 1.0
    logged = np.log1p(SCALE_FACTOR * 100.0 * dt.astype(np.float64))
    offset = np.concatenate([[logged.mean()], np.full(n, SCALE_FACTOR / 2), np.zeros(4 * n)])
    width = np.concatenate([[max(logged.std(), 0.1)], np.full(n, SCALE_FACTOR / 2), np.ones(4 * n)])
    as_float = np.float32
    return Constants(
        Residual(
            grid=step.astype(as_float),
            change_scale=(1.0 / usual).astype(as_float),
            sigma_scale=scale.astype(as_float),
            sigma_floor=floors.astype(as_float),
        ),
        offset.astype(as_float),
        (1.0 / width).astype(as_float),
        scale.astype(as_float),
        start.astype(as_float),
        usual.astype(as_float),
        np.where(step > 0, step, usual / 4).astype(as_float),
        max(float(np.log(np.maximum(dt, SHORTEST)).std()), 0.1),
    )

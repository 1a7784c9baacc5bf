"""On which grid a control's values lie: a MIDI knob says k/127, a touch surface k/128, a converter k/1023.

Training and evaluation need it: a density can grow without bound on values that repeat exactly, while the probability
of the step that was played cannot.

How the grid is found: each hypothesis ("multiples of 1/127", "multiples of 1/1023 printed with four decimals", "no
grid") says how many values a control could have had, and so how many nats it takes to write down those that it did
have, plus what the hypothesis costs itself; the cheapest wins. This is the principle of minimum description length
(Rissanen, "Modeling by shortest data description", Automatica 14, 1978) with uniform codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

__all__ = ["DEVICE_STEPS", "detect_grid", "detect_grids"]

DEVICE_STEPS = (127, 128, 255, 256, 1023, 1024, 4095, 4096, 16383, 16384)
"""How finely devices divide [0, 1]: 7-bit MIDI, bytes, 10- and 12-bit converters, 14-bit MIDI; both as the highest
value that a control has, and as the number of its values."""

RARE_STEPS = (*range(2, 127), *range(129, 255), 360, 500, 1000, 2000, 5000, 10000)
"""Other grids that occur: switches with some positions, scaled ranges, percent, rounded decimals."""

PRINTED_DECIMALS = (6, 5, 4, 3)
"""How values may have been rounded by being sent or logged as text."""

TOLERANCE = 2.0**-23
"""How far a float32 value in [0, 1] may lie from the grid point that it means: two roundings."""

RARE_COST = log(1e4)
RARE_VALUES = 2
"""A rare grid is only believed with this many different values between 0 and 1, and costs this many nats."""

ON_GRID_VALUES = 0.9
ON_GRID_EVENTS = 0.99
"""Shares of the different values, and of all events, that must lie on the grid: one odd log does not hide it."""

SAMPLE = 65_536
DISTINCT_SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class _Hypothesis:
    steps: int
    decimals: int | None
    cost: float
    values_needed: int

    def holds(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the values (N,) it can have produced."""
        away = np.abs(values - np.rint(values * self.steps) / self.steps)
        if self.decimals is None:
            return np.asarray(away <= TOLERANCE)
        rounded = np.abs(values - np.round(values, self.decimals)) <= TOLERANCE
        return np.asarray(rounded & (away <= 0.5 * 10.0**-self.decimals + TOLERANCE))

    def nats(self, count: int) -> float:
        """What it takes to write down ``count`` values that lie on it."""
        return self.cost + count * log(self.steps + 1)


def _hypotheses() -> list[_Hypothesis]:
    """From the likeliest on; of two that cost the same, the first counts."""
    exact = [_Hypothesis(steps, None, i * 1e-3, 0) for i, steps in enumerate(DEVICE_STEPS)]
    rare = [_Hypothesis(steps, None, RARE_COST, RARE_VALUES) for steps in RARE_STEPS]
    printed = [
        _Hypothesis(steps, decimals, RARE_COST, RARE_VALUES)
        for steps in DEVICE_STEPS
        for decimals in PRINTED_DECIMALS
        if 10**decimals > 2 * steps
    ]
    return exact + rare + printed


_HYPOTHESES = _hypotheses()
_NATS_WITHOUT_GRID = -log(TOLERANCE)


def detect_grid(values: NDArray[np.float32]) -> float:
    """The step g of the grid {0, g, 2g, …, 1} that a control's values lie on, such as 1/127; 0.0 if there is none.

    Args:
        values: (N,), in [0, 1], float32 (or float64 that was float32 once), in any order. A large array is judged by
            an evenly spaced sample of it.

    Returns:
        g in (0, 1], or 0.0: the values are continuous, are on no grid that is known here, or are none at all.
        The coarsest grid is not always the answer: knobs at 0.25 and 0.5 are more likely to be two of 128 steps
        than two of four, but five values at all the quarters are quarters. Where nothing can be told (a control that
        was only ever at 0 or 1, or never moved from there), it is 1/127, the commonest; a control that never
        moved from a value on no device's grid has 0.0. Up to 1 % of events off the grid are put up with.
    """
    sample = _sample(np.asarray(values).reshape(-1), SAMPLE)
    if not len(sample):
        return 0.0
    distinct, counts = np.unique(sample.astype(np.float64), return_counts=True)
    chosen = _sample(np.arange(len(distinct)), DISTINCT_SAMPLE)
    distinct, counts = distinct[chosen], counts[chosen]
    # Every grid has 0 and 1, so that these tell nothing.
    inner = (distinct > TOLERANCE) & (distinct < 1 - TOLERANCE)
    best, step = int(inner.sum()) * _NATS_WITHOUT_GRID, 0.0
    if not inner.any():
        return 1 / DEVICE_STEPS[0]
    for hypothesis in _HYPOTHESES:
        fits = hypothesis.holds(distinct)
        on_grid = int(fits[inner].sum())
        if on_grid < max(hypothesis.values_needed, ON_GRID_VALUES * inner.sum()):
            continue
        if counts[fits].sum() < ON_GRID_EVENTS * counts.sum():
            continue
        nats = hypothesis.nats(on_grid) + (int(inner.sum()) - on_grid) * _NATS_WITHOUT_GRID
        if nats < best:
            best, step = nats, 1 / hypothesis.steps
    return step


def detect_grids(events: NDArray[np.float32]) -> NDArray[np.float64]:
    """:func:`detect_grid` of every control: (D − 1,) for events (N, D) whose first column is dt."""
    return np.array([detect_grid(column) for column in events.T[1:]], np.float64)


def _sample(items: NDArray[np.generic], most: int) -> NDArray[np.generic]:
    """At most ``most`` of the items (N,), evenly spaced."""
    if len(items) <= most:
        return items
    return items[np.linspace(0, len(items) - 1, most).astype(np.int64)]

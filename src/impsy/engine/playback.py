"""From a prediction to what is played, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

__all__ = ["MINIMUM_DT", "Step", "to_step"]

MINIMUM_DT = 0.001
"""Seconds. A model may predict a time step of zero or less; playing needs a little more."""


@dataclass(frozen=True, slots=True)
class Step:
    """One prediction, ready to be played.

    ``wait``: seconds from the previous event to this one. ``values``: x_1 … x_n in [0, 1].
    ``vector``: ``[dt, x_1 … x_n]``, the model's next input if it hears itself; dt is not stretched by the
    timescale, so that slow playing does not sound slow to the model.
    """

    wait: float
    values: tuple[float, ...]
    vector: tuple[float, ...]


def to_step(prediction: Sequence[float], timescale: float) -> Step | None:
    """Clamp a prediction ``[dt, x_1 … x_n]`` and stretch its time; None if a number in it is not finite."""
    if not all(map(isfinite, prediction)):
        return None
    dt = max(MINIMUM_DT, prediction[0])
    values = tuple([0.0 if x < 0.0 else 1.0 if x > 1.0 else x for x in prediction[1:]])
    return Step(dt * timescale, values, (dt, *values))

"""From a prediction to what is played, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

__all__ = ["MINIMUM_DT", "Pace", "Step", "to_step"]

MINIMUM_DT = 0.001
"""Seconds. A model may predict a time step of zero or less; playing needs a little more."""


class Pace:
    """A limit on how many events happen: ``a_second`` in the long run, and ``burst`` more at once."""

    __slots__ = ("_every", "_full", "_slack")

    def __init__(self, a_second: float, burst: float) -> None:
        self._every = 1 / a_second
        self._slack = burst / a_second
        self._full = float("-inf")

    def fork(self) -> Pace:
        """A copy."""
        twin = object.__new__(Pace)
        twin._every, twin._slack, twin._full = self._every, self._slack, self._full
        return twin

    @property
    def earliest(self) -> float:
        """When the next may happen."""
        return self._full - self._slack

    def allows(self, at: float) -> bool:
        """Whether one may happen at this time; it is then counted."""
        if at < self.earliest:
            return False
        self.count(at)
        return True

    def count(self, at: float) -> None:
        """One happens at this time."""
        self._full = max(self._full, at) + self._every


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

    def within(self, longest: float, timescale: float) -> Step:
        """The same, but that it waits ``longest`` seconds at most, which is also what the model hears."""
        if self.wait <= longest:
            return self
        return Step(longest, self.values, (longest / timescale, *self.vector[1:]))


def to_step(prediction: Sequence[float], timescale: float) -> Step | None:
    """Clamp a prediction ``[dt, x_1 … x_n]`` and stretch its time; None if a number in it is not finite."""
    if not all(map(isfinite, prediction)):
        return None
    dt = max(MINIMUM_DT, prediction[0])
    values = tuple([0.0 if x < 0.0 else 1.0 if x > 1.0 else x for x in prediction[1:]])
    return Step(dt * timescale, values, (dt, *values))

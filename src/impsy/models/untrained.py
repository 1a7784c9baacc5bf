"""A stand-in for a trained network, so that wiring can be tried before there is one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from numpy.random import Generator

__all__ = ["RandomGestures"]

_STEP = math.log(0.07)
"""Log of the median seconds between two events of one gesture; people at knobs send one every 50-100 ms."""
_STEP_SPREAD = 0.35
_PAUSE = math.log(0.6)
"""Log of the median seconds between two gestures."""
_PAUSE_SPREAD = 0.6
_GESTURE = (6, 32)
"""Events in a gesture: at least, less than."""


class RandomGestures:
    """Plays like someone trying out an instrument: takes one control somewhere in some steps, rests, takes another.

    It starts from the values that it heard last (all 0.5 at first). The temperatures change nothing.
    """

    def __init__(self, dimension: int) -> None:
        """``dimension`` is the length of an interaction vector ``[dt, x_1 … x_n]``: n + 1, 2 or more."""
        if dimension < 2:
            raise ValueError(f"an interaction has 2 numbers (time and one value) or more, not {dimension}")
        self.dimension = dimension
        self._values: list[float] = []
        self._control, self._target, self._steps = 0, 0.5, 0
        self.reset()

    def save(self) -> tuple[list[float], int, float, int]:
        """What :meth:`restore` takes."""
        return self._values.copy(), self._control, self._target, self._steps

    def twin(self) -> RandomGestures:
        """Another."""
        return RandomGestures(self.dimension)

    def restore(self, state: tuple[list[float], int, float, int]) -> None:
        """Go on from what another has saved."""
        values, self._control, self._target, self._steps = state
        self._values = values.copy()

    def hear(self, vector: Sequence[float]) -> None:
        """Go on from these values ``[dt, x_1 … x_n]``; values that are not finite are not taken over."""
        if len(vector) != self.dimension:
            raise ValueError(f"an interaction has {self.dimension} numbers here, not {len(vector)}")
        heard = zip(self._values, vector[1:], strict=True)
        self._values = [new if math.isfinite(new) else old for old, new in heard]

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """The next event ``[dt, x_1 … x_n]``: seconds above 0, values in [0, 1] (if those heard were)."""
        return self.sample_given(rng, pi_temperature, sigma_temperature, {})

    def sample_given(
        self,
        rng: Generator,
        pi_temperature: float,  # noqa: ARG002
        sigma_temperature: float,  # noqa: ARG002
        given: Mapping[int, float],
    ) -> list[float]:
        """The same, but that these controls (from 0) have these values; others are moved, if there are any."""
        for control, value in given.items():
            self._values[control] = value
        free = [control for control in range(self.dimension - 1) if control not in given]
        if self._control not in free:
            self._steps = 0
        if self._steps == 0:
            self._control = free[int(rng.integers(len(free)))] if free else 0
            self._target = float(rng.random())
            self._steps = int(rng.integers(*_GESTURE))
            dt = rng.lognormal(_PAUSE, _PAUSE_SPREAD)
        else:
            dt = rng.lognormal(_STEP, _STEP_SPREAD)
        values = self._values.copy()
        if not free:
            return [dt, *values]
        values[self._control] += (self._target - values[self._control]) / self._steps
        self._steps -= 1
        self._values = values
        return [dt, *values]

    def reset(self) -> None:
        """Forget what was heard: every value 0.5, no gesture under way."""
        self._values = [0.5] * (self.dimension - 1)
        self._control, self._target, self._steps = 0, 0.5, 0

"""Random numbers and predictions that Python and TypeScript make alike, without a table of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["GivenNumbers", "ScriptedPredictor"]

MODULUS, FACTOR, INCREMENT = 2**32, 1664525, 1013904223
"""Of the linear congruential generator (Press et al., Numerical Recipes)."""
NORMAL_TERMS = 12


class Bits:
    """The state of such numbers, as the engine copies it: what NumPy calls a bit generator."""

    def __init__(self, state: int) -> None:
        self.state = state


class GivenNumbers:
    """Stands in for a NumPy generator. Normal numbers are sums of uniform ones, which are exact in float64."""

    def __init__(self, bits: Bits) -> None:
        self.bit_generator = bits

    def random(self, count: int | None = None) -> Any:
        """One number in [0, 1), or an array of some."""
        return self._uniform() if count is None else np.array([self._uniform() for _ in range(count)])

    def standard_normal(self, out: NDArray[Any]) -> None:
        """Fill an array."""
        out[:] = [self.normal() for _ in range(out.size)]

    def normal(self) -> float:
        """One."""
        return sum(self._uniform() for _ in range(NORMAL_TERMS)) - NORMAL_TERMS / 2

    def _uniform(self) -> float:
        self.bit_generator.state = (FACTOR * self.bit_generator.state + INCREMENT) % MODULUS
        return self.bit_generator.state / MODULUS


class ScriptedPredictor:
    """Predicts the given vectors, around and around, each with some noise; ``None`` in one stands for NaN.

    What it hears counts: after a reset it begins anew.
    """

    def __init__(self, predictions: Sequence[Sequence[float | None]]) -> None:
        self.dimension = len(predictions[0])
        self._predictions = predictions
        self._next = 0
        self.heard: list[tuple[float, ...]] = []

    def hear(self, vector: Sequence[float]) -> None:
        """Remember it."""
        self.heard.append(tuple(vector))

    def sample(self, rng: GivenNumbers, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """The next of the predictions."""
        values = self._predictions[self._next % len(self._predictions)]
        self._next += 1
        noise = [sigma_temperature * (rng.normal() + pi_temperature) for _ in values]
        return [float("nan") if value is None else value + each for value, each in zip(values, noise, strict=True)]

    def sample_given(
        self, rng: GivenNumbers, pi_temperature: float, sigma_temperature: float, given: Mapping[int, float]
    ) -> list[float]:
        """The next of the predictions, with these values in it."""
        drawn = self.sample(rng, pi_temperature, sigma_temperature)
        for control, value in given.items():
            drawn[control + 1] = value
        return drawn

    def reset(self) -> None:
        """Begin anew."""
        self._next = 0

    def save(self) -> int:
        """What ``restore`` takes."""
        return self._next

    def twin(self) -> ScriptedPredictor:
        """Another with the same predictions."""
        return ScriptedPredictor(self._predictions)

    def restore(self, state: int) -> None:
        """Go on from there."""
        self._next = state

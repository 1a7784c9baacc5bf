"""Who plays after a model that did not answer: nobody, until another one is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.random import Generator

__all__ = ["NO_MODEL", "Nobody"]

NO_MODEL = "no model"
"""What the state calls it."""


class Nobody:
    """A predictor that hears everything and predicts nothing; the engine does not ask it.

    Args:
        dimension: n + 1.
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def hear(self, vector: Sequence[float]) -> None:
        """There is nobody to hear it."""

    def reset(self) -> None:
        """There is nothing to forget."""

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:  # noqa: ARG002
        """Raises RuntimeError: nobody is to be asked."""
        raise RuntimeError("there is no model to predict")

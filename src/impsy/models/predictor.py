"""What all predictors share, and the one that needs nothing but NumPy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray
from impsy.models.batch.network import BatchNetwork
from impsy.models.mixture import MixtureSampler
from impsy.models.weights import Weights

__all__ = ["MixturePredictor", "NumPyPredictor", "Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a predictor was made of, so that the same can be made again.

    ``path``: the model file; None: it was in none. ``sha256``: of the file's content. ``runs``: in words, what
    computes it. ``content``: gives the content of a ``.tflite`` file of a model that was in none.
    """

    path: Path | None
    sha256: str
    runs: str
    content: Callable[[], bytes] | None = None


class MixturePredictor(ABC):
    """A network with its recurrent state, and drawing from the mixture that it predicts.

    ``dimension`` is the length D of an interaction vector.
    """

    source: Source | None = None
    """What it was made of, where that is known."""

    def __init__(self, mixture: MixtureSampler, dimension: int) -> None:
        self.dimension = dimension
        self._mixture = mixture
        self._draw = mixture.draw
        self._heard = False

    @property
    def parameters(self) -> NDArray[Any]:
        """The mixture after what was heard last, (M(2D+1),) float in the scaled space.

        The next :meth:`hear` may write over it.
        """
        return self._mixture.parameters

    @abstractmethod
    def hear(self, vector: Sequence[float]) -> None:
        """Advance by one interaction ``[dt, x_1 … x_n]`` (seconds, then [0, 1]; length D; not scaled).

        Raises ValueError if the length is wrong.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all that was heard: the recurrent state becomes zero."""

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """Draw the next interaction ``[dt, x_1 … x_n]``, given all that was heard; not clipped.

        Before anything was heard (or after a reset) the network first hears a neutral interaction: dt 0, every
        value 0.5. See :meth:`impsy.models.mixture.MixtureSampler.draw` for the
        temperatures and for what is taken from ``rng``.
        """
        if not self._heard:
            self.hear([0.0] + [0.5] * (self.dimension - 1))
        return self._draw(rng, pi_temperature, sigma_temperature)

    def sample_given(
        self, rng: Generator, pi_temperature: float, sigma_temperature: float, given: Mapping[int, float]
    ) -> list[float]:
        """As :meth:`sample`, but that these controls (from 0) have these values, and the others go with them."""
        if not self._heard:
            self.hear([0.0] + [0.5] * (self.dimension - 1))
        return self._draw(rng, pi_temperature, sigma_temperature, given)

    def weights_given(self, pi_temperature: float, given: Mapping[int, float]) -> list[float]:
        """See :meth:`impsy.models.mixture.MixtureSampler.weights_given`; of what was heard last."""
        return self._mixture.weights_given(pi_temperature, given)

    @property
    def density_temperature(self) -> float:
        """The sigma temperature at which the densities of its mixture hold; 1 unless its file says another."""
        return self._mixture.density_temperature

    @density_temperature.setter
    def density_temperature(self, temperature: float) -> None:
        self._mixture.density_temperature = temperature

    def mixture(self) -> FloatArray:
        """A copy of the predicted vector [mu | sigma | logits], (M(2D+1),) float32, scaled space."""
        return np.array(self.parameters, np.float32)


class NumPyPredictor(MixturePredictor):
    """The network computed by NumPy: the oracle of the tests, and what plays where LiteRT is missing.

    ``precision`` is that of all computation: float32, or float64 to tell rounding from mistakes.
    """

    def __init__(self, weights: Weights, *, precision: type[np.floating[Any]] = np.float32) -> None:
        self._weights, self._precision = weights, precision
        self._network = BatchNetwork(weights, precision=precision)
        parameters = self._network.parameters.reshape(-1)
        grid = None if weights.residual is None else weights.residual.grid
        super().__init__(MixtureSampler(parameters, weights.dimension, grid), weights.dimension)

    def hear(self, vector: Sequence[float]) -> None:
        """See :meth:`MixturePredictor.hear`."""
        if len(vector) != self.dimension:
            raise ValueError(f"an interaction has {self.dimension} numbers here, not {len(vector)}")
        self._network.hear(np.array([vector], np.float64))
        self._heard = True

    def reset(self) -> None:
        """See :meth:`MixturePredictor.reset`."""
        self._network.reset(1)
        self._heard = False

    def save(self) -> tuple[bool, tuple[bool, list[NDArray[Any]]]]:
        """What :meth:`restore` takes."""
        return self._heard, self._network.save()

    def twin(self) -> NumPyPredictor:
        """Another network of the same weights, which any thread may use beside this one."""
        twin = NumPyPredictor(self._weights, precision=self._precision)
        twin.density_temperature = self.density_temperature
        return twin

    def restore(self, state: tuple[bool, tuple[bool, list[NDArray[Any]]]]) -> None:
        """Go on from what another has saved."""
        self._heard, network = state
        self._network.restore(network)

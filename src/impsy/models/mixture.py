"""The mixture of Gaussians that a network predicts: its parameters, and drawing from it.

A predicted vector holds ``[mu (M·D) | sigma (M·D) | logits (M)]`` in the scaled space: the network hears and
predicts interaction vectors × 10 (docs/reference/formats.md, The network's numbers). Component k is chosen with
probability softmax(logits / pi_temperature); each value is then Normal(mu_k, sigma_k · sqrt(sigma_temperature)); the
result is divided by 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.models.sizes import SCALE_FACTOR

__all__ = ["Mixture", "MixtureSampler", "Numbers", "choose", "component_weights", "split"]

_SQRT_HALF = math.sqrt(0.5)
MANY = 24
"""Components from which on choosing one by array operations is faster than by lists."""
_COLDEST, _HOTTEST = 1e-200, 1e200
"""Temperatures between which dividing a logit by them gives a number."""
_exp, _accumulate = np.exp, np.add.accumulate

Numbers = Callable[[], list[float]]
"""Lists numbers as they are at that moment."""


class Mixture(NamedTuple):
    """Parameters in the scaled space: ``mu`` and ``sigma`` (M, D), ``logits`` (M,)."""

    mu: NDArray[Any]
    sigma: NDArray[Any]
    logits: NDArray[Any]


def split(parameters: NDArray[Any], dimension: int) -> Mixture:
    """The parts of a predicted vector (M(2D+1),), as views into it."""
    mixtures = parameters.size // (2 * dimension + 1)
    width = mixtures * dimension
    return Mixture(
        parameters[:width].reshape(mixtures, dimension),
        parameters[width : 2 * width].reshape(mixtures, dimension),
        parameters[2 * width :],
    )


def component_weights(logits: Sequence[float], temperature: float) -> list[float]:
    """exp((logit − largest) / temperature) for each component: softmax but for its sum.

    A temperature of 0 or less (or NaN) is the limit towards 0: 1 for the first largest, 0 for the others. Logits
    that are NaN or +infinity, or all −infinity, give NaN everywhere.
    """
    total = sum(logits)
    top = max(logits)
    if math.isnan(total) or math.isinf(top):
        return [math.nan] * len(logits)
    if not temperature > 0.0:
        weights = [0.0] * len(logits)
        weights[logits.index(top)] = 1.0
        return weights
    exp = math.exp
    return [exp((logit - top) / temperature) for logit in logits]


def choose(weights: Sequence[float], uniform: float) -> int:
    """The first component whose cumulative probability reaches ``uniform`` in [0, 1)."""
    left = uniform * sum(weights)
    for k, weight in enumerate(weights):
        left -= weight
        if left <= 0.0:
            return k
    return len(weights) - 1


class MixtureSampler:
    """Draws from the mixture that stands in ``parameters`` (M(2D+1),) at that moment.

    Keeps views of the vector's parts, so the vector must stay the same array; what is in it may change.
    """

    def __init__(self, parameters: NDArray[Any], dimension: int) -> None:
        mu, sigma, logits = split(parameters, dimension)
        self._parameters = parameters
        self._read(dimension, [(m.tolist, s.tolist) for m, s in zip(mu, sigma, strict=True)], logits)

    @property
    def parameters(self) -> NDArray[Any]:
        """The mixture at this moment, (M(2D+1),)."""
        return self._parameters

    def _read(self, dimension: int, components: list[tuple[Numbers, Numbers]], logits: NDArray[Any]) -> None:
        """Draw from these: what lists the means and the deviations (D,) of each component, and the logits (M,)."""
        self._dimension = dimension
        self._components = components
        self._logits = logits
        self._logit, self._highest = logits.item, logits.argmax
        self._weights = np.empty(logits.size)
        self._many = logits.size >= MANY
        self._normals = np.empty(dimension + 1)

    def draw(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """One interaction vector ``[dt, x_1 … x_n]`` (seconds, then about [0, 1]; not clipped).

        Takes exactly ``dimension + 1`` normal numbers from ``rng``, whatever the parameters, so that a seed gives the
        same performance on every backend; the first, by its own distribution function, is the uniform that
        chooses the component. A ``sigma_temperature`` of 0 or less gives the component's mean. NaN in, NaN out.

        Works on lists in float64: for the handful of numbers of one component that takes a third of the time that
        array operations take.
        """
        normals = self._normals
        rng.standard_normal(out=normals)
        first, *noise = normals.tolist()
        uniform = 0.5 * math.erfc(first * -_SQRT_HALF)
        component = self._quickly(uniform, pi_temperature) if self._many else None
        if component is None:
            weights = component_weights(self._logits.tolist(), pi_temperature)
            if math.isnan(weights[0]):
                return [math.nan] * self._dimension
            component = choose(weights, uniform)
        mu, sigma = self._components[component]
        spread = math.sqrt(sigma_temperature) if sigma_temperature > 0.0 else 0.0
        return [(m + s * spread * z) / SCALE_FACTOR for m, s, z in zip(mu(), sigma(), noise)]  # noqa: B905 - hot

    def _quickly(self, uniform: float, temperature: float) -> int | None:
        """The component that :func:`choose` would choose, but for rounding; None where arrays might warn."""
        logits, weights = self._logits, self._weights
        top = self._logit(self._highest())
        if not (_COLDEST < temperature < _HOTTEST and -_HOTTEST < top < _HOTTEST):
            return None
        weights[...] = logits
        if not -300.0 < top / temperature < 300.0:  # powers of e far from the ends of float64
            weights -= top
        if temperature != 1.0:
            weights /= temperature
        _exp(weights, weights)
        _accumulate(weights, 0, None, weights)
        component = weights.searchsorted(uniform * weights.item(-1))
        return min(int(component), weights.size - 1)

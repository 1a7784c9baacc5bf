"""The mixture, given the values of some controls: how much each component weighs then.

The covariance of a component is diagonal, so its other numbers are drawn as ever; only the choice of the component
changes. Component k weighs softmax(logits / pi_temperature)_k · Π Normal(x_i; mu_k,i, sigma_k,i) over the controls i
that are given (Bishop 2006, Pattern Recognition and Machine Learning, 9.2). All is computed as logarithms: densities
of many controls leave the range of any float.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.models.sizes import SCALE_FACTOR

__all__ = ["FLOOR", "Evidence", "conditional_weights"]

FLOOR = 1e-4
"""The smallest deviation in a density, scaled space: a control that rests can have one of 1e-9, which is less than
the rounding of float32 values."""

_FEW = 20
"""Densities up to which plain floats are faster than arrays."""
_Indices = NDArray[np.intp]


def conditional_weights(
    mixture: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    given: Mapping[int, float],
    pi_temperature: float = 1.0,
    density_temperature: float = 1.0,
) -> NDArray[np.float64]:
    """The probability of each component (M,), given the values of some controls: written down as the formula has it.

    Args:
        mixture: ``mu``, ``sigma`` (M, D) and ``logits`` (M,) in the scaled space, finite.
        given: control (from 0) -> its value, 0 to 1.
        pi_temperature: > 0.
        density_temperature: a factor on the variances in densities.
    """
    mu, sigma, logits = (np.asarray(part, np.float64) for part in mixture)
    columns = [control + 1 for control in given]
    x = SCALE_FACTOR * np.array(list(given.values()))
    deviations = np.maximum(sigma[:, columns] * math.sqrt(density_temperature), FLOOR)
    logs = -0.5 * ((x - mu[:, columns]) / deviations) ** 2 - np.log(deviations)
    total = logits / pi_temperature + logs.sum(axis=1)
    weights = np.exp(total - total.max())
    return np.asarray(weights / weights.sum(), np.float64)


class Evidence:
    """What the values of certain controls say of each component: the logarithms of their densities.

    Only those components are looked at that move one of the controls. Logarithms count from those that rest there.

    Args:
        numbers: a one-dimensional array that stays the same; what is in it may change.
        mu, sigma: where in it the means and deviations of P numbers lie, (P,).
        component: whose each of them is, (P,).
        place: which of the given controls each is, (P,), from 0.
        mixtures: M.
        rest: for each given control where in ``numbers`` it rests, and the deviation of its rest; empty: it has none.
    """

    def __init__(
        self,
        numbers: NDArray[Any],
        mu: _Indices,
        sigma: _Indices,
        component: _Indices,
        place: _Indices,
        mixtures: int,
        rest: Sequence[tuple[int, float]] = (),
    ) -> None:
        self._numbers = numbers
        self._view = numbers.data
        self._mixtures = mixtures
        self._rest = tuple(rest)
        self._component, self._place, self._mu, self._sigma = component, place, mu, sigma
        self._groups: list[list[tuple[int, int, int]]] = [[] for _ in range(mixtures)]
        for k, *pair in zip(*(each.tolist() for each in (component, mu, sigma, place)), strict=True):
            self._groups[k].append((pair[0], pair[1], pair[2]))
        self.is_small = mu.size <= _FEW and mixtures <= _FEW
        """Whether plain floats are faster than arrays."""
        self._distances, self._deviations = np.empty(mu.size), np.empty(mu.size)

    def totals(self, logits: list[float], temperature: float, values: list[float], spread: float) -> list[float]:
        """The logarithm of what each component weighs (M,), but for a constant.

        ``values``: of the given controls, scaled space. ``spread``: a factor on all deviations.
        """
        if not self.is_small:
            with np.errstate(invalid="ignore"):
                found: list[float] = (np.array(logits) / temperature + self.logs(values, spread)).tolist()
            return found
        view, log, totals = self._view, math.log, []
        rests = [self.of_rest(place, values, spread) for place in range(len(self._rest))]
        for logit, group in zip(logits, self._groups):  # noqa: B905 - hot
            total = logit / temperature
            for mu, sigma, place in group:
                deviation = view[sigma] * spread
                if deviation < FLOOR:  # noqa: PLR1730 - max takes three times as long
                    deviation = FLOOR
                distance = (values[place] - view[mu]) / deviation
                total -= 0.5 * distance * distance + log(deviation)
                if rests:
                    total -= rests[place]
            totals.append(total)
        return totals

    def of_rest(self, place: int, values: list[float], spread: float) -> float:
        """The logarithm of the density of one given control in a component in which it rests."""
        base, deviation = self._rest[place]
        deviation = max(deviation * spread, FLOOR)
        distance = (values[place] - self._view[base]) / deviation
        return -0.5 * distance * distance - math.log(deviation)

    def logs(self, values: list[float], spread: float) -> NDArray[np.float64]:
        """The logarithms (M,) of the densities alone, as :meth:`totals` has them, by arrays."""
        numbers, distances, deviations = self._numbers, self._distances, self._deviations
        given = np.array(values)
        np.multiply(numbers.take(self._sigma), spread, deviations)
        np.maximum(deviations, FLOOR, out=deviations)
        np.subtract(numbers.take(self._mu), given.take(self._place), distances)
        with np.errstate(invalid="ignore"):  # a network may predict anything
            np.divide(distances, deviations, distances)
        np.multiply(distances, distances, distances)
        np.multiply(distances, -0.5, distances)
        np.subtract(distances, np.log(deviations, deviations), distances)
        if self._rest:
            rests = np.array([self.of_rest(place, values, spread) for place in range(len(values))])
            np.subtract(distances, rests.take(self._place), distances)
        return np.asarray(np.bincount(self._component, distances, self._mixtures), np.float64)

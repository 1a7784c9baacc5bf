"""The numbers of a mixture that a network computes, and those that are fixed, of controls at rest.

A component of the architecture ``gestures`` moves few controls. The means and deviations of the others are known, and
are not computed: the dense layer is computed for *live* numbers only, time
and the controls that a component moves, component by component, each in the order of the interaction vector.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray, Gestures
from impsy.models.mixture import MixtureSampler, Numbers

__all__ = ["Live", "LiveSampler"]

_Indices = NDArray[np.intp]

_ROUNDING = 1e-4
"""More than sums of up to 1000 float32 numbers between 0 and 1, which add up to 1, are wrong by."""


@dataclass(frozen=True, eq=False)
class Live:
    """The live numbers of a mixture, Q of them, in their order; arrays (Q,) unless stated otherwise."""

    fixed: Gestures

    @property
    def dimension(self) -> int:
        """Length D of an interaction vector."""
        return self.fixed.grid.size + 1

    @property
    def mixtures(self) -> int:
        """Number M of components."""
        return len(self.fixed.direction)

    @cached_property
    def places(self) -> _Indices:
        """Where in mu (M·D), and in sigma, each live number lies."""
        return np.flatnonzero(self.fixed.live)

    @property
    def component(self) -> _Indices:
        """The component k of each."""
        return self.places // self.dimension

    @cached_property
    def control(self) -> _Indices:
        """The control i of each, from 0; −1 for time."""
        return self.places % self.dimension - 1

    @cached_property
    def columns(self) -> _Indices:
        """The columns of the dense layer that are computed, (2Q + M,): live means, live z, all logits."""
        width = self.mixtures * self.dimension
        return np.concatenate([self.places, width + self.places, np.arange(2 * width, 2 * width + self.mixtures)])

    def of_components(self, values: FloatArray) -> FloatArray:
        """One value a component (M,) for each live number; 0 for time."""
        return np.where(self.control < 0, np.float32(0), values[self.component])

    def of_controls(self, values: FloatArray) -> FloatArray:
        """One value a control (n,) for each live number; 0 for time."""
        return np.append(values, np.float32(0))[self.control]

    @cached_property
    def direction(self) -> FloatArray:
        """Which way each counts; 1 for time."""
        return np.where(self.control < 0, np.float32(1), self.fixed.direction[self.component, self.control])


class LiveSampler(MixtureSampler):
    """Draws from a mixture of which only the live numbers and the values of controls at rest were computed.

    ``computed`` holds ``[live mu (Q) | live sigma (Q) | base (n) | logits (M) | sums (M)]``, float32;
    ``sums`` are those of softmax(logits) up to each component. It must stay the same array; what is in it may change.

    Draws as :class:`MixtureSampler` does from the whole mixture. Placing Q numbers among M(2D+1) would take a tenth
    of a prediction, choosing a component by float64 array operations a fifth.
    """

    def __init__(self, computed: NDArray[Any], live: Live) -> None:
        width, n = live.places.size, live.dimension - 1
        mu, sigma, base, logits, sums = np.split(computed, np.cumsum([width, width, n, live.mixtures]))
        ends = np.flatnonzero(live.control < 0)[1:]
        rest = live.fixed.rest

        def numbers(resting: NDArray[Any], moving: NDArray[Any], places: _Indices) -> Numbers:
            if len(places) == live.dimension:
                return moving.tolist
            return partial(_among, resting.tolist, moving.tolist, places[1:].tolist())

        parts = zip(*(np.split(each, ends) for each in (mu, sigma, live.control + 1)), strict=True)
        components = [(numbers(base, m, places), numbers(rest, s, places)) for m, s, places in parts]
        self._read(live.dimension, components, logits)
        self._many = True
        self._sums = sums.data
        self._computed = computed[: -sums.size]
        self._known = np.concatenate([self._computed, rest])
        self._order = _order(live)

    @property
    def parameters(self) -> NDArray[Any]:
        """See :attr:`MixtureSampler.parameters`; each time another array."""
        self._known[: self._computed.size] = self._computed
        return self._known.take(self._order, mode="clip")  # without a look at bounds

    def _quickly(self, uniform: float, temperature: float) -> int | None:
        """By the sums, where they decide beyond their rounding."""
        sums = self._sums
        if temperature == 1.0:
            component = bisect_left(sums, uniform)
            below = sums[component - 1] if component else -1.0
            if component < len(sums) and below + _ROUNDING < uniform < sums[component] - _ROUNDING:
                return component
        return super()._quickly(uniform, temperature)


def _among(resting: Numbers, moving: Numbers, places: list[int]) -> list[float]:
    """``moving`` (time, then one number for each of ``places``) among the others, which rest."""
    time, *moved = moving()
    numbers = [time, *resting()]
    for place, number in zip(places, moved, strict=True):
        numbers[place] = number
    return numbers


def _order(live: Live) -> _Indices:
    """Which of ``[live mu | live sigma | base | logits | rest]`` each number of the mixture is."""
    width, n, mixtures = live.places.size, live.dimension - 1, live.mixtures
    base, logits = 2 * width, 2 * width + n
    rest = logits + mixtures
    parts = []
    for first, resting in ((0, base), (width, rest)):
        order = np.tile(np.arange(resting - 1, resting + n), mixtures)
        order[live.places] = first + np.arange(width)
        parts.append(order)
    return np.concatenate([*parts, np.arange(logits, rest)])

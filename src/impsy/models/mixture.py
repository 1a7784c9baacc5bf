"""The mixture of Gaussians that a network predicts: its parameters, and drawing from it.

A predicted vector holds ``[mu (M·D) | sigma (M·D) | logits (M)]`` in the scaled space: the network hears and
predicts interaction vectors × 10 (docs/reference/formats.md, The network's numbers). Component k is chosen with
probability softmax(logits / pi_temperature); each value is then Normal(mu_k, sigma_k · sqrt(sigma_temperature)); the
result is divided by 10.

A component of the architecture ``gestures`` moves few controls. The means and deviations of the others are known, and
are not computed: the dense layer is computed for *live* numbers only, time and the controls that a component moves,
component by component, each in the order of the interaction vector.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray, Gestures
from impsy.models.conditional import FLOOR, Evidence
from impsy.models.sizes import SCALE_FACTOR

__all__ = ["Live", "LiveSampler", "Mixture", "MixtureSampler", "Numbers", "choose", "component_weights", "split"]

_SQRT_HALF = math.sqrt(0.5)
MANY = 24
"""Components from which on choosing one by array operations is faster than by lists."""
_COLDEST, _HOTTEST = 1e-200, 1e200
"""Temperatures between which dividing a logit by them gives a number."""
_exp, _accumulate = np.exp, np.add.accumulate
_Indices = NDArray[np.intp]
_ROUNDING = 1e-4
"""The largest error of sums of up to 1000 float32 numbers between 0 and 1, which add up to 1."""

_LEAST_SUM = 0.05
"""What is left of all components, at least, where the rounding of their sums matters little."""
_KEPT = 64
"""Sets of given controls for which is kept where their numbers lie."""

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

    Args:
        parameters: the vector.
        dimension: D.
        grid: the steps on which the network hears each control (n,), scaled space; 0: none. Given values count there.
    """

    def __init__(self, parameters: NDArray[Any], dimension: int, grid: FloatArray | None = None) -> None:
        mu, sigma, logits = split(parameters, dimension)
        self._parameters = parameters
        self._read(dimension, [(m.tolist, s.tolist) for m, s in zip(mu, sigma, strict=True)], logits)
        self._steps = [] if grid is None else grid.tolist()

    @property
    def parameters(self) -> NDArray[Any]:
        """The mixture at this moment, (M(2D+1),)."""
        return self._parameters

    @property
    def density_temperature(self) -> float:
        """A factor on the variances at which the densities hold (see ``models.calibration``); 1 unless it is set."""
        return self._spread**2

    @density_temperature.setter
    def density_temperature(self, temperature: float) -> None:
        self._spread = math.sqrt(temperature)

    def _read(self, dimension: int, components: list[tuple[Numbers, Numbers]], logits: NDArray[Any]) -> None:
        """Draw from these: what lists the means and the deviations (D,) of each component, and the logits (M,)."""
        self._dimension = dimension
        self._components = components
        self._logits = logits
        self._logit, self._highest = logits.item, logits.argmax
        self._weights = np.empty(logits.size)
        self._many = logits.size >= MANY
        self._normals = np.empty(dimension + 1)
        self._spread = 1.0
        self._evidences: dict[tuple[int, ...], Evidence] = {}

    def draw(
        self,
        rng: Generator,
        pi_temperature: float,
        sigma_temperature: float,
        given: Mapping[int, float] | None = None,
    ) -> list[float]:
        """One interaction vector ``[dt, x_1 … x_n]`` (seconds, then about [0, 1]; not clipped).

        ``given`` holds values of controls (from 0) that are not drawn: the others are, as they go with these (see
        ``models.conditional``), and the given values stand in the vector as they are.

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
        component: int | None
        if given and pi_temperature > 0.0:
            component = self._choose_given(uniform, pi_temperature, given)
            if component is None:
                return [math.nan] * self._dimension
        else:
            component = self._quickly(uniform, pi_temperature) if self._many else None
        if component is None:
            weights = component_weights(self._logits.tolist(), pi_temperature)
            if math.isnan(weights[0]):
                return [math.nan] * self._dimension
            component = choose(weights, uniform)
        mu, sigma = self._components[component]
        spread = math.sqrt(sigma_temperature) if sigma_temperature > 0.0 else 0.0
        drawn = [(m + s * spread * z) / SCALE_FACTOR for m, s, z in zip(mu(), sigma(), noise)]  # noqa: B905 - hot
        if given:
            for control, value in given.items():
                drawn[control + 1] = value
        return drawn

    def weights_given(self, temperature: float, given: Mapping[int, float]) -> list[float]:
        """What each component (M,) weighs given the values of these controls, the largest weight being 1; or all NaN.

        ``given`` holds one value at least, ``temperature`` is above 0.
        """
        evidence, values = self._look(given)
        totals = evidence.totals(self._logits.tolist(), temperature, values, self._spread)
        highest = max(totals)
        if math.isnan(sum(totals)) or math.isinf(highest):
            return [math.nan] * len(totals)
        exp = math.exp
        return [exp(total - highest) for total in totals]

    def _choose_given(self, uniform: float, temperature: float, given: Mapping[int, float]) -> int | None:
        """The component that is chosen given these values; None: the numbers of the mixture are none."""
        if not self._many:
            weights = self.weights_given(temperature, given)
            return None if math.isnan(weights[0]) else choose(weights, uniform)
        evidence, values = self._look(given)
        totals = self._weights
        with np.errstate(all="ignore"):
            np.divide(self._logits, temperature, totals)
            totals += evidence.logs(values, self._spread)
            totals -= totals.max()
            _exp(totals, totals)
            _accumulate(totals, 0, None, totals)
        whole = totals.item(-1)
        if math.isnan(whole):
            return None
        return min(int(totals.searchsorted(uniform * whole)), totals.size - 1)

    def _look(self, given: Mapping[int, float]) -> tuple[Evidence, list[float]]:
        """What reads the numbers of these controls, and their values, scaled, on the grid of the network."""
        controls = tuple(given)
        evidence = self._evidences.get(controls)
        if evidence is None:
            if len(self._evidences) >= _KEPT:
                self._evidences.clear()
            evidence = self._evidences[controls] = self._evidence(controls)
        steps = self._steps
        if not steps:
            return evidence, [SCALE_FACTOR * value for value in given.values()]
        values = []
        for control, value in given.items():
            step, scaled = steps[control], SCALE_FACTOR * value
            values.append(round(scaled / step) * step if step else scaled)
        return evidence, values

    def _evidence(self, controls: tuple[int, ...]) -> Evidence:
        """What reads the numbers of these controls, all of which every component predicts."""
        mixtures, dimension = self._logits.size, self._dimension
        columns = np.array(controls, np.intp) + 1
        mu = (np.arange(mixtures)[:, None] * dimension + columns).reshape(-1)
        component = np.repeat(np.arange(mixtures), len(controls))
        place = np.tile(np.arange(len(controls)), mixtures)
        return Evidence(self._parameters, mu, mixtures * dimension + mu, component, place, mixtures)

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

        def numbers(resting: Numbers, moving: NDArray[Any], places: _Indices) -> Numbers:
            if len(places) == live.dimension:
                return moving.tolist
            if len(places) == 2:
                return partial(_one_among, resting, moving.tolist, int(places[1]))
            return partial(_among, resting, moving.tolist, places[1:].tolist())

        parts = zip(*(np.split(each, ends) for each in (mu, sigma, live.control + 1)), strict=True)
        still = rest.tolist()
        components = [(numbers(base.tolist, m, places), numbers(still.copy, s, places)) for m, s, places in parts]
        self._read(live.dimension, components, logits)
        self._live, self._all = live, computed
        self._steps = live.fixed.grid.tolist()
        self._many = True
        self._sums = sums.data
        self._moving = _moving(live)
        self._computed = computed[: -sums.size]
        self._known = np.concatenate([self._computed, rest])
        self._order = _order(live)

    @property
    def parameters(self) -> NDArray[Any]:
        """See :attr:`MixtureSampler.parameters`; each time another array."""
        self._known[: self._computed.size] = self._computed
        return self._known.take(self._order, mode="clip")  # without a look at bounds

    def _evidence(self, controls: tuple[int, ...]) -> Evidence:
        """What reads the live numbers of these controls; the components without one rest there."""
        live = self._live
        order = np.argsort(live.control, kind="stable")
        found = [order[live.control[order] == control] for control in controls]
        numbers = np.concatenate(found)
        place = np.repeat(np.arange(len(controls)), [len(each) for each in found])
        width, rest = live.places.size, live.fixed.rest.tolist()
        rests = [(2 * width + control, rest[control]) for control in controls]
        component = live.component[numbers]
        return Evidence(self._all, numbers, width + numbers, component, place, live.mixtures, rests)

    def _choose_given(self, uniform: float, temperature: float, given: Mapping[int, float]) -> int | None:
        """By the sums, where one value is given and they decide beyond their rounding."""
        if temperature == 1.0 and len(given) == 1:
            component = self._choose_by_one(uniform, given)
            if component is not None:
                return component
        return super()._choose_given(uniform, temperature, given)

    def _choose_by_one(self, uniform: float, given: Mapping[int, float]) -> int | None:
        """Of the components that move the one given control, another share of the sums each; the others keep theirs.

        None: it is not certain.
        """
        evidence, values = self._look(given)
        (control,), (value,) = given, values
        places, components = self._moving[control]
        rest = evidence.of_rest(0, values, self._spread)
        if rest < 0.0:
            return None
        spread, exp, count = self._spread, math.exp, len(components)
        numbers = self._all.take(places).tolist()
        deviations, uppers, lowers = numbers[count : 2 * count], numbers[2 * count : 3 * count], numbers[3 * count :]
        if components[0] == 0:
            lowers[0] = 0.0
        if min(deviations) * spread < FLOOR:
            return None
        # The weight of each is its share of the sums, times its density by that of the components at rest.
        by, power = math.exp(-rest) / spread, -0.5 / (spread * spread)
        weights = [
            (upper - lower) * by * exp(power * (z := (value - mu) / sigma) * z) / sigma
            for mu, sigma, upper, lower in zip(numbers, deviations, uppers, lowers)  # noqa: B905 - hot
        ]
        whole = 1.0 + sum(weights) + sum(lowers) - sum(uppers)
        if not whole > _LEAST_SUM:
            return None
        target, shift = uniform * whole, 0.0
        for k, upper, lower, weight in zip(components, uppers, lowers, weights):  # noqa: B905 - hot
            before = lower + shift
            if target < before:
                break
            if target < before + weight:
                return k if min(target - before, before + weight - target) > _ROUNDING else None
            shift += weight - upper + lower
        sums, sought = self._sums, target - shift
        component = bisect_left(sums, sought)
        below = sums[component - 1] if component else -1.0
        if component < len(sums) and below + _ROUNDING < sought < sums[component] - _ROUNDING:
            return component
        return None

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


def _one_among(resting: Numbers, moving: Numbers, place: int) -> list[float]:
    """:func:`_among` where one control moves, as it does most often."""
    time, moved = moving()
    numbers = [time, *resting()]
    numbers[place] = moved
    return numbers


def _moving(live: Live) -> list[tuple[_Indices, list[int]]]:
    """For each control where its live means, its live deviations and the sums up to and before their components are.

    With the components, in their order.
    """
    width, n, mixtures = live.places.size, live.dimension - 1, live.mixtures
    sums = 2 * width + n + mixtures
    found = []
    for control in range(n):
        numbers = np.flatnonzero(live.control == control)
        components = live.component[numbers]
        places = [numbers, width + numbers, sums + components, sums + np.maximum(components - 1, 0)]
        found.append((np.concatenate(places), components.tolist()))
    return found


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

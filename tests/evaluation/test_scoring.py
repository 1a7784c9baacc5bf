"""Densities, bits and ranks of a mixture that is small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.errors import ModelError
from impsy.evaluation.normal import log_interval_mass
from impsy.evaluation.scoring import LEAST_SIGMA, Mixtures, cells, ranks, score
from impsy.models.calibration import Temperatures

MU = np.array([[1.0, 5.0, 0.0], [4.0, 2.0, 10.0]])
SIGMA = np.array([[0.5, 1.0, 2.0], [1.5, 0.25, 0.5]])
LOGITS = np.array([0.3, -1.0])
WEIGHTS = np.exp(LOGITS) / np.exp(LOGITS).sum()
EVENT = np.array([[0.2, 50 / 127, 1.0]])
NO_GRID = np.zeros(2)
GRID = np.array([1 / 127, 1 / 127])


def parameters() -> np.ndarray:
    return np.concatenate([MU.ravel(), SIGMA.ravel(), LOGITS]).astype(np.float32)[None]


def mixtures() -> Mixtures:
    return Mixtures.of(parameters(), 3)


def pdf(x: float, mu: float, sigma: float) -> float:
    return math.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


def cdf(x: float, mu: float, sigma: float) -> float:
    return 0.5 * (1 + math.erf((x - mu) / (sigma * math.sqrt(2))))


def test_densities_by_hand() -> None:
    scaled = 10 * EVENT[0]
    parts = [[pdf(scaled[d], MU[k, d], SIGMA[k, d]) for d in range(3)] for k in range(2)]
    found = score(mixtures(), EVENT, NO_GRID)
    joint = sum(WEIGHTS[k] * math.prod(parts[k]) for k in range(2))
    time = sum(WEIGHTS[k] * parts[k][0] for k in range(2))
    values = sum(WEIGHTS[k] * parts[k][1] * parts[k][2] for k in range(2))
    assert found.joint[0] == pytest.approx(-math.log(joint), rel=1e-6)
    assert found.time[0] == pytest.approx(-math.log(time), rel=1e-6)
    assert found.values[0] == pytest.approx(-math.log(values), rel=1e-6)
    assert np.isnan(found.bits[0])


def test_bits_by_hand() -> None:
    half = 10 / 127 / 2
    middle = 10 * EVENT[0, 1]
    mass = 0.0
    for k in range(2):
        inner = cdf(middle + half, MU[k, 1], SIGMA[k, 1]) - cdf(middle - half, MU[k, 1], SIGMA[k, 1])
        top = 1 - cdf(10 - half, MU[k, 2], SIGMA[k, 2])  # the cell of 1 takes all that is beyond
        mass += WEIGHTS[k] * inner * top
    assert score(mixtures(), EVENT, GRID).bits[0] == pytest.approx(-math.log2(mass), rel=1e-6)
    only_first = score(mixtures(), EVENT, np.array([1 / 127, 0.0])).bits[0]
    assert only_first < score(mixtures(), EVENT, GRID).bits[0]


def test_all_cells_of_a_grid_add_up_to_one() -> None:
    events = np.zeros((128, 3))
    events[:, 1] = np.arange(128) / 127
    many = Mixtures.of(np.repeat(parameters(), 128, axis=0), 3)
    bits = score(many, events, np.array([1 / 127, 0.0])).bits
    assert np.exp2(-bits).sum() == pytest.approx(1.0, abs=1e-9)


def test_no_narrowness_gains_more_than_all_bits() -> None:
    """What a density rewards without bound, a probability does not."""
    events = np.array([[0.1, 64 / 127]])
    for sigma in (1e-2, 1e-4, 1e-7):
        sure = Mixtures(np.array([[[1.0, 640 / 127]]]), np.array([[[1.0, sigma]]]), np.zeros((1, 1)))
        found = score(sure, events, np.array([1 / 127]))
        assert found.bits[0] == pytest.approx(0.0, abs=1e-3)
    assert found.values[0] < -15


def test_edges_of_cells() -> None:
    lower, upper = cells(10 * np.array([[0.0], [0.5], [1.0]]), np.array([0.5]))
    assert lower.ravel().tolist() == [-np.inf, 2.5, 7.5]
    assert upper.ravel().tolist() == [2.5, 7.5, np.inf]
    lower, upper = cells(10 * np.array([[0.0], [1.0]]), np.array([1.0]))  # a switch
    assert (lower.ravel().tolist(), upper.ravel().tolist()) == ([-np.inf, 5.0], [5.0, np.inf])


def test_ranks_by_hand() -> None:
    uniform = np.array([[0.9, 0.25, 0.5]])
    expected = [sum(WEIGHTS[k] * cdf(10 * EVENT[0, d], MU[k, d], SIGMA[k, d]) for k in range(2)) for d in range(3)]
    np.testing.assert_allclose(ranks(mixtures(), EVENT, NO_GRID, uniform)[0], expected, rtol=1e-6)
    half, middle = 10 / 127 / 2, 10 * EVENT[0, 1]
    low, high = (
        sum(WEIGHTS[k] * cdf(edge, MU[k, 1], SIGMA[k, 1]) for k in range(2))
        for edge in (middle - half, middle + half)
    )
    randomised = ranks(mixtures(), EVENT, GRID, uniform)[0]
    assert randomised[0] == pytest.approx(expected[0], rel=1e-6)
    assert randomised[1] == pytest.approx(low + 0.25 * (high - low), rel=1e-6)
    below = sum(WEIGHTS[k] * cdf(10 - half, MU[k, 2], SIGMA[k, 2]) for k in range(2))
    assert randomised[2] == pytest.approx(below + 0.5 * (1 - below), rel=1e-6)


def test_ranks_of_what_was_drawn_as_foreseen_are_uniform() -> None:
    rng = np.random.default_rng(0)
    count = 20_000
    chosen = (rng.random(count) < WEIGHTS[1]).astype(int)
    drawn = rng.normal(MU[chosen], SIGMA[chosen]) / 10
    drawn[:, 1:] = np.clip(np.rint(drawn[:, 1:] * 127), 0, 127) / 127
    found = ranks(Mixtures.of(np.repeat(parameters(), count, axis=0), 3), drawn, GRID, rng.random((count, 3)))
    for column in found.T:
        assert np.abs(np.sort(column) - (np.arange(count) + 0.5) / count).max() < 1.95 / math.sqrt(count)  # 99.9 %


def test_logarithmic_time_is_a_density_of_time() -> None:
    """A log-normal time, integrated over all times, comes to 1."""
    times = np.logspace(-6, 4, 20_001)
    events = np.column_stack([times, np.full(len(times), 0.5)])
    size = (len(times), 1, 1)
    mixture = Mixtures(
        np.concatenate([np.full(size, 0.4), np.full(size, 5.0)], axis=2),
        np.concatenate([np.full(size, 0.8), np.full(size, 1.0)], axis=2),
        np.zeros((len(times), 1)),
        log_time=True,
    )
    density = np.exp(-score(mixture, events, np.zeros(1)).time)
    assert np.trapezoid(density, 10 * times) == pytest.approx(1.0, abs=1e-3)


@given(st.floats(-500, 500), st.permutations([0, 1]))
def test_logits_count_only_by_difference_and_components_have_no_order(shift: float, order: list[int]) -> None:
    other = np.concatenate([MU[order].ravel(), SIGMA[order].ravel(), LOGITS[order] + shift])[None]
    mine, theirs = score(mixtures(), EVENT, GRID), score(Mixtures.of(other, 3), EVENT, GRID)
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none(bad: float) -> None:
    broken = parameters()
    broken[0, 3] = bad
    with pytest.raises(ModelError, match="not finite"):
        Mixtures.of(broken, 3)


def test_a_hopeless_prediction_stays_a_number() -> None:
    sure = np.array([[1e3, 1e3, 0.0, 0.0, 0.0]])  # sigma 0, which counts as 1e-7
    found = score(Mixtures.of(sure, 2), np.array([[0.1, 0.2]]), np.array([0.1]))
    assert np.isfinite([part[0] for part in found]).all()


@pytest.mark.parametrize("temperatures", [Temperatures(0.01, 1.0), Temperatures(1.0, 0.5), Temperatures(4.0, 2.0)])
def test_temperatures_are_those_of_playing(temperatures: Temperatures) -> None:
    rng = np.random.default_rng(0)
    parameters = np.concatenate([rng.normal(5, 1, 12), rng.uniform(0.1, 1, 12), rng.normal(0, 1, 4)])[None]
    scaled = parameters.copy()
    scaled[:, 12:24] *= np.sqrt(temperatures.sigma)
    scaled[:, 24:] /= temperatures.pi
    found, by_hand = Mixtures.of(parameters, 3).at(temperatures), Mixtures.of(scaled, 3)
    assert found.sigma == pytest.approx(by_hand.sigma)
    assert found.log_weights == pytest.approx(by_hand.log_weights)
    assert np.exp(found.log_weights).sum() == pytest.approx(1)


def test_temperatures_of_nothing_are_the_surest() -> None:
    found = Mixtures.of(np.array([[1.0, 2.0, 3.0, 4.0, 0.5, 0.5, 0.5, 0.5, 0.0, 0.3]]), 2).at(Temperatures(0.0, 0.0))
    assert found.sigma.max() == LEAST_SIGMA
    assert np.exp(found.log_weights)[0] == pytest.approx([0, 1])


@pytest.mark.parametrize("sigma", [1e-4, 0.01, 0.3, 5.0])
@pytest.mark.parametrize("components", [17, 40, 360])
def test_what_is_left_out_of_many_components_does_not_matter(sigma: float, components: int) -> None:
    rng = np.random.default_rng(components)
    mu = 10 * rng.integers(0, 128, (30, components, 3)) / 127
    log_weights = 3 * rng.standard_normal((30, components))
    log_weights -= np.log(np.exp(log_weights).sum(axis=1, keepdims=True))
    events = (mu[:, 0] / 10).astype(np.float32)
    events[15:, 1:] = rng.integers(0, 128, (15, 2)) / 127
    mixtures = Mixtures(mu, np.full_like(mu, sigma), log_weights)
    found = score(mixtures, events, np.full(2, 1 / 127)).bits
    masses = log_interval_mass(
        *(
            (edge[:, None] - mu[..., 1:]) / sigma
            for edge in cells(events[:, 1:].astype(np.float64) * 10, np.full(2, 1 / 127))
        )
    )
    every = np.logaddexp.reduce(log_weights + masses.sum(axis=2), axis=1)
    assert found == pytest.approx(every / -np.log(2), rel=1e-9, abs=1e-9)

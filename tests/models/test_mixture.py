"""Drawing from the mixture: statistics, temperatures, determinism, numbers that are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.models import mixture as mixture_module
from impsy.models.mixture import MANY, MixtureSampler, choose, component_weights, split

finite = st.floats(-50, 50, width=32)
DIMENSION = 2


def parameters(logits=(0.0, 1.0986123), mu=((1, 2), (50, 60)), sigma=((0.5, 1), (2, 4))) -> np.ndarray:
    return np.array([*np.ravel(mu), *np.ravel(sigma), *logits], np.float32)


def test_the_parts_of_a_vector() -> None:
    mu, sigma, logits = split(np.arange(10), DIMENSION)
    assert mu.tolist() == [[0, 1], [2, 3]]
    assert sigma.tolist() == [[4, 5], [6, 7]]
    assert logits.tolist() == [8, 9]


@given(st.lists(finite, min_size=1, max_size=8), st.floats(0.01, 100))
def test_component_weights_are_softmax(logits: list[float], temperature: float) -> None:
    weights = np.array(component_weights(logits, temperature))
    exact = np.exp(np.array(logits) / temperature - np.logaddexp.reduce(np.array(logits) / temperature))
    np.testing.assert_allclose(weights / weights.sum(), exact, atol=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).filter(sum), st.floats(0, 1, exclude_max=True))
def test_choice_is_the_first_whose_cumulative_reaches_the_draw(weights: list[float], uniform: float) -> None:
    cumulative = np.cumsum(weights) / sum(weights)
    k = choose(weights, uniform)
    assert cumulative[k] >= uniform - 1e-9
    assert k == 0 or cumulative[k - 1] < uniform + 1e-9


@pytest.mark.parametrize("temperature", [1e-300, 1e-9, 0.0, -1.0, math.nan])
def test_a_vanishing_pi_temperature_takes_the_likeliest(temperature: float) -> None:
    assert component_weights([1.0, 3.0, 3.0 - 1e-6], temperature)[1] == 1.0
    assert sum(component_weights([1.0, 3.0, 2.0], temperature)) == 1.0


def test_an_endless_pi_temperature_makes_all_alike() -> None:
    assert component_weights([1.0, 30.0, -5.0], math.inf) == [1.0, 1.0, 1.0]


def test_statistics_of_many_draws() -> None:
    draw = MixtureSampler(parameters(), DIMENSION).draw
    rng = np.random.default_rng(3)
    drawn = np.array([draw(rng, 1.0, 1.0) for _ in range(20_000)]) * 10
    second = drawn[:, 0] > 20
    assert second.mean() == pytest.approx(0.75, abs=0.012)  # 4 standard errors
    for rows, mu, sigma in ((drawn[~second], (1, 2), (0.5, 1)), (drawn[second], (50, 60), (2, 4))):
        np.testing.assert_allclose(rows.mean(axis=0), mu, atol=4 * max(sigma) / math.sqrt(len(rows)))
        np.testing.assert_allclose(rows.std(axis=0), sigma, rtol=0.05)
        assert abs(np.corrcoef(rows.T)[0, 1]) < 0.05  # the covariance is diagonal


def test_sigma_temperature_scales_the_variance() -> None:
    draw = MixtureSampler(parameters(logits=(50, 0)), DIMENSION).draw
    wide, narrow = (
        np.array([draw(np.random.default_rng(i), 1.0, temperature) for i in range(500)])
        for temperature in (1.0, 0.01)
    )
    np.testing.assert_allclose(narrow - [0.1, 0.2], (wide - [0.1, 0.2]) / 10, atol=1e-9)


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_no_sigma_temperature_gives_the_mean(temperature: float) -> None:
    draw = MixtureSampler(parameters(logits=(50, 0)), DIMENSION).draw
    assert draw(np.random.default_rng(0), 1.0, temperature) == pytest.approx([0.1, 0.2], abs=1e-7)


def test_a_seed_gives_the_same_and_every_draw_takes_as_much() -> None:
    draw = MixtureSampler(parameters(), DIMENSION).draw
    broken = MixtureSampler(parameters(logits=(math.nan, 0)), DIMENSION).draw
    one, two, three = (np.random.default_rng(5) for _ in range(3))
    assert draw(one, 1.0, 1.0) == draw(two, 1.0, 1.0)
    assert all(map(math.isnan, broken(three, 1.0, 1.0)))
    assert draw(one, 1.0, 1.0) == draw(three, 1.0, 1.0)


@pytest.mark.parametrize(
    "logits", [(math.nan, 0), (0, math.nan), (math.inf, 0), (-math.inf, -math.inf), (math.inf, -math.inf)]
)
@pytest.mark.parametrize("temperature", [1.0, 0.0])
def test_logits_that_are_no_numbers_give_nan(logits: tuple[float, float], temperature: float) -> None:
    draw = MixtureSampler(parameters(logits=logits), DIMENSION).draw
    assert all(map(math.isnan, draw(np.random.default_rng(0), temperature, 1.0)))


anything = st.floats(width=32)


@given(st.lists(anything, min_size=10, max_size=10), st.floats(), st.floats(), st.integers(0, 9))
@pytest.mark.slow
def test_no_parameters_make_it_fail(values: list[float], pi: float, sigma: float, seed: int) -> None:
    drawn = MixtureSampler(np.array(values, np.float32), DIMENSION).draw(np.random.default_rng(seed), pi, sigma)
    assert len(drawn) == DIMENSION
    assert all(isinstance(value, float) for value in drawn)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(MANY, 400),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.1, 3, 40, 1e3, 3e38]),
    st.sampled_from([1.0, 0.8, 0.01, 3.0, 1e-9, 1e-250, 5e-324, 1e300, 0.0, -1.0, math.nan, math.inf]),
    st.sampled_from([None, math.nan, math.inf, -math.inf]),
)
@pytest.mark.filterwarnings("error")
@pytest.mark.slow
def test_many_components_are_drawn_from_like_few(
    mixtures: int, seed: int, spread: float, temperature: float, strange: float | None
) -> None:
    """The same vectors from the same seed, however many components there are; and nothing is warned of."""
    rng = np.random.default_rng(seed)
    parameters = rng.normal(0, 1, mixtures * 5).astype(np.float32)
    logits = parameters[4 * mixtures :]
    logits *= np.float32(spread / 4)
    if strange is not None:
        logits[rng.integers(mixtures, size=2)] = strange
    quick = MixtureSampler(parameters, 2)
    with pytest.MonkeyPatch.context() as few:
        few.setattr(mixture_module, "MANY", mixtures + 1)
        plain = MixtureSampler(parameters, 2)
    mine, other = (np.random.default_rng(seed) for _ in range(2))
    for _ in range(20):
        np.testing.assert_array_equal(quick.draw(mine, temperature, 0.1), plain.draw(other, temperature, 0.1))
    assert mine.bit_generator.state == other.bit_generator.state

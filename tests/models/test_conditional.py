"""A draw given some values: equal to rejection sampling from the same mixture, and to the formula written down."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from model_files import looped_tflite, small_weights

from impsy.models.conditional import Evidence, conditional_weights
from impsy.models.elsewhere import ElsewherePredictor, GraphProcess
from impsy.models.litert import LiteRTPredictor
from impsy.models.mixture import MixtureSampler, split
from impsy.models.opening import open_model, opened
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.untrained import RandomGestures
from random_networks import random_weights

DRAWS = 3000


def mixture_of(rng, mixtures, dimension, spread=0.7):
    """A vector [mu | sigma | logits] whose components overlap."""
    mu = 5 + spread * rng.standard_normal((mixtures, dimension))
    sigma = rng.uniform(0.5, 1.5, (mixtures, dimension))
    return np.concatenate([mu.ravel(), sigma.ravel(), rng.standard_normal(mixtures)]).astype(np.float32)


def rejected(rng, parameters, dimension, held, near):
    """Whole draws from the mixture, of which those are kept that come within ``near`` of the held values."""
    mu, sigma, logits = (np.asarray(part, float) for part in split(parameters, dimension))
    weights = np.exp(logits - logits.max())
    kept = []
    for _ in range(100):
        k = rng.choice(len(weights), 200_000, p=weights / weights.sum())
        close = np.ones(len(k), bool)
        for control, value in held.items():
            drawn = (mu[k, control + 1] + sigma[k, control + 1] * rng.standard_normal(len(k))) / 10
            close &= np.abs(drawn - value) < near
        k = k[close]
        kept += list((mu[k] + sigma[k] * rng.standard_normal((len(k), dimension))) / 10)
        if len(kept) >= DRAWS:
            return np.array(kept[:DRAWS])
    raise AssertionError(f"only {len(kept)} draws are near {held}")


def assert_alike(mine, other, held):
    """Kolmogorov and Smirnov's test for two samples, of each column that is not held, at one in a million."""
    bound = math.sqrt(-math.log(1e-6 / 2) / 2) * math.sqrt((len(mine) + len(other)) / (len(mine) * len(other)))
    for column in set(range(mine.shape[1])) - {control + 1 for control in held}:
        both = np.concatenate([mine[:, column], other[:, column]])
        shares = [np.searchsorted(np.sort(each[:, column]), both, "right") / len(each) for each in (mine, other)]
        assert np.abs(shares[0] - shares[1]).max() < bound, column


@pytest.mark.parametrize(
    ("dimension", "held"),
    [(2, {0: 0.45}), (9, {2: 0.55}), (9, {0: 0.5, 7: 0.4}), (64, {10: 0.6}), (64, {62: 0.55, 0: 0.45})],
)
@pytest.mark.slow
def test_it_draws_as_rejection_sampling_does(dimension, held):
    rng = np.random.default_rng(dimension)
    parameters = mixture_of(rng, 5, dimension)
    sampler = MixtureSampler(parameters, dimension)
    mine = np.array([sampler.draw(rng, 1.0, 1.0, held) for _ in range(DRAWS)])
    for control, value in held.items():
        assert (mine[:, control + 1] == value).all()
    assert_alike(mine, rejected(rng, parameters, dimension, held, 0.01), held)


@pytest.mark.parametrize("maker", [LiteRTPredictor, NumPyPredictor])
@pytest.mark.slow
def test_a_gesture_network_draws_as_rejection_sampling_does(maker):
    """The held control rests in most components and moves in some; its value lies on its grid, as it was heard."""
    weights = random_weights(9, SIZES["xs"], rng=np.random.default_rng(3), mixtures=30, architecture="gestures")
    predictor, rng = maker(weights), np.random.default_rng(4)
    events = np.round(rng.random((4, 8)) * 127) / 127
    for event in events:
        predictor.hear([0.2, *event.tolist()])
    held = {2: float(events[-1, 2])}
    mine = np.array([predictor.sample_given(rng, 1.0, 1.0, held) for _ in range(DRAWS)])
    assert_alike(mine, rejected(rng, predictor.mixture(), 9, held, 0.002), held)


# --- the formula --------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 30),
    st.integers(2, 12),
    st.integers(0, 2**32 - 1),
    st.floats(0.3, 3),
    st.sampled_from([1.0, 0.01]),
    st.data(),
)
@pytest.mark.slow
def test_weights_are_those_of_the_formula(mixtures, dimension, seed, pi_temperature, density, data):
    rng = np.random.default_rng(seed)
    parameters = mixture_of(rng, mixtures, dimension)
    controls = data.draw(st.lists(st.integers(0, dimension - 2), min_size=1, unique=True))
    held = {control: float(rng.random()) for control in controls}
    sampler = MixtureSampler(parameters, dimension)
    sampler.density_temperature = density
    weights = np.array(sampler.weights_given(pi_temperature, held))
    exact = conditional_weights(split(parameters, dimension), held, pi_temperature, density)
    np.testing.assert_allclose(weights / weights.sum(), exact, atol=2e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(1, 45), st.integers(0, 2**32 - 1), st.data())
@pytest.mark.slow
def test_live_numbers_give_the_weights_of_the_whole_mixture(dimension, mixtures, seed, data):
    rng = np.random.default_rng(seed)
    weights = random_weights(dimension, SIZES["xxs"], rng=rng, mixtures=mixtures, architecture="gestures")
    predictor = LiteRTPredictor(weights)
    event = np.round(rng.random(dimension - 1) * 127) / 127
    predictor.hear([0.3, *event.tolist()])
    controls = data.draw(st.lists(st.integers(0, dimension - 2), min_size=1, unique=True))
    held = {control: float(event[control]) for control in controls}
    found, parts = np.array(predictor.weights_given(1.0, held)), split(predictor.mixture(), dimension)
    np.testing.assert_allclose(found / found.sum(), conditional_weights(parts, held), atol=1e-4)


@pytest.mark.parametrize("architecture", ["plain", "residual", "gestures", "landings"])
def test_every_network_draws_the_same_by_both_ways_of_computing(architecture):
    weights = random_weights(5, SIZES["xxs"], rng=np.random.default_rng(2), mixtures=24, architecture=architecture)
    fast, slow = LiteRTPredictor(weights), NumPyPredictor(weights)
    rngs, rng = [np.random.default_rng(9) for _ in range(2)], np.random.default_rng(3)
    for _ in range(30):
        event = (np.round(rng.random(4) * 127) / 127).tolist()
        held = {control: event[control] for control in range(int(rng.integers(5)))}
        drawn = []
        for predictor, own in zip((fast, slow), rngs, strict=True):
            predictor.hear([0.2, *event])
            drawn.append(predictor.sample_given(own, 0.9, 0.1, held))
        np.testing.assert_allclose(*drawn, atol=1e-3)


def test_held_values_change_what_the_others_do():
    """Of two components far apart, the one plays that the hand is at, however unlikely it was."""
    parameters = np.array([0, 2, 2, 0, 8, 8, *[0.5] * 6, 5, 0], np.float32)
    sampler, rng = MixtureSampler(parameters, 3), np.random.default_rng(0)
    for value in (0.2, 0.8):
        others = [sampler.draw(rng, 1.0, 1.0, {0: value})[2] for _ in range(50)]
        assert np.mean(others) == pytest.approx(value, abs=0.05)


def test_where_every_density_vanishes_the_nearest_component_plays():
    parameters = np.array([0, 2, 2, 0, 8, 8, *[1e-9] * 6, 0, 0], np.float32)
    sampler, rng = MixtureSampler(parameters, 3), np.random.default_rng(0)
    assert [round(sampler.draw(rng, 1.0, 1.0, {0: x})[2], 3) for x in (0.0, 0.45, 0.55, 1.0)] == [0.2, 0.2, 0.8, 0.8]


def test_a_value_between_two_steps_counts_as_the_step_that_the_network_hears():
    weights = random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0), mixtures=12, architecture="gestures")
    predictor, step = LiteRTPredictor(weights), 1 / 127
    drawn = []
    for value in (60 * step, 60.4 * step):
        predictor.reset()
        predictor.hear([0.1, value, 0.5])
        drawn.append(predictor.sample_given(np.random.default_rng(1), 1.0, 1.0, {0: value}))
    assert drawn[0][2] == drawn[1][2]
    assert [each[1] for each in drawn] == [60 * step, 60.4 * step]


def test_a_calibrated_file_is_asked_at_its_own_temperatures(tmp_path):
    weights = small_weights()
    write_tflite(weights, plain := tmp_path / "plain.tflite")
    write_tflite(weights, cold := tmp_path / "cold.tflite", facts={"calibrated": {"sigmatemp": 0.01, "pitemp": 1.0}})
    assert open_model(plain).predictor.density_temperature == 1.0
    assert open_model(cold).predictor.density_temperature == pytest.approx(0.01)


def test_a_model_can_be_asked_given_values():
    model = opened(small_weights(), Path("made.tflite"), {})
    model.hear([0.1, 0.2, 0.3])
    assert model.sample(np.random.default_rng(0), given={1: 0.25})[2] == 0.25
    with pytest.raises(ValueError, match="the controls are 0 to 1, not 2"):
        model.sample(given={2: 0.5})


# --- whatever the numbers are -------------------------------------------------------------------------

strange = st.floats(allow_nan=True, allow_infinity=True, width=32)


@settings(deadline=None)
@given(
    st.lists(strange, min_size=35, max_size=35),
    st.dictionaries(st.integers(0, 1), st.floats(0, 1), min_size=1),
    st.floats(allow_nan=True),
    st.floats(-1, 1e9),
)
@example([math.inf] * 35, {0: 0.5}, 1.0, 1.0)
@example([0.0] * 35, {0: 0.5, 1: 0.5}, 0.0, 0.0)
@pytest.mark.filterwarnings("error")
@pytest.mark.slow
def test_any_numbers_give_a_vector_with_the_held_values_or_none_at_all(numbers, held, pi_temperature, sigma):
    sampler = MixtureSampler(np.array(numbers, np.float32), 3)
    drawn = sampler.draw(np.random.default_rng(0), pi_temperature, sigma, held)
    assert len(drawn) == 3
    assert all(drawn[control + 1] == value for control, value in held.items()) or all(map(math.isnan, drawn))


@pytest.mark.filterwarnings("error")
def test_arrays_and_floats_agree_on_strange_numbers():
    rng = np.random.default_rng(0)
    for _ in range(200):
        numbers = rng.choice([0.0, 1.0, -3.0, 1e30, 1e-30, math.inf, -math.inf, math.nan], 24).astype(np.float32)
        places = np.arange(12)
        few = Evidence(numbers, places, places + 12, places // 3, places % 3, 4)
        many = Evidence(numbers, *(np.tile(each, 2) for each in (places, places + 12)), np.arange(24) // 3,
                        np.tile(places % 3, 2), 8)  # fmt: skip
        both = [
            np.array(each.totals([0.0] * (4 * n), 1.0, [1.0, 2.0, 3.0], 1.0))[:4] for n, each in ((1, few), (2, many))
        ]
        np.testing.assert_allclose(np.isfinite(both[0]), np.isfinite(both[1]))
        np.testing.assert_allclose(*[each[np.isfinite(both[0])] for each in both], rtol=1e-9)


def test_a_seed_draws_the_same_and_takes_as_many_numbers_whether_or_not_values_are_held():
    sampler = MixtureSampler(mixture_of(np.random.default_rng(0), 5, 4), 4)
    left, right = np.random.default_rng(7), np.random.default_rng(7)
    sampler.draw(left, 1.0, 1.0)
    sampler.draw(right, 1.0, 1.0, {1: 0.5})
    assert left.random() == right.random()


# --- predictors that compute no mixture here ----------------------------------------------------------


@pytest.mark.slow
def test_a_graph_in_another_process_draws_given_values_too():
    process = GraphProcess(looped_tflite(small_weights()))
    try:
        elsewhere, here = ElsewherePredictor(process), LiteRTPredictor(small_weights())
        for predictor in (elsewhere, here):
            predictor.hear([0.1, 0.2, 0.3])
        drawn = [each.sample_given(np.random.default_rng(2), 1.0, 0.1, {0: 0.2}) for each in (elsewhere, here)]
        np.testing.assert_allclose(*drawn, atol=1e-4)
        assert drawn[0][1] == 0.2
    finally:
        process.end()


def test_the_stand_in_moves_only_what_is_free():
    predictor, rng = RandomGestures(4), np.random.default_rng(0)
    predictor.hear([0.1, 0.5, 0.5, 0.5])
    events = [predictor.sample_given(rng, 1.0, 1.0, {1: 0.25}) for _ in range(200)]
    assert {event[2] for event in events} == {0.25}
    assert len({event[1] for event in events}) > 5
    assert len({event[3] for event in events}) > 5
    assert predictor.sample_given(rng, 1.0, 1.0, {0: 0.1, 1: 0.2, 2: 0.3})[1:] == [0.1, 0.2, 0.3]

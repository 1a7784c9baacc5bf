"""The model's forecast as the monitor sends it."""

from __future__ import annotations

import json
import math
import timeit

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from impsy.codecs.osc import encode_message
from impsy.engine import Forecast, Settings
from impsy.engine.plan import Planned
from impsy.perform.monitoring.forecast import PlanText, encode_forecast

DATAGRAM = 60_000


def mixture(mu, sigma, logits):
    return np.array([*np.ravel(mu), *np.ravel(sigma), *logits], np.float32)


def said(parameters, due=2.0, what="event", dimension=3, now=1.5, **settings):
    forecast = Forecast(due, what, 0, Settings(dimension, **settings))
    return json.loads(encode_forecast(forecast, parameters, now))


def test_a_mixture_is_told_as_values_with_the_temperatures_applied():
    parameters = mixture(
        mu=[[2.5, 5.0, 10.0], [0.1, 0.0, -2.0]],
        sigma=[[1.0, 0.5, 0.25], [1.0, 1.0, 2.0]],
        logits=[math.log(3.0) * 2, 0.0],
    )
    assert said(parameters, sigma_temperature=0.04, pi_temperature=2.0) == {
        "in": 0.5,
        "what": "event",
        "weights": [0.75, 0.25],
        "means": [[0.5, 1.0], [0.0, -0.2]],
        "spreads": [[0.01, 0.005], [0.02, 0.04]],
        "dt": [0.25, 0.01],
    }


def test_temperatures_of_zero_leave_one_component_without_spread():
    found = said(mixture(np.ones((2, 3)), np.ones((2, 3)), [1.0, 2.0]), pi_temperature=0.0, sigma_temperature=0.0)
    assert found["weights"] == [0.0, 1.0]
    assert found["spreads"] == [[0.0, 0.0], [0.0, 0.0]]


def test_what_is_overdue_is_now():
    assert said(None, due=1.0)["in"] == 0.0


@pytest.mark.parametrize("parameters", [None, mixture(np.ones((1, 3)), np.ones((1, 3)), [0.0])])
def test_without_a_plan_there_is_nothing_to_show(parameters):
    nothing = {"in": None, "what": None, "weights": [], "means": [], "spreads": [], "dt": []}
    assert said(parameters, due=None, what=None) == nothing


def test_a_plan_without_a_mixture_is_a_time():
    assert said(None, what="answer") == {
        "in": 0.5,
        "what": "answer",
        "weights": [],
        "means": [],
        "spreads": [],
        "dt": [],
    }


@given(arrays(np.float32, 14, elements=st.floats(width=32)), st.floats(0, 1e9), st.floats(0, 1e9))
@pytest.mark.slow
def test_whatever_a_network_predicts_is_json_that_every_reader_takes(parameters, pi, sigma):
    forecast = Forecast(2.0, "event", 0, Settings(3, pi_temperature=pi, sigma_temperature=sigma))
    text = encode_forecast(forecast, parameters, 0.0)

    def refuse(constant):
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)
    assert len(found["weights"]) in (0, 2)
    assert len(found["weights"]) == len(found["means"]) == len(found["spreads"]) == len(found["dt"])


@pytest.mark.parametrize(("dimension", "shown"), [(33, 5), (500, 5), (1000, 2), (2000, 1), (4000, 0)])
def test_large_mixtures_fit_a_datagram_and_the_heaviest_components_are_told(dimension, shown):
    rng = np.random.default_rng(1)
    mu, sigma = rng.normal(-5000, 1e5, (5, dimension)), rng.random((5, dimension)) * 1e6
    parameters = mixture(mu, sigma, [0.0, 3.0, 1.0, 4.0, 2.0])
    text = encode_forecast(Forecast(2.0, "event", 0, Settings(dimension)), parameters, 0.0)
    assert len(encode_message("/monitor/next", "s", [text])) < DATAGRAM
    found = json.loads(text)
    assert len(found["weights"]) == shown
    if shown:
        weights = np.exp(sorted([0.0, 3.0, 1.0, 4.0, 2.0])[-shown:])
        assert sorted(found["weights"]) == pytest.approx(weights / weights.sum(), abs=1e-4)


@pytest.mark.parametrize("mixtures", [1, 4, 5, 6, 43, 400])
def test_of_many_components_the_weightiest_five_are_shown(mixtures):
    rng = np.random.default_rng(mixtures)
    mu, sigma, logits = rng.normal(5, 2, (mixtures, 3)), rng.random((mixtures, 3)), rng.permutation(mixtures) / 10.0
    found = said(mixture(mu, sigma, logits), pi_temperature=0.5, sigma_temperature=1.0)
    best = np.sort(np.argsort(logits)[-5:])
    weights = np.exp(logits[best] * 2)
    assert found["weights"] == pytest.approx(weights / weights.sum(), abs=1e-4)
    np.testing.assert_allclose(found["means"], mu[best, 1:] / 10, atol=1e-4)
    np.testing.assert_allclose(found["spreads"], sigma[best, 1:] / 10, atol=1e-4)
    np.testing.assert_allclose(found["dt"], mu[best, 0] / 10, atol=1e-4)


def test_many_components_cost_no_more_to_show_than_a_few():
    def cost(mixtures):
        parameters = np.random.default_rng(1).random(mixtures * 19).astype(np.float32)
        forecast = Forecast(2.0, "event", 0, Settings(9))
        return min(timeit.repeat(lambda: encode_forecast(forecast, parameters, 0.0), number=200, repeat=5))

    assert cost(400) < 2 * cost(5)


# --- the plan --------------------------------------------------------------------------------------------


def with_plan(plan, now=1.5, dimension=3):
    forecast = Forecast(2.0, "event", 0, Settings(dimension))
    return json.loads(plan.added_to(encode_forecast(forecast, None, now), now))


def test_the_plan_has_the_seconds_until_each_event_and_its_values():
    plan = PlanText()
    plan.show((Planned(1.4, (0.0, 0.5)), Planned(2.0, (0.25, 1.0)), Planned(2.5, (1e-9, 1 / 3))))
    assert with_plan(plan)["plan"] == [[0.5, 0.25, 1.0], [1.0, 1e-9, 0.3333333]]
    assert with_plan(plan, now=2.25)["plan"] == [[0.25, 1e-9, 0.3333333]]
    plan.show(())
    assert with_plan(plan)["plan"] == []


def test_a_plan_that_is_being_made_is_missing_but_one_that_is_new_is_sent_once():
    plan = PlanText()
    plan.show((Planned(2.0, (0.5, 0.5)),))
    plan.interrupted()
    assert "plan" in with_plan(plan)
    assert "plan" not in with_plan(plan)
    plan.show(())
    assert with_plan(plan)["plan"] == []


@pytest.mark.parametrize(("dimension", "events"), [(64, 8), (200, 8), (400, 5), (1500, 1), (4000, 0)])
def test_the_plan_of_a_large_instrument_fits_a_datagram_beside_a_large_mixture(dimension, events):
    rng = np.random.default_rng(1)
    mu, sigma = rng.normal(-5000, 1e5, (5, dimension)), rng.random((5, dimension)) * 1e6
    forecast = Forecast(2.0, "event", 0, Settings(dimension))
    message = encode_forecast(forecast, mixture(mu, sigma, [0.0, 3.0, 1.0, 4.0, 2.0]), 0.0)
    plan = PlanText()
    plan.show(tuple(Planned(1.0 + i, tuple(rng.random(dimension - 1).tolist())) for i in range(8)))
    message = plan.added_to(message, 0.0)
    assert len(encode_message("/monitor/next", "s", [message])) < 65_507
    assert len(json.loads(message)["plan"]) <= events
    assert dimension > 200 or len(json.loads(message)["plan"]) == events

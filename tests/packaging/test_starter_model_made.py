"""How the model that a new workspace starts with is made: what it learns from, and what it begins with."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from bench.player import knobs
from impsy.models.architectures import Gestures
from impsy.models.opening import make_predictor
from impsy.models.sizes import SIZES
from random_networks import random_weights

PATH = Path(__file__).parents[2] / "packaging" / "starter_model.py"
FEW = {"recorded": 1500, "echoes": 1500, "performer": 1500}


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("starter_model", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), dimension=st.integers(3, 12))
def test_what_is_learned_moves_something_in_every_event_and_never_waits_long(maker, seed, dimension):
    made = maker.prepared(knobs(3000, dimension, seed=seed), seed, FEW)
    assert set(made.names) == {"recorded", "echoed", "performer"}
    for each in made.performances:
        places = each[:, 1:].astype(np.float64) * 127
        assert np.abs(places - np.rint(places)).max() < 1e-4
        assert (np.abs(np.diff(places, axis=0)).max(axis=1) > 0.5).all()
        assert (each[1:, 0] >= 0).all()
        assert each[1:, 0].max() < maker.PAUSE_FROM + maker.PAUSE_MORE + 1e-6
    again = maker.prepared(knobs(3000, dimension, seed=seed), seed, FEW)
    assert again.events.tobytes() == made.events.tobytes()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_an_echo_moves_what_its_phrase_moved_and_comes_soon(maker, seed):
    rng = default_rng(seed)
    phrases = [phrase for each in knobs(3000, seed=seed).performances for phrase in maker.cut(maker.moving(each))]
    assert len(phrases) > 10
    places = rng.integers(0, 128, 8).astype(np.float64)
    for times, steps in phrases:
        echo_times, echo_steps = maker.varied(rng, times, steps)
        assert maker.REPLY[0] <= echo_times[0] <= maker.REPLY[1]
        assert set(np.flatnonzero(echo_steps.any(axis=0))) <= set(np.flatnonzero(steps.any(axis=0)))
        assert len(echo_times) >= maker.PHRASE_EVENTS[0] or len(echo_times) == len(times)
        before, (events, places) = places, maker.played(echo_times, echo_steps, places)
        ways = np.diff(np.concatenate([before[None] / 127, events[:, 1:]]), axis=0)
        assert (np.abs(ways) * 127 <= np.abs(echo_steps) + 1e-3).all()
        assert 0.0 <= events[:, 1:].min() <= events[:, 1:].max() <= 1.0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), moved=st.integers(0, 7))
def test_the_memory_makes_gestures_on_what_moved_likelier(maker, seed, moved):
    plain = random_weights(9, SIZES["xs"], rng=default_rng(seed), mixtures=35, architecture="gestures")
    weights = maker.with_memory(plain)
    fixed = weights.residual
    assert isinstance(fixed, Gestures)
    begins = np.flatnonzero((fixed.direction[:, moved] != 0) & ((fixed.direction != 0).sum(axis=1) == 1))
    assert len(begins) > 0

    def logits(control: int) -> np.ndarray:
        predictor = make_predictor(weights, "numpy")
        values = [64 / 127] * 8
        for step in range(30):
            values[control] = (40 + step) / 127
            predictor.hear([0.03, *values])
        # Another control moves last: what is left is memory.
        for step in range(3):
            values[(control + 1) % 8] = (70 + step) / 127
            predictor.hear([0.03, *values])
        return np.array(predictor.mixture())[-35:]

    gain = (logits(moved) - logits((moved + 4) % 8))[begins]
    assert (gain > 1.0).all()

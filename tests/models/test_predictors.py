"""LiteRT and NumPy play the same; state, seeds, speed of nothing but correctness."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_files import looped_tflite, play, small_weights

from impsy.models.litert import GraphPredictor, LiteRTPredictor, find_layout
from impsy.models.opening import make_predictor
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES, Size
from impsy.models.tflite.write import encode_tflite
from impsy.models.untrained import RandomGestures
from impsy.models.weights import SIGMA_OFFSET, random_weights

EVENT = [0.2, 0.1, 0.9]
MAKERS = {
    "litert": LiteRTPredictor,
    "numpy": NumPyPredictor,
    "graph": lambda weights: GraphPredictor(encode_tflite(weights)),
    "gestures": lambda weights: RandomGestures(weights.dimension),
}


@pytest.fixture(params=MAKERS)
def predictor(request: pytest.FixtureRequest):
    return MAKERS[request.param](small_weights())


def reference_step(weights, x, states):
    """One step written down as the textbook has it, in float64: the oracle of the oracle."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    new = []
    for layer, (h, c) in zip(weights.layers, states, strict=True):
        z = x @ layer.kernel.astype(float) + h @ layer.recurrent.astype(float) + layer.bias
        i, f, g, o = np.split(z, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = x = sigmoid(o) * np.tanh(c)
        new.append((h, c))
    out = x @ weights.mixture_kernel.astype(float) + weights.mixture_bias
    width = weights.mixtures * weights.dimension
    z = out[width : 2 * width]
    out[width : 2 * width] = np.where(z > 0, z, np.exp(z) - 1) + SIGMA_OFFSET
    return out, new


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_numpy_computes_the_textbooks_network(precision) -> None:
    weights = small_weights(seed=4)
    predictor = NumPyPredictor(weights, precision=precision)
    states = [(np.zeros(weights.units), np.zeros(weights.units)) for _ in weights.layers]
    rng = np.random.default_rng(0)
    for _ in range(50):
        event = rng.random(3)
        predictor.hear(event.tolist())
        expected, states = reference_step(weights, event * 10, states)
        tolerance = 1e-5 if precision is np.float32 else 1e-12
        np.testing.assert_allclose(predictor.parameters, expected, atol=tolerance, rtol=tolerance)


@settings(max_examples=25)
@given(st.integers(2, 12), st.integers(1, 40), st.integers(1, 4), st.integers(1, 6), st.integers(0, 99))
@pytest.mark.slow
def test_litert_and_numpy_agree(dimension: int, units: int, layers: int, mixtures: int, seed: int) -> None:
    weights = small_weights(seed, dimension, Size(units, layers), mixtures)
    exact = play(NumPyPredictor(weights, precision=np.float64), 100)
    for predictor in (LiteRTPredictor(weights), NumPyPredictor(weights), GraphPredictor(encode_tflite(weights))):
        np.testing.assert_allclose(play(predictor, 100), exact, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("size", ["m", "l", "xl"])
@pytest.mark.slow
def test_large_sizes_agree(size: str) -> None:
    weights = random_weights(9, SIZES[size], rng=np.random.default_rng(1))
    np.testing.assert_allclose(play(LiteRTPredictor(weights)), play(NumPyPredictor(weights)), atol=1e-4, rtol=1e-4)


def test_a_looped_graph_plays_the_same_as_it_is() -> None:
    weights = small_weights()
    as_it_is = GraphPredictor(looped_tflite(weights))
    np.testing.assert_allclose(play(as_it_is), play(NumPyPredictor(weights)), atol=1e-4, rtol=1e-4)


def test_a_litert_that_is_built_otherwise_plays_by_its_public_calls(monkeypatch) -> None:
    def differs(self, weights):
        raise AttributeError("Invoke")

    monkeypatch.setattr(LiteRTPredictor, "__init__", differs)
    weights = small_weights()
    predictor = make_predictor(weights)
    assert isinstance(predictor, GraphPredictor)
    np.testing.assert_allclose(play(predictor), play(NumPyPredictor(weights)), atol=1e-4)


def test_the_same_seed_plays_the_same_whatever_the_backend() -> None:
    weights = small_weights(seed=9)
    played = []
    for name in ("litert", "numpy", "graph"):
        predictor, rng = MAKERS[name](weights), np.random.default_rng(7)
        predictor.hear(EVENT)
        played.append([predictor.sample(rng, 1.0, 0.1) for _ in range(200)])
    np.testing.assert_allclose(played[1], played[0], atol=1e-4)
    np.testing.assert_allclose(played[2], played[0], atol=1e-4)


def test_reset_forgets(predictor) -> None:
    def phrase():
        rng = np.random.default_rng(0)
        for _ in range(20):
            predictor.hear(EVENT)
        return [predictor.sample(rng, 1.0, 0.01) for _ in range(5)]

    first = phrase()
    assert phrase() != first or isinstance(predictor, RandomGestures)
    predictor.reset()
    assert phrase() == first


def test_before_anything_was_heard_it_hears_something_neutral() -> None:
    weights = small_weights()
    fresh, told = LiteRTPredictor(weights), LiteRTPredictor(weights)
    told.hear([0.0, 0.5, 0.5])
    samples = [each.sample(np.random.default_rng(0), 1.0, 0.1) for each in (fresh, told)]
    assert samples[0] == samples[1]
    fresh.reset()
    assert fresh.sample(np.random.default_rng(0), 1.0, 0.1) == samples[1]


def test_sampling_does_not_advance_the_network(predictor) -> None:
    if isinstance(predictor, RandomGestures):
        return
    predictor.hear(EVENT)
    before = predictor.mixture()
    predictor.sample(np.random.default_rng(0), 1.0, 1.0)
    np.testing.assert_array_equal(predictor.mixture(), before)


def test_the_mixture_is_a_copy_with_sigmas_above_zero() -> None:
    weights = small_weights()
    predictor = LiteRTPredictor(weights)
    predictor.hear(EVENT)
    copy = predictor.mixture()
    kept = copy.copy()
    predictor.hear([3.0, 1.0, 0.0])
    np.testing.assert_array_equal(copy, kept)
    assert copy.dtype == np.float32
    assert copy.shape == (weights.mixtures * 7,)
    assert (copy[9:18] > 0).all()


@pytest.mark.parametrize("event", [[], [0.1], [0.1, 0.2], [0.1] * 4])
def test_an_event_of_another_length_is_refused(predictor, event: list[float]) -> None:
    with pytest.raises(ValueError, match="3"):
        predictor.hear(event)


def test_numbers_that_are_none_come_out_as_such() -> None:
    predictor = LiteRTPredictor(small_weights())
    predictor.hear([math.nan, 0.5, 0.5])
    assert all(map(math.isnan, predictor.sample(np.random.default_rng(0), 1.0, 1.0)))
    predictor.reset()
    assert all(map(math.isfinite, predictor.sample(np.random.default_rng(0), 1.0, 1.0)))


def test_two_predictors_of_one_model_are_independent() -> None:
    weights = small_weights()
    one, two = LiteRTPredictor(weights), LiteRTPredictor(weights)
    one.hear(EVENT)
    two.hear(EVENT)
    one.hear([1.0, 0.0, 0.0])
    lone = LiteRTPredictor(weights)
    lone.hear(EVENT)
    np.testing.assert_array_equal(two.mixture(), lone.mixture())


class TestLayout:
    """Telling a graph's tensors apart."""

    @staticmethod
    def detail(index: int, name: str, *shape: int):
        return {"index": index, "name": name, "shape": np.array(shape), "dtype": np.float32}

    def test_states_by_name_where_they_have_names(self) -> None:
        inputs = [
            self.detail(i, f"serving_default_{name}:0", *shape)
            for i, (name, shape) in enumerate(
                [
                    ("state_h_1", (1, 4)),
                    ("state_c_1", (1, 4)),
                    ("inputs", (1, 1, 2)),
                    ("state_c_0", (1, 4)),
                    ("state_h_0", (1, 4)),
                ]
            )
        ]
        outputs = [self.detail(i, f"StatefulPartitionedCall:{i}", 1, 4) for i in (28, 29, 37, 38)]
        outputs.append(self.detail(48, "StatefulPartitionedCall:4", 1, 25))
        layout = find_layout(inputs, outputs[::-1])
        assert layout.states == ((4, 28), (3, 29), (0, 37), (1, 38))
        assert (layout.dimension, layout.mixtures, layout.units, layout.input, layout.output) == (2, 5, 4, 2, 48)

    def test_a_mixture_as_wide_as_a_state(self) -> None:
        inputs = [self.detail(0, "inputs", 1, 1, 2), self.detail(1, "a", 1, 5), self.detail(2, "b", 1, 5)]
        outputs = [self.detail(i, "out", 1, 5) for i in (7, 8, 9)]
        layout = find_layout(inputs, outputs)
        assert (layout.output, layout.states) == (7, ((1, 8), (2, 9)))


class TestRandomGestures:
    """The stand-in for a model."""

    def test_plays_like_someone_at_knobs(self) -> None:
        gestures, rng = RandomGestures(9), np.random.default_rng(2)
        played = np.array([gestures.sample(rng, 1.0, 0.01) for _ in range(2000)])
        moved = (np.abs(np.diff(played[:, 1:], axis=0)) > 0).sum(axis=1)
        assert (played[:, 0] > 0).all()
        assert 0.04 < np.median(played[:, 0]) < 0.12
        assert played[:, 0].max() > 0.5  # it rests too
        assert ((played[:, 1:] >= 0) & (played[:, 1:] <= 1)).all()
        assert moved.max() <= 1
        assert (played[:, 1:].std(axis=0) > 0.05).all()  # every control gets its turn

    def test_goes_on_from_what_it_heard(self) -> None:
        gestures = RandomGestures(3)
        gestures.hear([0.1, 0.9, math.nan])
        _, first, second = gestures.sample(np.random.default_rng(0), 1.0, 1.0)
        assert abs(first - 0.9) + abs(second - 0.5) < 0.2

    def test_only_the_given_generator_matters(self) -> None:
        one, two = (
            [RandomGestures(4).sample(np.random.default_rng(1), 1.0, 1.0) for _ in range(3)] for _ in range(2)
        )
        assert one == two

    def test_needs_a_value_to_play(self) -> None:
        with pytest.raises(ValueError, match="2 numbers"):
            RandomGestures(1)


def test_litert_prints_nothing_and_later_models_leave_standard_error_alone():
    program = """if True:
        import os
        from numpy.random import default_rng
        from impsy.models.litert import LiteRTPredictor, prepare_litert
        from impsy.models.sizes import Size
        from impsy.models.weights import random_weights
        prepare_litert()
        redirected, dup2 = [], os.dup2
        os.dup2 = lambda *args, **more: redirected.append(args) or dup2(*args, **more)
        LiteRTPredictor(random_weights(3, Size(8, 2), rng=default_rng(1)))
        print(redirected)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")

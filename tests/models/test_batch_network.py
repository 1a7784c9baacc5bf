"""Many sequences side by side are each played as one alone."""

from __future__ import annotations

import numpy as np
import pytest
from model_files import residual_weights, small_weights

from impsy.models.batch.network import BatchNetwork
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import Size

MAKERS = {"plain": small_weights, "residual": residual_weights}


@pytest.fixture(params=MAKERS)
def weights(request: pytest.FixtureRequest):
    return MAKERS[request.param](seed=3, dimension=5, size=Size(12, 3))


def events(steps: int, batch: int, dimension: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    heard = rng.random((steps, batch, dimension))
    heard[..., 0] = rng.exponential(0.3, (steps, batch))
    return heard.astype(np.float32)


def alone(weights, heard: np.ndarray) -> np.ndarray:
    """The mixtures of one sequence (steps, D), exactly."""
    predictor = NumPyPredictor(weights, precision=np.float64)
    mixtures = []
    for event in heard:
        predictor.hear(event.tolist())
        mixtures.append(predictor.parameters.copy())
    return np.array(mixtures)


@pytest.mark.parametrize("batch", [1, 2, 7, 300])
def test_each_sequence_is_played_as_one_alone(weights, batch: int) -> None:
    heard = events(60, batch, 5)
    network = BatchNetwork(weights)
    network.reset(batch)
    mixtures = np.array([network.hear(vectors).copy() for vectors in heard])
    assert mixtures.dtype == np.float32
    assert mixtures.shape == (60, batch, 3 * 11)
    for sequence in {0, batch // 2, batch - 1}:
        np.testing.assert_allclose(mixtures[:, sequence], alone(weights, heard[:, sequence]), atol=1e-4, rtol=1e-4)


def test_a_reset_begins_anew_whatever_the_number(weights) -> None:
    network = BatchNetwork(weights)
    first = events(1, 4, 5, seed=1)[0]
    network.reset(4)
    fresh = network.hear(first).copy()
    for batch in (4, 2, 9, 4):
        network.reset(batch)
        for vectors in events(5, batch, 5, seed=2):
            network.hear(vectors)
    network.reset(4)
    np.testing.assert_array_equal(network.hear(first), fresh)


def test_what_comes_back_is_written_over(weights) -> None:
    network = BatchNetwork(weights)
    network.reset(3)
    one, two = events(2, 3, 5)
    given = network.hear(one)
    kept = given.copy()
    assert network.hear(two) is given
    assert not np.array_equal(given, kept)
    assert given is network.parameters


def test_what_is_heard_is_left_as_it_is(weights) -> None:
    network = BatchNetwork(weights)
    network.reset(3)
    heard = events(1, 3, 5)[0]
    kept = heard.copy()
    network.hear(heard)
    np.testing.assert_array_equal(heard, kept)


def test_numbers_of_any_kind_and_order_are_heard(weights) -> None:
    network = BatchNetwork(weights)
    heard = events(1, 6, 5)[0]
    network.reset(6)
    expected = network.hear(heard).copy()
    for other in (heard.astype(np.float64), np.asfortranarray(heard), np.repeat(heard, 2, axis=0)[::2]):
        network.reset(6)
        np.testing.assert_allclose(network.hear(other), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(5,), (2, 5), (3, 4), (3, 5, 1), (0, 5)])
def test_another_shape_is_refused(weights, shape: tuple[int, ...]) -> None:
    network = BatchNetwork(weights)
    network.reset(3)
    with pytest.raises(ValueError, match="3 interactions of 5 numbers"):
        network.hear(np.zeros(shape, np.float32))


def test_one_sequence_that_is_no_number_spoils_no_other(weights) -> None:
    network = BatchNetwork(weights)
    network.reset(3)
    heard = events(2, 3, 5)
    heard[0, 1, 2] = np.nan
    for vectors in heard:
        mixtures = network.hear(vectors)
    assert np.isnan(mixtures[1]).all()
    np.testing.assert_allclose(mixtures[2], alone(weights, heard[:, 2])[-1], atol=1e-4, rtol=1e-4)


def test_extreme_gates_stay_finite() -> None:
    """Gates of ±1,000 and z of ±1,000: sigma stays above 0, nothing overflows (warnings are errors here)."""
    weights = small_weights()
    for layer in weights.layers:
        layer.bias[...] = np.where(np.arange(layer.bias.size) % 2, 1000.0, -1000.0)
    weights.mixture_bias[9:18] = [1000, -1000] * 4 + [0]
    network = BatchNetwork(weights)
    mixture = network.hear(np.full((1, 3), 0.5, np.float32))[0]
    assert np.isfinite(mixture).all()
    assert (mixture[9:18] > 0).all()
    assert mixture[10] == pytest.approx(1e-7)

"""The mixture layer that learns in NumPy: the mixtures of the networks that play, and their gradient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from impsy.errors import ModelError
from impsy.learning.judging import costs
from impsy.learning.learners import MixtureLayer
from impsy.learning.memory import Batch, Phrases
from impsy.models.sizes import Size
from impsy.models.weights import Weights
from random_networks import random_weights

ARCHITECTURES = ("plain", "residual", "gestures")


def _network(architecture: str, seed: int = 0, mixtures: int = 16) -> Weights:
    rng = np.random.default_rng(seed)
    return random_weights(4, Size(8, 2), rng=rng, mixtures=mixtures, architecture=architecture)


def _windows(seed: int, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    moves = rng.integers(-3, 4, (count, 51, 3)) * (rng.random((count, 51, 3)) < 0.3)
    values = np.clip(np.cumsum(moves, axis=1) + 64, 0, 127) / 127
    return np.concatenate([rng.gamma(2.0, 0.05, (count, 51, 1)), values], axis=2).astype(np.float32)


def _batch(seed: int) -> Batch:
    return Batch(_windows(seed), np.ones((6, 50), np.float32))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_its_densities_are_those_of_the_network_that_plays(architecture: str) -> None:
    weights = _network(architecture)
    batch = _batch(1)
    learner = MixtureLayer(weights)
    rows = learner.rows_of(batch)
    kernel = np.vstack([weights.mixture_kernel, weights.mixture_bias[None]])[:, learner.outputs.columns]
    nats, _ = learner.outputs.learn(kernel, rows)
    expected = costs(weights, Phrases(batch.windows, 50)).T.reshape(-1)
    np.testing.assert_allclose(np.minimum(nats, 30.0), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.slow
def test_the_gradient_is_that_of_the_densities(architecture: str) -> None:
    weights = _network(architecture, seed=3)
    learner = MixtureLayer(weights)
    rows = learner.rows_of(_batch(2))
    rows = rows._replace(
        heard=rows.heard.astype(np.float64),
        targets=rows.targets.astype(np.float64),
        standing=None if rows.standing is None else rows.standing.astype(np.float64),
    )
    outputs = learner.outputs
    kernel = np.vstack([weights.mixture_kernel, weights.mixture_bias[None]])[:, outputs.columns].astype(np.float64)
    # Densities differ by thousands of nats where a component hardly reaches; near the data they are smooth.
    _, gradient = outputs.learn(kernel, rows)
    rng = np.random.default_rng(0)
    for _ in range(8):
        direction = rng.standard_normal(kernel.shape)
        step = 1e-6
        above, below = (outputs.learn(kernel + sign * step * direction, rows)[0].mean() for sign in (1, -1))
        assert (above - below) / (2 * step) == pytest.approx(np.vdot(gradient, direction), rel=2e-3, abs=1e-3)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.slow
def test_it_learns_and_leaves_the_recurrent_layers_as_they_are(architecture: str) -> None:
    weights = _network(architecture)
    learner = MixtureLayer(weights)
    before = costs(weights, Phrases(_windows(1), 50)).mean()
    for _ in range(60):
        learner.step(_batch(1), 0.01)
    learnt = learner.weights()
    assert costs(learnt, Phrases(_windows(1), 50)).mean() < before - 0.5
    for old, new in zip(weights.layers, learnt.layers, strict=True):
        np.testing.assert_array_equal(old.kernel, new.kernel)


def test_a_batch_that_is_not_finite_changes_nothing() -> None:
    weights = _network("gestures")
    learner = MixtureLayer(weights)
    learner.step(_batch(1), 0.0)
    windows = _windows(1)
    windows[0, 20] = np.nan
    with np.errstate(all="ignore"):
        learner.step(Batch(windows, np.ones((6, 50), np.float32)), 0.01)
    np.testing.assert_allclose(learner.weights().mixture_kernel, weights.mixture_kernel, rtol=1e-5, atol=1e-6)


def test_a_network_for_notes_is_refused() -> None:
    with pytest.raises(ModelError, match="notes"):
        MixtureLayer(_network("landings"))


def test_the_spread_of_a_plain_network_counts() -> None:
    weights = replace(_network("plain"), spread=2.0)
    learner = MixtureLayer(weights)
    rows = learner.rows_of(_batch(1))
    kernel = np.vstack([weights.mixture_kernel, weights.mixture_bias[None]])[:, learner.outputs.columns]
    expected = costs(weights, Phrases(_windows(1), 50)).T.reshape(-1)
    np.testing.assert_allclose(np.minimum(learner.outputs.learn(kernel, rows)[0], 30), expected, rtol=2e-3, atol=2e-3)

"""Weights take over only where noise could not have made them look better."""

from __future__ import annotations

import numpy as np
import pytest

from impsy.evaluation.contestants import RandomWalk, RepeatLast
from impsy.learning.judging import Repeating, costs, costs_of, gain_of
from impsy.learning.memory import Phrases
from impsy.models.sizes import Size
from random_networks import random_weights


def test_noise_alone_is_hardly_ever_better() -> None:
    rng = np.random.default_rng(0)
    found = [
        gain_of(costs := rng.gamma(2.0, 2.0, (blocks, 16)), costs + rng.normal(0, 1.0, (blocks, 1)))
        for blocks in (3, 4, 6, 12)
        for _ in range(500)
    ]
    assert np.mean([each.is_better for each in found]) < 0.04


def test_a_clear_gain_is_found_and_a_loss_is_not() -> None:
    rng = np.random.default_rng(1)
    before = rng.gamma(2.0, 2.0, (12, 16))
    better = gain_of(before, before - 0.5 + rng.normal(0, 0.3, before.shape))
    assert better.is_better
    assert better.mean == pytest.approx(0.5, abs=0.1)
    assert not gain_of(before, before + 0.5).is_better
    assert not gain_of(before[:1], before[:1] - 5).is_better


def test_a_gain_within_the_margin_does_not_count() -> None:
    before = np.ones((12, 16))
    assert not gain_of(before, before - 0.02).is_better
    assert gain_of(before, before - 0.04).is_better


def walked(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.clip(0.5 + np.cumsum(rng.normal(0, 0.02, (count, 51, 2)), axis=1), 0, 1)
    times = np.exp(rng.normal(-2, 0.3, (count, 51, 1)))
    return np.concatenate([times, values], axis=2).astype(np.float32)


def test_baselines_and_networks_are_scored_alike() -> None:
    phrases = Phrases(walked(6, 0), 16)
    pieces = list(walked(20, 1))
    walk, repeating = (costs_of(kind(pieces), phrases) for kind in (RandomWalk, Repeating))
    assert walk.shape == repeating.shape == (6, 16)
    assert walk.mean() < repeating.mean()  # its times do not depend on each other
    weights = random_weights(3, Size(8, 1), rng=np.random.default_rng(0), architecture="gestures", mixtures=12)
    assert costs(weights, phrases).shape == (6, 16)
    assert costs(weights, phrases).max() <= 30.0


def test_a_grid_turns_densities_into_probabilities() -> None:
    windows = walked(6, 0)
    windows[..., 1:] = np.round(windows[..., 1:] * 127) / 127
    phrases, pieces = Phrases(windows, 16), list(walked(20, 1))
    grid = np.full(2, 1 / 127)
    assert costs_of(RandomWalk(pieces), phrases, grid).mean() > costs_of(RandomWalk(pieces), phrases).mean()


def test_what_has_no_density_is_refused() -> None:
    with pytest.raises(ValueError, match="density"):
        costs_of(RepeatLast(3), Phrases(walked(2, 0), 16))

"""What playing is like, and distances, on playing short enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.playing import distances, features, summarise, wasserstein, wasserstein_of_counts

samples = st.lists(st.floats(-100, 100), min_size=1, max_size=20)


def stretch(*rows: tuple[float, ...]) -> np.ndarray:
    """Events whose values are given as 7-bit numbers."""
    events = np.array(rows, np.float32)
    events[:, 1:] /= 127
    return events[None]


def test_wasserstein_by_hand() -> None:
    assert wasserstein(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == pytest.approx(2.0)
    assert wasserstein(np.array([0.0]), np.array([1.0, 3.0])) == pytest.approx(2.0)
    assert wasserstein(np.array([0.0, 0.0, 4.0]), np.array([0.0, 4.0, 4.0])) == pytest.approx(4 / 3)
    assert wasserstein_of_counts(np.array([3, 0, 1]), np.array([2, 0, 2])) == pytest.approx(0.5)


@given(samples, samples, st.floats(-50, 50))
def test_wasserstein_is_a_distance(a: list[float], b: list[float], shift: float) -> None:
    x, y = np.array(a), np.array(b)
    there = wasserstein(x, y)
    assert there >= 0
    assert there == pytest.approx(wasserstein(y, x))
    assert wasserstein(x, x[::-1]) == 0
    assert wasserstein(x, x + shift) == pytest.approx(abs(shift), abs=1e-9)
    assert wasserstein(x + shift, y + shift) == pytest.approx(there, abs=1e-9)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20), st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_counts_agree_with_samples(a: list[int], b: list[int]) -> None:
    counted = wasserstein_of_counts(np.bincount(a, minlength=10), np.bincount(b, minlength=10))
    assert counted == pytest.approx(wasserstein(np.array(a, float), np.array(b, float)), abs=1e-12)


def test_features_by_hand() -> None:
    found = features(
        stretch(
            (9.0, 0, 60, 127),
            (0.1, 0, 60, 127),  # nothing moves
            (0.01, 3, 60, 127),  # one moves by 3
            (1.0, 3, 61, 120),  # two move, by 1 and 7
            (0.0001, 3, 61, 120.4),  # less than half a step: nothing moves
        )
    )
    np.testing.assert_allclose(found.log_dt[0], [-1, -2, 0, -3], atol=1e-6)  # less than 1 ms is played as 1 ms
    assert np.flatnonzero(found.steps[0]).tolist() == [1, 3, 7]
    assert found.moving.tolist() == [[2, 1, 1, 0]]
    np.testing.assert_allclose(found.pinned, [[0.25, 0.0, 0.5]])
    playing = summarise(found, None)
    assert playing.events == 4
    assert playing.one_moves == 0.25
    assert playing.step_mean == pytest.approx(11 / 3)
    assert playing.pinned_share == pytest.approx(0.25)
    assert playing.distances is None


def test_rounding_to_seven_bits_is_half_up() -> None:
    found = features(np.array([[[0, 0.0], [1, 0.49 / 127], [1, 0.5 / 127], [1, 1.49 / 127]]], np.float32))
    assert found.moving.tolist() == [[2, 1]]


def test_distances_by_hand() -> None:
    mine = features(np.concatenate([stretch((1, 0, 50), (0.1, 0, 50), (0.1, 0, 52))] * 4))
    theirs = features(np.concatenate([stretch((1, 10, 50), (1.0, 10, 55), (1.0, 11, 60))] * 2))
    found = distances(mine, theirs)
    assert found.dt.value == pytest.approx(1.0, abs=1e-6)  # a decade
    assert found.step.value == pytest.approx(7 / 3)  # 2 against 1, 5 and 5
    assert found.moving.value == pytest.approx(1.0)  # 0 and 1 against 1 and 2
    assert found.pinned.value == pytest.approx(0.5)  # 1 against 0 for one control, alike for the other


def test_likeness_is_no_distance_and_has_no_error() -> None:
    same = features(np.concatenate([stretch((1, 0, 50), (0.1, 4, 50), (0.3, 4, 53))] * 9))
    found = distances(same, same)
    for each in (found.dt, found.step, found.moving, found.pinned):
        assert each.value == 0
        assert each.error == pytest.approx(0, abs=1e-12)


@pytest.mark.slow
def test_errors_tell_how_much_chance_there_is() -> None:
    """The jackknife's error against how much the distance really differs from one set of streams to another."""
    reference = features(played(np.random.default_rng(1), 0.0, 400))
    found = [distances(features(played(np.random.default_rng(seed), 0.3, 64)), reference).dt for seed in range(2, 42)]
    spread = np.std([each.value for each in found])
    assert np.mean([each.error for each in found]) == pytest.approx(spread, rel=0.35)


def played(rng: np.random.Generator, shift: float, streams: int) -> np.ndarray:
    """Streams that each have a tempo of their own."""
    tempo = 0.5 * rng.standard_normal((streams, 1))
    events = np.full((streams, 31, 2), 0.5, np.float32)
    events[:, :, 0] = 10 ** (-1 + shift + tempo + 0.1 * rng.standard_normal((streams, 31)))
    return events


def test_who_never_moves_is_as_far_as_the_steps_are_long() -> None:
    still = features(np.concatenate([stretch((1, 50), (1, 50), (1, 50))] * 2))
    moving = features(np.concatenate([stretch((1, 50), (1, 54), (1, 48))] * 2))
    assert distances(still, moving).step.value == pytest.approx(5.0)
    assert math.isfinite(distances(still, still).step.value)
    assert summarise(still, moving).step_mean == 0

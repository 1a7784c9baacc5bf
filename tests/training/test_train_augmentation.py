"""What training changes in a window, and what it keeps."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import knobs, notes_and_faders, surface

from impsy.training.gestures import designs
from impsy.training.scales import scales_of
from impsy.training.steps import changed


def windows_of(batch: int, events: int, controls: int, seed: int) -> np.ndarray:
    """Controls whose values are all different, × 10 space."""
    values = np.random.default_rng(seed).permutation(batch * events * (controls + 1)) / (
        batch * events * (controls + 1)
    )
    return (values * 10).reshape(batch, events, controls + 1).astype(np.float32)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=9),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
@pytest.mark.slow
def test_each_control_is_one_that_is_alike_from_either_end(groups, permuted, mirrored, seed) -> None:
    alike = np.array(groups, np.int32)
    before = windows_of(3, 4, len(alike), seed)
    after = np.asarray(changed(before, jax.random.key(seed), alike, permuted, mirrored))
    np.testing.assert_array_equal(after[..., 0], before[..., 0])
    for window, old in zip(after, before, strict=True):
        taken = []
        for i in range(len(alike)):
            same = np.isclose(old[:, 1:], window[:, i + 1, None], atol=1e-5).all(0)
            turned = np.isclose(10 - old[:, 1:], window[:, i + 1, None], atol=1e-5).all(0)
            (j,) = np.flatnonzero(same | turned)
            assert alike[j] == alike[i]
            assert same[j] or mirrored > 0
            assert turned[j] or mirrored < 1
            assert j == i or permuted > 0
            taken.append(j)
        assert sorted(taken) == list(range(len(alike)))


@pytest.mark.slow
def test_controls_change_places_in_the_share_that_is_asked_for() -> None:
    alike = np.zeros(8, np.int32)
    before = windows_of(400, 2, 8, 1)
    after = np.asarray(changed(before, jax.random.key(1), alike, 0.5, 0.0))
    share = (after != before).any((1, 2)).mean()
    assert 0.4 < share < 0.6


def test_knobs_are_alike_and_a_note_is_not_a_switch() -> None:
    events = knobs(5, 900, seed=1).events
    assert set(scales_of(events, [slice(0, 900)]).alike().tolist()) == {0}
    mixed = notes_and_faders(9, 1500, seed=1).events
    groups = scales_of(mixed, [slice(0, 1500)]).alike()
    kinds = ["note", "switch", "fader", "constant"] * 2
    for i, kind in enumerate(kinds):
        for j in range(i):
            assert groups[i] != groups[j] or kind == kinds[j]
    assert len({groups[i] for i, kind in enumerate(kinds) if kind == "fader"}) == 2  # on no grid: roles of their own


def test_a_surface_keeps_its_directions() -> None:
    events = surface(4, 400, seed=1).events
    assert designs(events, [slice(0, 400)], "gestures")[0].interchangeable is None
    assert designs(events, [slice(0, 400)], "plain")[0].interchangeable is None

"""Tempo by tapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.timing.tapping import Tapping


def taps(*times):
    tapping = Tapping()
    return [tapping.tap(time) for time in times]


@given(st.floats(21, 400), st.integers(2, 20), st.floats(0, 1e6))
def test_even_taps_are_their_tempo(tempo, count, began):
    found = taps(*(began + number * 60 / tempo for number in range(count)))
    assert found[0] is None
    assert found[-1] == pytest.approx(tempo, rel=1e-4)


def test_uneven_taps_are_their_mean():
    assert taps(0, 0.52, 0.98, 1.5)[-1] == pytest.approx(120)


def test_after_a_pause_or_at_another_tempo_taps_begin_anew():
    assert taps(0, 0.5, 1.0, 5.0) == [None, pytest.approx(120), pytest.approx(120), None]
    assert taps(0, 0.5, 1.0, 2.0, 3.0)[-2:] == [pytest.approx(60), pytest.approx(60)]
    assert taps(0, 0.5, 0.5, 1.0) == [None, pytest.approx(120), None, pytest.approx(120)]


@given(st.lists(st.floats(0, 100), max_size=30))
def test_whatever_is_tapped_a_tempo_is_a_finite_number_above_0(times):
    assert all(tempo is None or 0 < tempo <= 1001 for tempo in taps(*sorted(times)))

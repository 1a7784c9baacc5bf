"""Limits and scales of single values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.mapping.entries import NoteOn
from impsy.mapping.hands import Hand, fold, notes_within, shape_of, step_of
from impsy.mapping.output import OutputMapping
from impsy.mapping.scales import SCALES

values = st.floats(0, 1)
ranges = st.tuples(values, values).map(sorted)


@given(values, ranges)
def test_a_value_is_folded_back_into_its_limits_and_stays_where_it_is_within(value, limits):
    low, high = limits
    folded = fold(value, low, high)
    assert low <= folded <= high
    assert folded == value or not low <= value <= high
    assert fold(folded, low, high) == folded


@pytest.mark.parametrize(
    ("value", "folded"), [(0.9, 0.7), (1.0, 0.6), (0.1, 0.7), (0.5, 0.5), (0.4, 0.4), (0.39, 0.41), (0.0, 0.8)]
)
def test_it_comes_back_from_the_limit_as_far_as_it_went_beyond(value, folded):
    assert fold(value, 0.4, 0.8) == pytest.approx(folded)


@given(values, st.sampled_from(list(SCALES)), st.integers(0, 11), ranges)
def test_no_note_is_outside_the_scale_or_the_limits(value, scale, root, limits):
    low, high = limits
    notes = notes_within(low, high, scale, root)
    shape = shape_of(Hand(low=low, high=high, notes=notes))
    if not notes:  # the configuration refuses it
        return
    assert shape is not None
    shaped = shape(value)
    ((_status, pitch, _velocity),) = OutputMapping([NoteOn(1)]).encode([shaped])
    assert pitch in notes
    assert (pitch - root) % 12 in SCALES[scale].steps
    assert low - 1e-6 <= pitch / 127 <= high + 1e-6
    assert shape(shaped) == shaped


@given(st.floats(0, 127), st.sampled_from(list(SCALES)), st.integers(0, 11))
def test_it_is_the_nearest_note_of_the_scale_and_of_two_the_lower(pitch, scale, root):
    notes = notes_within(0.0, 1.0, scale, root)
    shape = shape_of(Hand(notes=notes))
    assert shape is not None
    pitch = min(notes[-1], max(notes[0], pitch))  # beyond the outer notes it is folded back
    chosen = step_of(shape(pitch / 127))
    away = abs(chosen - pitch)
    assert away == pytest.approx(min(abs(note - pitch) for note in notes), abs=1e-9)
    assert not [note for note in notes if note < chosen and abs(note - pitch) < away - 1e-9]


def test_without_limits_and_scale_nothing_is_done():
    assert shape_of(Hand(name="cutoff", gate=1.0, repeat=1.0)) is None


def test_a_limit_that_is_written_with_few_digits_keeps_its_note():
    assert notes_within(0.283465, 0.661417)[0] == 37  # 36 / 127 is 0.2834646, below it
    assert notes_within(36 / 127, 84 / 127) == tuple(range(36, 85))

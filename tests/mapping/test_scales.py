"""Scales and roots by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.mapping.scales import ROOTS, SCALES, parse_root, scale_notes


def test_every_root_is_read_as_it_is_spelt():
    assert [parse_root(root) for root in ROOTS] == list(range(12))


@pytest.mark.parametrize(
    ("text", "root"), [("c", 0), ("F♯", 6), ("B♭", 10), ("Cb", 11), ("B#", 0), (60, 0), (69, 9), ("a", 9)]
)
def test_a_root_may_be_spelt_in_other_ways(text, root):
    assert parse_root(text) == root


@given(st.text(max_size=4) | st.integers() | st.booleans() | st.none() | st.floats() | st.lists(st.integers()))
def test_whatever_is_given_as_root_is_a_pitch_class_or_none(text):
    root = parse_root(text)
    assert root is None or 0 <= root < 12


@given(st.sampled_from(list(SCALES)), st.integers(0, 11), st.integers(0, 127), st.integers(0, 127))
def test_the_notes_of_a_scale_rise_from_low_to_high_and_belong_to_it(scale, root, low, high):
    notes = scale_notes(scale, root, low, high)
    assert list(notes) == sorted(set(notes))
    assert all(low <= note <= high and (note - root) % 12 in SCALES[scale].steps for note in notes)
    assert len(notes) >= (high - low + 1) // 12 * len(SCALES[scale].steps)


def test_every_scale_begins_at_its_root_and_rises_within_an_octave():
    for scale in SCALES.values():
        assert scale.steps[0] == 0
        assert list(scale.steps) == sorted(set(scale.steps))
        assert scale.steps[-1] < 12

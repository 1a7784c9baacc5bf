"""Finding the first difference."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.conformance import first_difference

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("expected", "got", "told"),
    [
        ([1, 2], [1, 3], "expected[1]: expected 2, got 3"),
        ([1, 2], (1, 2, 3), "expected[2]: expected nothing, got 3"),
        ([1, 2], [1], "expected[1]: expected 2, got nothing"),
        ({"a": [{"b": 1.0}]}, {"a": [{"b": 2.0}]}, "expected.a[0].b: expected 1.0, got 2.0"),
        ({"a": 1}, {}, "expected.a: expected 1, got nothing"),
        (None, [], "expected: expected null, got []"),
        ([], None, "expected: expected [], got null"),
        (None, 0.0, "expected: expected null, got 0.0"),
        ("a", "b", 'expected: expected "a", got "b"'),
        ("1", 1, 'expected: expected "1", got 1'),
        (True, 1, "expected: expected true, got 1"),
        (1, True, "expected: expected 1, got true"),
        (1.005, 1, "expected: expected 1.005, got 1"),
        (0.5, 0.52, "expected: expected 0.5, got 0.52"),
        (math.nan, 0.5, "expected: expected NaN, got 0.5"),
        (0.5, math.nan, "expected: expected 0.5, got NaN"),
        (math.inf, 0.5, "expected: expected Infinity, got 0.5"),
        ({}, [], "expected: expected {}, got []"),
    ],
)
def test_a_difference_is_told_with_its_place(expected, got, told):
    assert str(first_difference(expected, got, 0.01)) == told


@pytest.mark.parametrize(
    ("expected", "got"),
    [(0.5, 0.509), (5, 5.0), (5.0, 5), ([1], (1,)), ({"a": 1}, {"a": 1, "b": 2}), (None, None), ([], ())],
)
def test_what_agrees(expected, got):
    assert first_difference(expected, got, 0.01) is None


def test_a_whole_number_beyond_all_floats_is_a_difference():
    found = first_difference(10**400, 0.5, 0.01)
    assert found is not None
    assert len(str(found)) < 200


@given(PLAIN)
@pytest.mark.slow
def test_everything_agrees_with_itself_as_json(value):
    assert first_difference(json.loads(json.dumps(value)), value, 0.0) is None

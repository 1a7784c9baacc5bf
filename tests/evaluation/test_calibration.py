"""How far ranks are from uniform, on a few ranks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.calibration import calibration, part_calibration


def test_by_hand() -> None:
    # Below 0.5 none, above it all: the curve is 0 and then 1.
    found = part_calibration(np.array([0.5, 0.5]))
    assert found.error == pytest.approx(0.25)
    assert found.greatest == pytest.approx(0.5)
    assert (found.coverage_50, found.coverage_90) == (1.0, 1.0)
    assert found.histogram[10] == 1.0
    # One half at 0, one half at 1: the curve is 0.5.
    found = part_calibration(np.array([0.0, 1.0]))
    assert found.error == pytest.approx(0.25)
    assert found.coverage_90 == 0.0
    assert part_calibration(np.array([1.0])).error == pytest.approx(0.5)


def test_even_ranks_are_calibrated() -> None:
    found = part_calibration((np.arange(1000) + 0.5) / 1000)
    assert found.error < 1e-3
    assert found.coverage_50 == pytest.approx(0.5)
    assert found.coverage_90 == pytest.approx(0.9)
    np.testing.assert_allclose(found.histogram, 0.05)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_bounds_and_mirror(ranks: list[float]) -> None:
    found, mirrored = part_calibration(np.array(ranks)), part_calibration(1 - np.array(ranks))
    assert 0 <= found.error <= 0.5 + 1e-12
    assert found.error <= found.greatest + 1e-12
    assert found.error == pytest.approx(mirrored.error, abs=1e-9)
    assert sum(found.histogram) == pytest.approx(1.0)


def test_parts() -> None:
    ranks = np.array([[0.5, 0.0, 1.0], [0.5, 0.0, 1.0]])
    found = calibration(ranks)
    assert [part.error for part in (found.time, found.values)] == pytest.approx([0.25, 0.25])
    assert [part.error for part in found.controls] == pytest.approx([0.5, 0.5])

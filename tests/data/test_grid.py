"""The grid that a control's values lie on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.data.datasets import read_dataset
from impsy.data.grid import DEVICE_STEPS, detect_grid, detect_grids


def on_grid(steps, count=3000, seed=0):
    return (np.random.default_rng(seed).integers(0, steps + 1, count) / steps).astype(np.float32)


@pytest.mark.parametrize("steps", [4, 7, 10, 12, 60, 100, 1000, 10000, *DEVICE_STEPS])
def test_values_of_a_grid_are_recognised(steps):
    assert detect_grid(on_grid(steps)) == 1 / steps


@pytest.mark.parametrize("steps", [127, 128, 255, 1023])
def test_dividing_in_single_precision_makes_no_difference(steps):
    values = np.random.default_rng(1).integers(0, steps + 1, 2000).astype(np.float32)
    assert detect_grid(values * np.float32(1 / steps)) == 1 / steps
    assert detect_grid(values / np.float32(steps)) == 1 / steps


@given(st.sets(st.integers(0, 127), min_size=1, max_size=6))
@pytest.mark.slow
def test_a_few_values_of_a_seven_bit_controller_are_still_sevenths_of_a_bit(seen):
    values = np.repeat(np.array(sorted(seen)) / 127, 50).astype(np.float32)
    assert detect_grid(values) == 1 / 127


@pytest.mark.parametrize("values", [[0], [1], [0, 1], [0, 1, 0, 0, 1]])
def test_where_the_ends_are_all_that_was_seen_it_is_taken_for_the_commonest(values):
    assert detect_grid(np.array(values, np.float32)) == 1 / 127


def test_two_positions_of_many_steps_are_not_taken_for_a_switch():
    assert detect_grid(np.array([0, 0.25, 0.5] * 20, np.float32)) == 1 / 128
    assert detect_grid(np.array([0, 0.25, 0.5, 0.75, 1] * 20, np.float32)) == 1 / 4


@pytest.mark.parametrize("decimals", [3, 4, 6])
@pytest.mark.parametrize("steps", [127, 255])
def test_a_grid_shows_through_printed_decimals(steps, decimals):
    assert detect_grid(np.round(on_grid(steps).astype(np.float64), decimals).astype(np.float32)) == 1 / steps


@given(st.integers(0, 2**32))
@pytest.mark.slow
def test_continuous_values_have_none(seed):
    rng = np.random.default_rng(seed)
    values = rng.random(int(rng.integers(2, 200))).astype(np.float32)
    assert detect_grid(values) == 0.0
    assert detect_grid(np.clip(values * 1.5 - 0.2, 0, 1)) == 0.0 or len(values) < 6


def test_a_control_that_rests_at_an_odd_value_has_none():
    assert detect_grid(np.full(100, 0.3, np.float32)) == 0.0
    assert detect_grid(np.full(100, 0.123456, np.float32)) == 0.0


def test_a_saturated_continuous_control_has_none():
    values = np.clip(np.random.default_rng(0).normal(0, 1, 5000), 0, 1).astype(np.float32)
    assert (values == 0).mean() > 0.4
    assert detect_grid(values) == 0.0


def test_some_odd_values_do_not_hide_it():
    values = on_grid(127, 5000)
    values[:20] = np.random.default_rng(0).choice(values[:20], 20) * np.float32(0.999)
    assert detect_grid(values) == 1 / 127


def test_no_values_have_none():
    assert detect_grid(np.zeros(0, np.float32)) == 0.0


def test_every_control_by_itself():
    columns = [np.ones(500), on_grid(127, 500), np.random.default_rng(0).random(500)]
    assert detect_grids(np.column_stack(columns).astype(np.float32)).tolist() == [1 / 127, 0.0]


def test_real_controllers(shared_data):
    for name, steps, controls in (("9d", 127, 8), ("4d-12ksmall", 128, 3)):
        events = read_dataset(shared_data / "datasets" / f"training-dataset-{name}.npz").events
        assert detect_grids(events).tolist() == [1 / steps] * controls

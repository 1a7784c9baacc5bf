"""What the data fixes before anything is learned, whatever the data."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_data import knobs, notes_and_faders, surface

from impsy.models.architectures import Residual
from impsy.models.sizes import SCALE_FACTOR
from impsy.train.constants import (
    CATCH_ALL_MOVES,
    CATCH_ALL_TIME,
    FLOOR_MOVES,
    FLOOR_STEPS,
    LEAST_TIME,
    SHORTEST,
    Constants,
    constants_for,
)

STEP = SCALE_FACTOR / 127
CATCH_ALL = -1


def constants_of(events: np.ndarray, **more) -> Constants:
    return constants_for(events, [slice(0, len(events))], **more)


def assert_sound(constants: Constants, dimension: int, mixtures: int = 5) -> None:
    """Every number is finite, and positive where it is a scale, a floor or a unit."""
    n = dimension - 1
    fixed = constants.residual
    shapes = {
        "feature_offset": (5 * n + 1,),
        "feature_scale": (5 * n + 1,),
        "mu_scale": (mixtures, dimension),
        "mu_start": (mixtures, dimension),
        "usual_move": (n,),
        "step": (n,),
    }
    for name, shape in shapes.items():
        array = getattr(constants, name)
        assert (array.shape, array.dtype) == (shape, np.float32), name
        assert np.isfinite(array).all(), name
    for field in fields(Residual):
        assert getattr(fixed, field.name).dtype == np.float32
    positive = (
        constants.feature_scale,
        constants.mu_scale,
        constants.usual_move,
        constants.step,
        fixed.change_scale,
        fixed.sigma_scale,
        fixed.sigma_floor,
    )
    for array in positive:
        assert np.isfinite(array).all()
        assert (array > 0).all()
    assert (fixed.grid >= 0).all()
    assert np.isfinite(constants.time_spread)
    assert constants.time_spread > 0


@pytest.mark.parametrize("make", [knobs, surface, notes_and_faders])
@pytest.mark.parametrize("dimension", [2, 5, 9, 64])
def test_they_are_sound_for_every_kind_of_playing(make, dimension) -> None:
    assert_sound(constants_of(make(dimension, 400, seed=dimension).events), dimension)


def test_knobs_lie_on_their_grid() -> None:
    constants = constants_of(knobs(4, 600, seed=1).events)
    np.testing.assert_allclose(constants.residual.grid, STEP, rtol=1e-6)
    np.testing.assert_allclose(constants.step, STEP, rtol=1e-6)
    moves = constants.usual_move / STEP
    np.testing.assert_allclose(moves, np.round(moves), atol=1e-3)
    assert ((moves > 0.5) & (moves < 4)).all()
    np.testing.assert_allclose(constants.residual.change_scale, 1 / constants.usual_move, rtol=1e-6)


def test_sigma_is_never_below_its_floor_on_a_grid() -> None:
    """Resting on a step, a Gaussian of that sigma has its mass within half a step."""
    floor = constants_of(knobs(4, 600, seed=1).events).residual.sigma_floor
    np.testing.assert_allclose(floor[:CATCH_ALL, 1:], STEP / FLOOR_STEPS, rtol=1e-6)
    np.testing.assert_allclose(floor[:CATCH_ALL, 0], LEAST_TIME * SCALE_FACTOR, rtol=1e-6)


def test_continuous_controls_have_no_grid_and_a_small_floor() -> None:
    constants = constants_of(surface(4, 600, seed=1).events)
    np.testing.assert_array_equal(constants.residual.grid, 0)
    np.testing.assert_allclose(constants.step, constants.usual_move / 4, rtol=1e-6)
    floor = constants.residual.sigma_floor[:CATCH_ALL, 1:]
    np.testing.assert_allclose(floor, np.tile(constants.usual_move * FLOOR_MOVES, (len(floor), 1)), rtol=1e-5)


def test_the_last_component_takes_what_nobody_expects() -> None:
    constants = constants_of(knobs(4, 600, seed=1).events)
    floor = constants.residual.sigma_floor
    np.testing.assert_allclose(floor[CATCH_ALL, 1:], CATCH_ALL_MOVES * constants.usual_move, rtol=1e-5)
    assert floor[CATCH_ALL, 0] == pytest.approx(CATCH_ALL_TIME * SCALE_FACTOR)
    alone = constants_of(knobs(4, 600, seed=1).events, mixtures=1)
    assert_sound(alone, 4, mixtures=1)
    np.testing.assert_allclose(alone.residual.sigma_floor[0, 1:], STEP / FLOOR_STEPS, rtol=1e-6)


def test_each_kind_of_control_in_a_mix() -> None:
    """In this order: a note, a switch, a fader, one that never moves."""
    constants = constants_of(notes_and_faders(5, 1500, seed=2).events)
    note, switch, fader, constant = range(4)
    grid, usual = constants.residual.grid, constants.usual_move
    assert grid[note] == pytest.approx(STEP)
    assert grid[switch] > 0
    assert usual[switch] == pytest.approx(SCALE_FACTOR)
    assert grid[fader] == 0
    assert usual[fader] == pytest.approx(SCALE_FACTOR * 0.05 * 0.6745, rel=0.25)  # the median of |N(0, 0.05)|
    assert usual[constant] > 0
    assert_sound(constants, 5)


def test_times_are_counted_in_what_players_take() -> None:
    dataset = knobs(3, 900, seed=1)
    constants = constants_of(dataset.events)
    times = constants.mu_scale[:, 0] / SCALE_FACTOR
    assert (np.diff(times) >= 0).all()
    assert np.median(dataset.events[:, 0]) == pytest.approx(times[2], rel=0.5)
    assert np.quantile(dataset.events[:, 0], 0.99) == pytest.approx(times[-1], rel=0.01)
    np.testing.assert_array_equal(constants.mu_start[:, 0], 1)


def test_features_lie_about_one() -> None:
    events = knobs(5, 900, seed=1).events
    constants = constants_of(events)
    logged = np.log1p(100 * SCALE_FACTOR * events[:, 0])
    values = events[:, 1:] * SCALE_FACTOR
    features = np.column_stack([logged, values])
    features = (features - constants.feature_offset[:5]) * constants.feature_scale[:5]
    assert np.abs(features[:, 0].mean()) < 0.01
    assert features[:, 0].std() == pytest.approx(1, rel=0.01)
    assert np.abs(features[:, 1:]).max() <= 1 + 1e-6
    np.testing.assert_array_equal(constants.feature_offset[5:], 0)
    np.testing.assert_array_equal(constants.feature_scale[5:], 1)


@pytest.mark.parametrize("dt", [0.0, 1e-9, 0.01, 1.0, 3600.0])
def test_all_times_alike(dt) -> None:
    events = knobs(3, 200, seed=1).events.copy()
    events[:, 0] = dt
    constants = constants_of(events)
    assert_sound(constants, 3)
    np.testing.assert_allclose(constants.mu_scale[:, 0], max(dt, SHORTEST) * SCALE_FACTOR, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.25, 0.3333, 1.0])
def test_a_dataset_in_which_nothing_ever_moves(value) -> None:
    events = np.full((80, 3), value, np.float32)
    events[:, 0] = 0.1
    constants = constants_of(events)
    assert_sound(constants, 3)
    assert (constants.usual_move < SCALE_FACTOR).all()


def test_two_events_are_enough() -> None:
    assert_sound(constants_of(np.array([[0, 0.5], [0.1, 0.5]], np.float32)), 2)


def test_moves_that_are_only_rounding_are_no_unit() -> None:
    """A control that jitters by denormal numbers: 1 / move would be beyond float32."""
    events = knobs(3, 200, seed=1).events.copy()
    events[:, 2] = np.where(np.arange(200) % 2, np.float32(1e-44), 0)
    assert_sound(constants_of(events), 3)


def test_only_what_is_learned_from_counts() -> None:
    events = surface(3, 300, seed=1).events.copy()
    ranges = [slice(0, 100), slice(150, 300)]
    expected = constants_for(events, ranges)
    events[100:150] = [[1000.0, 0.0, 1.0]]
    found = constants_for(events, ranges)
    for name in ("feature_offset", "feature_scale", "mu_scale", "mu_start", "usual_move", "step"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for field in fields(Residual):
        np.testing.assert_array_equal(getattr(found.residual, field.name), getattr(expected.residual, field.name))


def test_a_jump_from_one_performance_to_the_next_is_no_move() -> None:
    low, high = np.zeros((50, 2), np.float32), np.ones((50, 2), np.float32)
    low[::2, 1], high[::2, 1] = STEP / SCALE_FACTOR, 1 - STEP / SCALE_FACTOR
    events = np.concatenate([low, high])
    assert constants_for(events, [slice(0, 50), slice(50, 100)]).usual_move[0] == pytest.approx(STEP, rel=1e-3)
    assert constants_for(events, [slice(0, 50), slice(50, 100)]).mu_scale[0, 1] < constants_of(events).mu_scale[0, 1]


def test_chance_has_a_seed() -> None:
    events = knobs(3, 200, seed=1).events
    first, again, other = (constants_of(events, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.mu_start, again.mu_start)
    assert (first.mu_start[:, 1:] != other.mu_start[:, 1:]).all()
    np.testing.assert_array_equal(first.mu_scale, other.mu_scale)


def test_a_networks_own_constants_stay() -> None:
    mine, other = (constants_of(make(3, 300, seed=1).events) for make in (knobs, surface))
    assert mine.with_residual(other.residual).residual is other.residual
    np.testing.assert_array_equal(mine.with_residual(other.residual).mu_scale, mine.mu_scale)


@given(
    st.integers(2, 4).flatmap(
        lambda dimension: st.lists(
            st.tuples(st.floats(0, 1e6, width=32), *[st.floats(0, 1, width=32)] * (dimension - 1)),
            min_size=2,
            max_size=12,
        )
    )
)
def test_whatever_was_recorded(rows) -> None:
    events = np.array(rows, np.float32)
    assert_sound(constants_of(events), events.shape[1])

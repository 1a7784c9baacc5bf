"""What the data fixes before anything is learned, whatever the data: scales, sets of controls, components."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_data import knobs, notes_and_faders, surface

from impsy.data.grid import detect_grid
from impsy.models.architectures import Gestures
from impsy.models.sizes import SCALE_FACTOR, SIZES
from impsy.training.gestures import COVERED, HEADS, MOST_SETS, designs, found_sets, head_of, possible_heads
from impsy.training.scales import CONTINUOUS_UNIT, SHORTEST, Scales, scales_of
from random_networks import random_weights

STEP = SCALE_FACTOR / 127
CATCH_ALL = -1


def whole(events: np.ndarray) -> list[slice]:
    return [slice(0, len(events))]


def scales(events: np.ndarray) -> Scales:
    return scales_of(events, whole(events))


def designed(events: np.ndarray, head: str = "", **more) -> Gestures:
    fixed = designs(events, whole(events), "gestures", head, **more)[0].fixed
    assert isinstance(fixed, Gestures)
    return fixed


def assert_sound(events: np.ndarray) -> None:
    """Every number is finite, and positive where it is a scale, a floor or a unit; so is what is made of it."""
    n = events.shape[1] - 1
    found = scales(events)
    for name in ("grid", "usual_move", "spread", "step", "unit"):
        array = getattr(found, name)
        assert (array.shape, array.dtype) == ((n,), np.float32), name
        assert np.isfinite(array).all(), name
        assert (array > 0).all() or name == "grid", name
    assert found.times.shape == (101,)
    assert (np.diff(found.times) >= 0).all()
    assert (found.times >= np.float32(SHORTEST * SCALE_FACTOR)).all()
    assert np.isfinite(found.log_time).all()
    assert found.log_time[1] > 0
    for head in HEADS:
        sets, _ = found_sets(events, whole(events), found)
        fixed, starts = head_of(head, sets, found)
        for field in fields(fixed):
            assert np.isfinite(getattr(fixed, field.name)).all(), field.name
        assert all(np.isfinite(part).all() for part in starts)
        assert starts.move.shape == starts.spread.shape == fixed.direction.shape
        assert starts.logit.shape == (len(fixed.direction),)


@pytest.mark.parametrize("make", [knobs, surface, notes_and_faders])
@pytest.mark.parametrize("dimension", [2, 5, 9, 64])
@pytest.mark.slow
def test_they_are_sound_for_every_kind_of_playing(make, dimension) -> None:
    assert_sound(make(dimension, 400, seed=dimension).events)


# -------------------------------------------------------------------------------------------- scales


def test_knobs_lie_on_their_grid() -> None:
    found = scales(knobs(4, 600, seed=1).events)
    for part in (found.grid, found.step, found.unit):
        np.testing.assert_allclose(part, STEP, rtol=1e-6)
    moves = found.usual_move / STEP
    np.testing.assert_allclose(moves, np.round(moves), atol=1e-3)
    assert ((moves > 0.5) & (moves < 4)).all()


def test_continuous_controls_have_no_grid_and_a_small_unit() -> None:
    found = scales(surface(4, 600, seed=1).events)
    np.testing.assert_array_equal(found.grid, 0)
    np.testing.assert_allclose(found.step, found.usual_move / 4, rtol=1e-6)
    np.testing.assert_allclose(found.unit, found.usual_move * CONTINUOUS_UNIT, rtol=1e-6)


def test_each_kind_of_control_in_a_mix() -> None:
    """In this order: a note, a switch, a fader, one that never moves."""
    found = scales(notes_and_faders(5, 1500, seed=2).events)
    note, switch, fader, constant = range(4)
    assert found.grid[note] == pytest.approx(STEP)
    assert found.grid[switch] > 0
    assert found.usual_move[switch] == pytest.approx(SCALE_FACTOR)
    assert found.grid[fader] == 0
    # The median of |N(0, 0.05)|.
    assert found.usual_move[fader] == pytest.approx(SCALE_FACTOR * 0.05 * 0.6745, rel=0.25)
    assert found.usual_move[constant] > 0


def test_times_are_those_that_players_take() -> None:
    dataset = knobs(3, 900, seed=1)
    found = scales(dataset.events)
    for quantile in (0.1, 0.5, 0.99):
        expected = np.quantile(dataset.events[:, 0], quantile) * SCALE_FACTOR
        assert found.time(quantile) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("architecture", ["residual", "gestures"])
def test_features_lie_about_one(architecture) -> None:
    events = knobs(5, 900, seed=1).events
    fixed = random_weights(5, SIZES["xxs"], rng=np.random.default_rng(0), architecture=architecture).residual
    offset, scale = scales(events).features(fixed)
    logged = np.log1p(100 * SCALE_FACTOR * events[:, 0])
    features = (np.column_stack([logged, events[:, 1:] * SCALE_FACTOR]) - offset[:5]) * scale[:5]
    assert np.abs(features[:, 0].mean()) < 0.01
    assert features[:, 0].std() == pytest.approx(1, rel=0.01)
    assert np.abs(features[:, 1:]).max() <= 1 + 1e-6
    np.testing.assert_array_equal(offset[5:], 0)
    np.testing.assert_array_equal(scale[5:], 1)


@pytest.mark.parametrize("dt", [0.0, 1e-9, 0.01, 1.0, 3600.0])
def test_all_times_alike(dt) -> None:
    events = knobs(3, 200, seed=1).events.copy()
    events[:, 0] = dt
    assert_sound(events)
    np.testing.assert_allclose(scales(events).times, max(dt, SHORTEST) * SCALE_FACTOR, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.25, 0.3333, 1.0])
def test_a_dataset_in_which_nothing_ever_moves(value) -> None:
    events = np.full((80, 3), value, np.float32)
    events[:, 0] = 0.1
    assert_sound(events)
    assert (scales(events).usual_move < SCALE_FACTOR).all()
    # Two components that rest, and the catch-all.
    assert (designed(events).direction[:CATCH_ALL] == 0).all()


def test_two_events_are_enough() -> None:
    assert_sound(np.array([[0, 0.5], [0.1, 0.5]], np.float32))


def test_moves_that_are_only_rounding_are_no_unit() -> None:
    """A control that jitters by denormal numbers: 1 / move would be beyond float32."""
    events = knobs(3, 200, seed=1).events.copy()
    events[:, 2] = np.where(np.arange(200) % 2, np.float32(1e-44), 0)
    assert_sound(events)


def test_only_what_is_learned_from_counts() -> None:
    events = surface(3, 300, seed=1).events.copy()
    ranges = [slice(0, 100), slice(150, 300)]
    expected = designs(events, ranges, "gestures")[0]
    events[100:150] = [[1000.0, 0.0, 1.0]]
    found = designs(events, ranges, "gestures")[0]
    for field in fields(Gestures):
        np.testing.assert_array_equal(getattr(found.fixed, field.name), getattr(expected.fixed, field.name))
    for mine, other in zip(found.starts, expected.starts, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_a_jump_from_one_performance_to_the_next_is_no_move() -> None:
    low, high = np.zeros((50, 2), np.float32), np.ones((50, 2), np.float32)
    low[::2, 1], high[::2, 1] = STEP / SCALE_FACTOR, 1 - STEP / SCALE_FACTOR
    events, parts = np.concatenate([low, high]), [slice(0, 50), slice(50, 100)]
    assert scales_of(events, parts).usual_move[0] == pytest.approx(STEP, rel=1e-3)
    assert scales_of(events, parts).spread[0] < scales(events).spread[0]


@given(
    st.integers(2, 4).flatmap(
        lambda dimension: st.lists(
            st.tuples(st.floats(0, 1e6, width=32), *[st.floats(0, 1, width=32)] * (dimension - 1)),
            min_size=2,
            max_size=12,
        )
    )
)
@pytest.mark.slow
def test_whatever_was_recorded(rows) -> None:
    assert_sound(np.array(rows, np.float32))


# -------------------------------------------------------------------------------------------- sets of controls


def moving(sets: list[list[int]], controls: int, repeats: list[int]) -> np.ndarray:
    """Events (N, D) that move these sets of controls by one step of 1/127, to and fro, each so often in a row."""
    steps = np.full(controls, 60)
    rows = [steps.copy()]
    for chosen, count in zip(sets, repeats, strict=True):
        for i in range(count):
            steps[chosen] += 1 if i % 2 == 0 else -1
            rows.append(steps.copy())
    values = np.array(rows) / 127
    return np.column_stack([np.full(len(values), 0.1), values]).astype(np.float32)


def test_the_sets_that_occur_are_found_the_commonest_first() -> None:
    events = moving([[0], [1, 2], [], [2]], 3, [40, 30, 20, 10])
    sets, shares = found_sets(events, whole(events), scales(events))
    assert sets.astype(int).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 0, 1]]
    np.testing.assert_allclose(shares, [0.4, 0.3, 0.2, 0.1])


@given(st.integers(1, 12), st.lists(st.sets(st.integers(0, 11), max_size=4), min_size=1, max_size=80))
@pytest.mark.slow
def test_sets_cover_the_events_and_no_more_than_needed(controls, wanted) -> None:
    parts = [[i for i in each if i < controls] for each in wanted]
    events = moving(parts, controls, [2] * len(parts))
    sets, shares = found_sets(events, whole(events), scales(events))
    assert len(np.unique(sets, axis=0)) == len(sets) <= MOST_SETS
    assert (np.diff(shares) <= 0).all()
    assert shares[:-1].sum() < COVERED
    assert shares.sum() >= COVERED or len(sets) == MOST_SETS


def test_hands_on_a_surface_are_sets_too() -> None:
    events = surface(4, 600, seed=1).events
    sets, _ = found_sets(events, whole(events), scales(events))
    assert sets[0].all()


# -------------------------------------------------------------------------------------------- components


@pytest.mark.parametrize(
    ("events", "heads"),
    [
        (knobs(4, 600, seed=1).events, ("continuing",)),
        (surface(4, 600, seed=1).events, ("sets",)),
        (notes_and_faders(4, 400, seed=1).events, ("sets",)),  # the fader is on no grid; too few notes to tell
        (moving([[0, 1], [0, 2], [1, 2]], 3, [50, 50, 50]), ("sets",)),
        (moving([[0], [1], [0, 1]], 2, [50, 50, 20]), ("continuing", "sets")),
        (np.full((60, 3), 0.5, np.float32), ("sets",)),
    ],
)
@pytest.mark.slow
def test_the_data_shows_which_components_there_may_be(events, heads) -> None:
    found = scales(events)
    assert possible_heads(*found_sets(events, whole(events), found), found) == heads
    made = designs(events, whole(events), "gestures")
    assert [each.head for each in made] == list(heads)
    assert [each.words for each in made] == [HEADS[head].words for head in heads]
    (asked,) = designs(events, whole(events), "gestures", "sets")
    assert asked.head == "sets"


@pytest.mark.parametrize("head", HEADS)
def test_each_set_has_components_and_the_last_moves_everything(head) -> None:
    events = moving([[0], [1, 2], []], 3, [40, 30, 20])
    fixed = designed(events, head)
    table = HEADS[head]
    moves = (fixed.direction != 0).astype(int).tolist()
    continuing = len(table.continuing)
    assert moves[:continuing] == [[1, 1, 1]] * continuing
    beginning = len(table.beginning)
    expected = [[1, 0, 0]] * beginning + [[0, 1, 1]] * beginning + [[0, 0, 0]] * 2 + [[1, 1, 1]]
    assert moves[continuing:] == expected
    assert fixed.continues.tolist() == [1] * continuing + [0] * (len(moves) - continuing)
    # What nothing else expects costs little: sigma is as wide as usual moves, and a tenth of a second.
    assert (fixed.sigma_floor[CATCH_ALL, 1:] >= scales(events).usual_move).all()
    assert fixed.sigma_floor[CATCH_ALL, 0] == pytest.approx(0.1 * SCALE_FACTOR)


def test_on_a_grid_sigma_stays_within_a_step() -> None:
    """Resting or standing on a step, a Gaussian of that sigma has its mass within half a step."""
    fixed = designed(knobs(4, 600, seed=1).events)
    assert (fixed.rest <= STEP / 6).all()
    floors = fixed.sigma_floor[:, 1:][(fixed.direction != 0) & (fixed.sigma_floor[:, 1:] < STEP / 2)]
    np.testing.assert_allclose(floors, STEP / 6, rtol=1e-5)


def test_chance_has_a_seed() -> None:
    events = knobs(3, 200, seed=1).events
    first, again, other = (designs(events, whole(events), "gestures", seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.starts.move, again.starts.move)
    assert (first.starts.move != other.starts.move).all()


def test_the_released_network_has_no_components_of_its_own() -> None:
    events = knobs(3, 200, seed=1).events
    plain = designs(events, whole(events), "plain")[0]
    assert (plain.fixed, plain.starts, plain.head, plain.words) == (None, None, "", "")
    assert plain.mixtures == 5


def test_the_grid_of_a_control_is_that_of_its_values() -> None:
    events = notes_and_faders(5, 600, seed=1).events
    expected = [detect_grid(column) * SCALE_FACTOR for column in events.T[1:]]
    np.testing.assert_allclose(scales(events).grid, expected, rtol=1e-6)

"""What the first event of an answer moves, and how long the model may wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.engine.holding import moved_between
from impsy.events import Interaction, Play, Set, Update
from impsy.mapping.entries import parse_mapping
from impsy.mapping.output import OutputMapping
from impsy.testing import FakePredictor, Rehearsal

FIVE_NOTES = parse_mapping([["note_on", channel] for channel in range(1, 6)])
HELD = (0.1, 0.3, 0.5, 0.7, 0.9)


def rehearse(predictions, dimension=6, **settings):
    predictor = FakePredictor(dimension, predictions)
    made = Settings(dimension, **settings)
    return Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake")), predictor


def played(stage):
    return [play for _, play in stage.of(Play)]


def moving(control, value, dt=0.1):
    return (dt, *(value if i == control else x for i, x in enumerate(HELD)))


def strikes(plays, mapping):
    """The notes that each of these strikes at a MIDI output, as (channel, pitch)."""
    output = OutputMapping(mapping)
    found = []
    for play in plays:
        messages = output.pass_on(play.values, play.moved, play.origin)
        found.append([(message[0] & 15, message[1]) for message in messages if message[0] & 0xF0 == 0x90])
    return found


# --- answers ------------------------------------------------------------------------------------------


def test_an_answer_strikes_the_note_that_it_moved_and_no_chord():
    stage, _ = rehearse([moving(2, 0.6), moving(2, 0.4), moving(0, 0.2)])
    stage.receive(Interaction(HELD), at=1.0)
    stage.play_until(1.45)
    assert [play.moved for play in played(stage)] == [(2,), (2,), (0, 2)]
    assert strikes(played(stage), FIVE_NOTES) == [[(2, 76)], [(2, 51)], [(0, 25), (2, 64)]]
    assert played(stage)[0].values == moving(2, 0.6)[1:]


def test_noise_below_a_step_of_midi_moves_nothing():
    noisy = [(0.1, *(x + 0.001 for x in HELD[:4]), 0.2)]
    stage, _ = rehearse(noisy)
    stage.receive(Interaction(HELD), at=1.0)
    stage.play_until(1.25)
    assert played(stage)[0].moved == (4,)


def test_an_answer_that_begins_with_the_same_note_strikes_it():
    stage, _ = rehearse([(0.1, *HELD)])
    stage.receive(Interaction(HELD), at=1.0)
    stage.receive(Update(((3, 0.7),), struck=True), at=1.05)
    stage.play_until(1.3)
    assert played(stage)[0].moved == (3,)


def test_a_velocity_that_moved_strikes_its_note():
    mapping = parse_mapping([["note_on", 1], ["note_velocity", 1], ["note_on", 2]])
    stage, _ = rehearse([(0.1, 0.5, 0.9, 0.5)], dimension=4)
    stage.receive(Interaction((0.5, 0.5, 0.5)), at=1.0)
    stage.play_until(1.25)
    (play,) = played(stage)
    assert play.moved == (1,)
    assert OutputMapping(mapping).pass_on(play.values, play.moved, play.origin) == [bytes((0x90, 64, 114))]


def test_each_answer_goes_on_from_what_the_model_heard_last():
    stage, _ = rehearse([moving(2, 0.6)])
    stage.receive(Interaction(HELD), at=1.0)
    stage.play_until(1.5)
    other = (0.2, *HELD[1:])
    stage.receive(Interaction(other), at=2.0)
    stage.play_until(2.25)
    starts = [play.start for play in played(stage)]
    assert starts == [HELD, *[None] * (len(starts) - 2), other]
    assert played(stage)[-1].moved == (0, 2)  # the model moved the first one back


@pytest.mark.parametrize("mode", ["battle", "polyphony"])
def test_modes_without_answers_play_the_whole_vector(mode):
    stage, _ = rehearse([moving(2, 0.6)], mode=mode)
    stage.receive(Interaction(HELD), at=0.05)
    stage.play_until(1.0)
    assert {(play.moved, play.start) for play in played(stage)} == {(None, None)}


unit = st.floats(0, 1)


@given(st.lists(st.tuples(*[unit] * 5), min_size=1, max_size=6))
@pytest.mark.slow
def test_of_any_answer_only_what_the_model_moved_sounds(events):
    stage, _ = rehearse([(0.1, *event) for event in events])
    stage.receive(Interaction(HELD), at=1.0)
    stage.play_until(1.0 + 0.1 * len(events) + 0.15)
    before, joined = HELD, set()
    for play in played(stage):
        moved = moved_between(before, play.values)
        joined |= moved
        assert set(play.moved) >= moved
        assert set(play.moved) <= joined or not moved_between(HELD, played(stage)[0].values)
        before = play.values


# --- long waits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("longest", "times"), [(8.0, [8.0, 16.0]), (0.0, [20.0]), (30.0, [20.0])])
def test_no_wait_is_longer_than_the_longest(longest, times):
    stage, predictor = rehearse([(20.0, *HELD)], mode="battle", longest_wait=longest)
    stage.play_until(21.0)
    assert [time for time, _ in stage.of(Play)] == times
    assert predictor.heard[1][0] == min(20.0, longest or 20.0)  # what was played


def test_eight_seconds_are_the_longest_unless_said():
    assert Settings(2).longest_wait == 8.0


def test_the_longest_wait_counts_after_the_timescale():
    stage, predictor = rehearse([(3.0, *HELD)], mode="battle", longest_wait=4.0, timescale=2.0)
    stage.play_until(4.5)
    assert [time for time, _ in stage.of(Play)] == [4.0]
    assert predictor.heard[1][0] == 2.0  # in the model's own time


@pytest.mark.parametrize("mode", ["callresponse", "polyphony", "duet"])
def test_every_mode_keeps_to_it(mode):
    stage, _ = rehearse([(500.0, *HELD)], mode=mode, longest_wait=2.0, hold=0.5)
    stage.receive(Interaction(HELD), at=0.5)
    stage.play_until(2.7)
    assert len(played(stage)) == 1


def test_a_long_wait_ends_when_the_setting_says_so():
    stage, predictor = rehearse([(20.0, *HELD)], mode="battle", longest_wait=0.0)
    stage.receive(Set("longest_wait", 5.0), at=1.0)
    stage.play_until(5.5)
    assert [time for time, _ in stage.of(Play)] == [5.0]
    assert predictor.heard[1][0] == 5.0
    stage.receive(Set("longest_wait", 0.1), at=7.0)
    stage.play_until(7.05)
    assert [time for time, _ in stage.of(Play)] == [5.0, 7.0]
    assert predictor.heard[2][0] == pytest.approx(2.0)


def test_slowing_down_does_not_make_it_wait_longer():
    stage, _ = rehearse([(4.0, *HELD)], mode="battle")
    stage.receive(Set("timescale", 100.0), at=1.0)
    stage.play_until(9.5)
    assert [time for time, _ in stage.of(Play)] == [9.0]

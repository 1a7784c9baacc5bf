"""What the model plays through the hands of a configuration, on a scripted clock."""

from __future__ import annotations

import pytest
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.events import (
    EndNotes,
    Interaction,
    Play,
    PlayThrough,
    Record,
    Released,
    Set,
    Silence,
    Update,
)
from impsy.mapping.entries import ControlChange
from impsy.mapping.hands import Hand, notes_within
from impsy.mapping.output import OutputMapping
from impsy.testing import FakePredictor, Rehearsal

MAJOR = notes_within(0.0, 1.0, "major", 0)
NOTE = (1 / 127).__mul__


def rehearse(
    *hands: Hand, predictions=((0.25, 0.7, 0.8),), mode="battle", **others
) -> tuple[Rehearsal, FakePredictor]:
    predictor = FakePredictor(3, predictions)
    made = Settings(3, mode=mode, hands=hands, **others)
    return Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake")), predictor


def plays(stage: Rehearsal) -> list[Play]:
    return [play for _, play in stage.of(Play) if play.source == "rnn"]


def values(stage: Rehearsal) -> list[tuple[float, ...]]:
    return [play.values for play in plays(stage)]


def ends(stage: Rehearsal) -> list[tuple[float, EndNotes]]:
    return [(round(time, 6), command) for time, command in stage.of(EndNotes)]


# --- limits and scale ----------------------------------------------------------------------------------


def test_the_model_hears_what_was_played_within_the_limits():
    stage, predictor = rehearse(Hand(low=0.2, high=0.4), predictions=[(0.25, 0.7, 0.8), (0.25, 0.1, 0.3)])
    stage.play_until(0.8)
    assert values(stage) == [(pytest.approx(0.3), 0.8), (pytest.approx(0.3), 0.3), (pytest.approx(0.3), 0.8)]
    assert predictor.heard[1:] == [(0.25, *played) for played in values(stage)]
    assert [record.values for _, record in stage.of(Record)] == values(stage)


def test_a_control_with_a_scale_plays_its_notes_only():
    stage, _ = rehearse(Hand(), Hand(notes=MAJOR), predictions=[(0.25, 0.5, NOTE(61.4)), (0.25, 0.5, NOTE(66.9))])
    stage.play_until(0.6)
    assert [round(each[1] * 127, 6) for each in values(stage)] == [62, 67]


def test_what_waits_follows_hands_that_change():
    stage, predictor = rehearse(predictions=[(1.0, 0.9, 0.8)])
    stage.play_until(0.5)
    stage.receive(Set("hands", (Hand(high=0.5),)))
    stage.play_until(1.1)
    assert values(stage) == [(pytest.approx(0.1), 0.8)]
    assert predictor.heard[1] == (1.0, *values(stage)[0])


# --- a control that is off -----------------------------------------------------------------------------


def test_a_control_that_is_off_is_neither_heard_nor_played():
    stage, predictor = rehearse(Hand(enabled=False), mode="callresponse", threshold=0.1)
    stays = 0.5  # the middle, as nobody has moved it yet
    stage.receive(Interaction((0.1, 0.2)), at=1.0)
    stage.receive(Update(((1, 0.4),)), at=1.02)
    assert stage.receive(Update(((0, 0.9),)), at=1.05) == []
    assert stage.receive(Interaction((0.3, 0.4)), at=1.06) == []  # only what is off has moved
    assert [heard[1:] for heard in predictor.heard] == [(stays, 0.2), (stays, 0.4)]
    stage.play_until(1.4)
    assert values(stage) == [(stays, 0.8)]
    assert plays(stage)[0].moved == (1,)
    assert predictor.heard[-1] == (0.25, stays, 0.8)
    assert stage.engine.snapshot().counters.heard == 2


def test_the_same_again_is_an_event_as_ever():
    stage, _predictor = rehearse(Hand(enabled=False), mode="callresponse")
    for step in range(3):
        stage.receive(Interaction((0.1, 0.2)), at=1.0 + step)
    assert stage.engine.snapshot().counters.heard == 3


def test_what_is_off_is_not_passed_on():
    stage, _ = rehearse(Hand(enabled=False), mode="useronly", input_thru=True)
    (_, play) = stage.receive(Interaction((0.1, 0.2)), at=1.0)
    assert play.moved == (1,)
    assert [type(each) for each in stage.receive(Update(((0, 0.5), (1, 0.5))))] == [Record, Play]


def test_an_event_that_is_too_long_is_rejected_as_ever():
    stage, _ = rehearse(Hand(enabled=False))
    stage.receive(Interaction((0.1, 0.2, 0.3)), at=1.0)
    stage.receive(Update(((7, 0.2),)), at=1.0)
    assert stage.engine.snapshot().counters.rejected == 2


def test_switched_off_while_playing_it_stays_at_its_last_value_and_its_note_ends():
    stage, _predictor = rehearse(predictions=[(0.25, 0.7, 0.8), (0.25, 0.3, 0.2)])
    stage.play_until(0.3)
    assert stage.receive(Set("hands", (Hand(enabled=False),))) == [EndNotes(((0, None),), "")]
    stage.play_until(0.8)
    assert values(stage)[1:] == [(0.7, 0.2), (0.7, 0.8)]
    assert stage.receive(Set("hands", (Hand(enabled=False), Hand(high=0.5)))) == []
    stage.receive(Set("hands", ()))
    stage.play_until(1.6)
    assert values(stage)[-2:] == [(0.7, 0.8), (0.3, 0.2)]


def test_a_key_that_was_held_when_its_control_was_switched_off_ends_its_note():
    stage, _ = rehearse(Hand(enabled=False), mode="useronly", input_thru=True)
    assert stage.receive(Released(((0, 0.5),), "keys"), at=1.0) == [EndNotes(((0, 0.5),), "keys")]


# --- gate and repeat -----------------------------------------------------------------------------------


def test_a_note_with_a_gate_ends_by_itself():
    stage, _ = rehearse(Hand(gate=0.1))
    stage.play_until(0.9)
    assert ends(stage) == [
        (0.35, EndNotes(((0, None),), "")),
        (0.6, EndNotes(((0, None),), "")),
        (0.85, EndNotes(((0, None),), "")),
    ]


def test_the_next_note_comes_before_the_end_of_a_long_gate():
    stage, _ = rehearse(Hand(gate=1.0), predictions=[(0.25, 0.7, 0.8)] * 3 + [(100.0, 0.1, 0.1)])
    stage.play_until(5.0)
    assert ends(stage) == [(1.75, EndNotes(((0, None),), ""))]


def test_a_note_ends_by_itself_while_paused():
    stage, _ = rehearse(Hand(gate=0.5))
    stage.play_until(0.3)
    assert Silence("paused") in stage.receive(Set("paused", True))
    stage.play_until(10.0)
    assert stage.engine.deadline is None


def test_a_note_ends_when_it_would_have_ended_if_its_gate_is_taken_away():
    stage, _ = rehearse(Hand(gate=0.5), predictions=[(0.25, 0.7, 0.8), (100.0, 0.1, 0.1)])
    stage.play_until(0.3)
    stage.receive(Set("hands", ()))
    stage.play_until(5.0)
    assert ends(stage) == [(0.75, EndNotes(((0, None),), ""))]


def test_what_would_repeat_itself_stays_where_it_is():
    predictions = [(0.1, NOTE(60), 0.1), (0.1, NOTE(64), 0.2), (0.1, NOTE(60), 0.3)]
    stage, predictor = rehearse(Hand(repeat=0.35), predictions=predictions)
    stage.play_until(0.65)
    assert [(round(each.values[0] * 127), each.moved) for each in plays(stage)] == [
        (60, None),
        (64, None),
        (64, (1,)),  # 60, too soon
        (64, (1,)),  # 60, too soon still
        (64, (1,)),  # 64, which it plays already
        (60, None),
    ]
    assert [heard[1:] for heard in predictor.heard[1:]] == values(stage)


def test_a_recording_that_is_played_back_is_not_cut_short_by_the_models_gate():
    stage, _ = rehearse(Hand(gate=0.5), predictions=[(0.25, 0.7, 0.8), (100.0, 0.1, 0.1)])
    stage.receive(PlayThrough((0.2, 0.3)), at=0.5)
    stage.play_until(5.0)
    assert ends(stage) == []


def test_without_hands_everything_is_as_before():
    plain, _ = rehearse()
    named, _ = rehearse(Hand(name="cutoff"), Hand(name="resonance"))
    for stage in (plain, named):
        stage.receive(Interaction((0.1, 0.2)), at=0.1)
        stage.play_until(2.0)
    assert plain.commands == named.commands
    assert all(play.moved is None for play in plays(named))


def test_a_controller_is_not_sent_to_the_same_position_twice_in_a_while():
    predictions = [(0.1, 0.5, 0.5), (0.1, 0.6, 0.5), (0.1, 0.501, 0.5)]
    stage, _ = rehearse(Hand(repeat=10.0), predictions=predictions)
    mapping = OutputMapping([ControlChange(1, 7), ControlChange(1, 8)])
    stage.play_until(2.0)
    moved = [(0, 1) if play.moved is None else play.moved for play in plays(stage)]
    sent = [
        message
        for play, indices in zip(plays(stage), moved, strict=True)
        for message in mapping.pass_on(play.values, indices, "")
    ]
    assert [message[2] for message in sent if message[1] == 7] == [64, 76]

"""The mode duet: what the performer moves is the performer's, the model plays the rest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.engine.engine import PLAYED_A_SECOND, PLAYED_BURST
from impsy.events import Interaction, PanicButton, Play, Record, Reset, Set, SetPredictor, Silence, Touched, Update
from impsy.models.litert import LiteRTPredictor
from impsy.models.opening import open_weights
from impsy.models.sizes import SIZES
from impsy.models.untrained import RandomGestures
from impsy.testing import FakePredictor, Rehearsal
from random_networks import random_weights

HALF = (0.5, 0.5, 0.5)


def rehearse(predictions=((0.25, 0.1, 0.2, 0.3),), predictor=None, **settings) -> tuple[Rehearsal, FakePredictor]:
    """Three controls that stand in the middle, in the mode duet."""
    predictor = predictor or FakePredictor(4, predictions)
    made = Settings(4, **{"mode": "duet", "hold": 2.0} | settings)
    stage = Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake"))
    return stage, predictor


def plays(stage, source="rnn"):
    return [(round(time, 6), play.values) for time, play in stage.of(Play) if play.source == source]


def rows(stage, source):
    return [record.values for _, record in stage.of(Record) if record.source == source]


def test_without_a_hand_the_model_plays_as_by_itself():
    predictions = [(0.25, 0.1, 0.1, 0.1), (0.5, 0.2, 0.2, 0.2)]
    duet, heard = rehearse(predictions)
    battle, others = rehearse(predictions, mode="battle")
    for stage in (duet, battle):
        stage.play_until(3.0)
    assert plays(duet) == plays(battle)
    assert [tuple(map(pytest.approx, vector)) for vector in others.heard] == heard.heard
    assert duet.engine.turn == "both"


def test_what_the_performer_moves_is_held_and_sent_exactly():
    stage, predictor = rehearse()
    stage.receive(Update(((0, 0.9),)), at=0.6)
    assert stage.engine.held == (0,)
    stage.play_until(1.1)
    assert plays(stage)[-2:] == [(0.75, (0.9, 0.2, 0.3)), (1.0, (0.9, 0.2, 0.3))]
    assert predictor.given[-1] == {0: 0.9}
    stage.receive(Update(((0, 0.123456789),)), at=1.2)
    stage.play_until(1.3)
    assert plays(stage)[-1] == (1.25, (0.123456789, 0.2, 0.3))
    assert rows(stage, "rnn")[-1] == (0.123456789, 0.2, 0.3)


def test_it_is_let_go_of_a_while_after_it_was_moved_last():
    stage, _ = rehearse(hold=1.0)
    stage.receive(Update(((0, 0.9),)), at=0.6)
    stage.receive(Update(((0, 0.8),)), at=1.0)
    stage.play_until(1.99)
    assert (stage.engine.held, plays(stage)[-1][1][0]) == ((0,), 0.8)
    stage.play_until(2.01)
    assert stage.engine.held == ()
    assert plays(stage)[-1] == (2.0, (0.1, 0.2, 0.3))


def test_of_dense_vectors_those_values_are_held_that_differ_from_the_ones_before():
    stage, _ = rehearse(hold=1.0)
    stage.receive(Interaction(HALF), at=0.1)
    assert stage.engine.held == (0, 1, 2)
    stage.play_until(1.2)
    stage.receive(Interaction((0.5, 0.6, 0.5)), at=1.3)
    assert stage.engine.held == (1,)
    for step in range(20):  # sent again and again: no hand
        stage.receive(Interaction((0.5, 0.6, 0.5)), at=1.4 + step / 20)
    assert stage.engine.held == ()


def test_a_key_that_is_struck_again_is_held_and_a_knob_that_stays_is_not():
    stage, _ = rehearse(hold=1.0)
    stage.receive(Update(((0, 0.5), (1, 0.7)), struck=True), at=0.1)
    stage.receive(Update(((2, 0.3),)), at=0.1)
    stage.receive(Update(((0, 0.5),), struck=True), at=1.0)
    stage.receive(Update(((2, 0.3),)), at=1.0)
    stage.play_until(1.5)
    assert stage.engine.held == (0,)


def test_the_model_hears_both_as_one_stream():
    stage, predictor = rehearse(predictions=[(0.5, 0.1, 0.2, 0.3), (0.5, 0.4, 0.5, 0.6)])
    stage.receive(Update(((0, 0.9),)), at=0.7)
    stage.receive(Update(((0, 0.8),)), at=0.8)
    stage.play_until(1.1)
    opening, first, *rest = predictor.heard
    assert first == (0.5, 0.1, 0.2, 0.3)
    # The performer's values for what is held, the model's for the rest; dt since the last event of either.
    assert [tuple(round(x, 9) for x in vector) for vector in rest] == [
        (0.2, 0.9, 0.2, 0.3),
        (0.1, 0.8, 0.2, 0.3),
        (0.2, 0.8, 0.2, 0.3),  # drawn again when it was due, from what it had heard by then
    ]
    assert plays(stage) == [(0.5, (0.1, 0.2, 0.3)), (1.0, (0.8, 0.2, 0.3))]
    assert len(opening) == 4


def test_what_waits_keeps_its_time_when_the_performer_plays():
    stage, _ = rehearse(predictions=[(1.0, 0.1, 0.2, 0.3)])
    for step in range(1, 30):
        stage.receive(Update(((0, step / 30),)), at=step / 10 + 0.01)
    assert [time for time, _ in plays(stage)] == [1.0, 2.0]


def test_an_event_that_was_just_played_is_heard_before_the_performers():
    stage, predictor = rehearse(predictions=[(0.5, 0.1, 0.2, 0.3)])
    stage.play_until(0.4)
    stage.now = 0.5
    stage.commands += [(0.5, command) for command in stage.engine.advance(0.5)]
    stage.receive(Update(((0, 0.9),)), at=None)
    assert [vector[1] for vector in predictor.heard[-2:]] == [0.1, 0.9]
    stage.play_until(1.05)
    assert [time for time, _ in plays(stage)] == [0.5, 1.0]


def test_while_all_is_held_the_model_waits_for_the_first_to_be_free():
    stage, predictor = rehearse(hold=1.0)
    stage.receive(Update(((0, 0.9),)), at=0.3)
    stage.receive(Update(((1, 0.8), (2, 0.7))), at=0.6)
    assert stage.engine.turn == "performer"
    before = len(plays(stage))
    stage.play_until(1.29)
    assert len(plays(stage)) == before
    stage.play_until(1.31)
    assert stage.engine.turn == "both"
    assert plays(stage)[before:] == [(1.3, (0.1, 0.8, 0.7))]
    stage.play_until(1.6)
    assert predictor.heard[-2][0] == pytest.approx(0.7)  # since the performer's last event


def test_one_who_plays_all_the_time_keeps_all():
    stage, _ = rehearse(predictions=[(0.01, 0.1, 0.2, 0.3)], hold=0.5)
    for step in range(100):
        stage.receive(Update(tuple((i, (step % 7) / 7) for i in range(3))), at=1.0 + step / 20)
    assert not [time for time, _ in plays(stage) if 1.0 < time < 6.0]
    stage.play_until(7.0)
    assert len([time for time, _ in plays(stage) if time > 6.4]) > 50


def test_a_hold_of_nothing_gives_each_control_back_at_once():
    stage, predictor = rehearse(hold=0.0)
    stage.receive(Update(((0, 0.9),)), at=0.6)
    assert predictor.heard[-1][1:] == (0.9, 0.2, 0.3)
    stage.play_until(0.8)
    assert plays(stage)[-1] == (0.75, (0.1, 0.2, 0.3))


def test_a_finger_that_rests_keeps_what_it_holds_and_takes_nothing():
    stage, _ = rehearse(hold=1.0)
    stage.receive(Update(((0, 0.9),)), at=0.6)
    for step in range(10):
        stage.receive(Touched((0, 1, 7)), at=1.0 + step / 2)
    assert stage.engine.held == (0,)
    stage.play_until(6.6)
    assert stage.engine.held == ()
    stage.receive(Touched((0,)))
    assert stage.engine.held == ()
    assert rows(stage, "interface") == [(0.9, *stage.engine.snapshot().input_values[1:])]


def test_the_hold_can_be_changed_while_it_lasts():
    stage, _ = rehearse(hold=10.0)
    stage.receive(Update(((0, 0.9),)), at=0.6)
    stage.play_until(3.05)
    assert plays(stage)[-1][1][0] == 0.9
    stage.receive(Set("hold", 1.0))
    stage.play_until(3.3)
    assert plays(stage)[-1][1][0] == 0.1


def test_a_hand_that_was_there_before_the_mode_holds_in_it():
    stage, _ = rehearse(mode="callresponse")
    stage.receive(Update(((0, 0.9),)), at=0.6)
    assert stage.engine.held == ()
    stage.receive(Set("mode", "duet"), at=0.65)
    assert stage.engine.held == (0,)
    stage.play_until(1.0)
    assert plays(stage)[-1][1][0] == 0.9


def test_what_moves_is_what_outputs_are_sent():
    """A note that nobody moved is not struck again; one that the performer holds, once."""
    predictions = [(0.25, 0.1, 0.2, 0.3), (0.25, 0.1, 0.2, 0.9), (0.25, 0.1, 0.2, 0.9), (0.25, 0.1, 0.2, 0.9)]
    stage, _ = rehearse(predictions, hold=10.0)
    stage.play_until(0.6)
    stage.receive(Update(((0, 0.8),), struck=True), at=0.6)
    stage.play_until(1.1)
    assert [play.moved for _, play in stage.of(Play)] == [(0, 1, 2), (2,), (0, 2), (2,)]


def test_what_was_passed_on_is_not_sent_again():
    stage, _ = rehearse(predictions=[(0.25, 0.1, 0.2, 0.3), *[(0.25, 0.1, 0.2, 0.9)] * 2], input_thru=True)
    stage.receive(Update(((0, 0.8),), struck=True), at=0.3)
    stage.play_until(0.6)
    assert [(play.source, play.moved) for _, play in stage.of(Play)] == [
        ("rnn", (0, 1, 2)),
        ("thru", (0,)),
        ("rnn", (2,)),
    ]


class Bare:
    """A predictor from elsewhere: it has what the protocol demands, and nothing else."""

    dimension = 4

    def hear(self, vector):
        assert len(vector) == 4

    def sample(self, rng, pi_temperature, sigma_temperature):
        return [0.25, *rng.random(3).tolist()]

    def reset(self):
        pass


@pytest.mark.parametrize("predictor", [Bare(), RandomGestures(4)])
def test_any_predictor_can_play_a_duet(predictor):
    stage, _ = rehearse(predictor=predictor)
    for step in range(50):
        stage.receive(Update(((0, step / 50),)), at=step / 10 + 0.001)
    assert len(plays(stage)) > 3
    held = dict(
        zip((round(step / 10 + 0.001, 6) for step in range(50)), (step / 50 for step in range(50)), strict=True)
    )
    for time, values in plays(stage):
        assert values[0] == [value for since, value in held.items() if since <= time][-1]


def test_predictions_that_are_no_numbers_stop_nothing():
    stage, _ = rehearse(predictions=[(0.25, 0.1, 0.2, 0.3), (0.25, math.nan, 0.2, 0.3)])
    for step in range(60):
        stage.receive(Update(((0, (step % 10) / 10),)), at=step / 10)
    assert len(plays(stage)) > 5
    assert all(math.isfinite(value) for _, values in plays(stage) for value in values)


def test_another_model_draws_what_waits():
    stage, _ = rehearse(predictions=[(1.0, 0.1, 0.2, 0.3)])
    stage.receive(SetPredictor(FakePredictor(4, [(5.0, 0.6, 0.7, 0.8)]), "other"), at=0.5)
    stage.play_until(1.1)
    assert plays(stage) == [(1.0, (0.6, 0.7, 0.8))]


@pytest.mark.parametrize("event", [Reset(), PanicButton(), Set("paused", True), Set("mode", "battle")])
def test_commands_work_as_in_other_modes(event):
    stage, _ = rehearse()
    stage.receive(Update(((0, 0.9),)), at=0.6)
    stage.receive(event, at=0.7)
    stage.receive(Set("paused", False), at=1.0)
    stage.play_until(2.0)
    assert plays(stage)[-1][0] > 1.7
    assert any(isinstance(command, Silence) for _, command in stage.commands) == (not isinstance(event, Reset))


@pytest.mark.slow
def test_a_flood_of_playing_does_not_take_the_thread():
    stage, predictor = rehearse(predictions=[(0.001, 0.1, 0.2, 0.3)])
    for step in range(50_000):
        before = len(stage.commands)
        stage.play_until(step / 5000)
        for _, command in stage.commands[before:]:
            if step > 1 and isinstance(command, Play):
                assert command.values[0] == ((step - 1) % 100) / 100
        stage.receive(Update(((0, (step % 100) / 100),)))
    assert len(rows(stage, "interface")) == 50_000
    drawn = len(predictor.temperatures)
    assert drawn <= 2 * (10 * PLAYED_A_SECOND + PLAYED_BURST) + 10


def test_with_a_real_model_events_are_as_many_as_by_itself(shared_data):
    """A control swept at 10 Hz for a minute: what goes out has it exactly, and the others are played."""
    weights = open_weights(shared_data / "models/musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite")
    counts = {}
    for mode in ("battle", "duet"):
        made, predictor = Settings(9, mode=mode), LiteRTPredictor(weights)
        stage = Rehearsal(lambda now, made=made, predictor=predictor: Engine(made, predictor, default_rng(1), now))
        stage.receive(Interaction((0.5,) * 8), at=0.0)
        swept = 0.5
        for step in range(630):
            before = len(stage.commands)
            stage.play_until(step / 10)
            for _, command in stage.commands[before:]:
                if isinstance(command, Play) and mode == "duet" and step > 30:
                    assert command.values[0] == swept
            swept = 0.5 + 0.4 * math.sin(step / 5)
            stage.receive(Interaction((swept, *[0.5] * 7)))
        together = [play.values for time, play in stage.of(Play) if time > 3]
        counts[mode] = len(together)
        assert all(len({values[control] for values in together}) > 20 for control in range(1, 8))
        stage.play_until(stage.now + 10)
        assert any(play.values[0] != swept for time, play in stage.of(Play) if time > 66)
    assert 2 / 3 < counts["duet"] / counts["battle"] < 3 / 2, counts


# --- whatever is played -------------------------------------------------------------------------------

value = st.sampled_from([step / 8 for step in range(9)])
event = st.one_of(
    st.builds(Interaction, st.tuples(value, value, value)),
    st.builds(
        Update,
        st.lists(st.tuples(st.integers(0, 2), value), min_size=1, max_size=3).map(tuple),
        struck=st.booleans(),
    ),
)
timed = st.lists(st.tuples(st.floats(0, 1.5), event), max_size=30)


@given(timed, st.sampled_from([0.0, 0.3, 2.0]), st.sampled_from([0.5, 1.0, 3.0]))
@pytest.mark.slow
def test_what_is_held_is_always_sent_as_the_performer_has_it(events, hold, timescale):
    stage, _ = rehearse(predictor=RandomGestures(4), hold=hold, timescale=timescale)
    stage.engine.start(0.0)
    hand: dict[int, tuple[float, float]] = {}
    performer = list(stage.engine.snapshot().input_values)
    checked = 0

    def check():
        nonlocal checked
        for time, play in list(stage.of(Play))[checked:]:
            checked += 1
            held = {i: x for i, (since, x) in hand.items() if time < since + hold}
            assert len(held) < 3
            assert all(play.values[i] == x for i, x in held.items())

    for wait, each in events:
        stage.play_until(stage.now + wait)
        check()
        stage.receive(each)
        pairs = enumerate(each.values) if isinstance(each, Interaction) else each.changes
        struck = isinstance(each, Update) and each.struck
        last = dict(pairs)
        for i, x in last.items():
            if struck or x != performer[i]:
                hand[i] = (stage.now, x)
            performer[i] = x
    stage.play_until(stage.now + 3.0)
    check()
    deadline = stage.engine.deadline
    assert deadline is not None


@given(timed, st.integers(0, 2**32 - 1))
@pytest.mark.slow
def test_the_same_seed_gives_the_same_duet(events, seed):
    weights = random_weights(4, SIZES["xxs"], rng=np.random.default_rng(0), mixtures=12, architecture="gestures")
    logs = []
    for _ in range(2):
        stage = Rehearsal(
            lambda now: Engine(Settings(4, mode="duet"), LiteRTPredictor(weights), default_rng(seed), now)
        )
        for wait, each in events:
            stage.receive(each, at=stage.now + wait)
        stage.play_until(stage.now + 2.0)
        logs.append(stage.commands)
    assert logs[0] == logs[1]

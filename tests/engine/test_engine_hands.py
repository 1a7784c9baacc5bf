"""What the model plays through the hands of a configuration, on a scripted clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import MODES, Engine, Settings
from impsy.events import (
    EndNotes,
    Interaction,
    Panic,
    PanicButton,
    Play,
    PlayThrough,
    Record,
    Released,
    Set,
    Silence,
    Unplugged,
    Update,
)
from impsy.mapping.entries import ControlChange, NoteOn
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


# --- whatever happens ----------------------------------------------------------------------------------

hands = st.builds(
    lambda enabled, scale, gate, repeat: Hand(
        enabled=enabled, notes=notes_within(0.2, 0.6, scale, 2) if scale else (), gate=gate, repeat=repeat
    ),
    st.sampled_from([True, True, True, False]),
    st.sampled_from(["major", "blues", ""]),
    st.none() | st.floats(0.001, 0.5),
    st.just(0.0) | st.floats(0.001, 0.5),
)
predictions = st.lists(
    st.tuples(st.floats(-0.1, 0.4), st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)), min_size=1, max_size=8
)
events = st.lists(
    st.tuples(
        st.floats(0, 0.4),
        st.one_of(
            st.builds(Interaction, st.tuples(st.floats(0, 1), st.floats(0, 1))),
            st.builds(
                lambda i, x, s: Update(((i, x),), "keys", s), st.integers(0, 2), st.floats(0, 1), st.booleans()
            ),
            st.builds(lambda i, x: Released(((i, x),), "keys"), st.integers(0, 1), st.none() | st.floats(0, 1)),
            st.builds(lambda name: Set("mode", name), st.sampled_from(list(MODES))),
            st.builds(lambda on: Set("paused", on), st.booleans()),
            st.builds(lambda given: Set("hands", given), st.lists(hands, max_size=3).map(tuple)),
            st.just(PanicButton()),
            st.just(Unplugged("keys")),
        ),
    ),
    max_size=15,
)


class Synth:
    """Plays what an engine decides on MIDI outputs that are notes, and knows what sounds."""

    def __init__(self) -> None:
        self.mapping = OutputMapping([NoteOn(1), NoteOn(2)])
        self.sounding: set[tuple[int, int]] = set()
        self.begun: list[tuple[float, int, int]] = []

    def take(self, now: float, command: object) -> None:
        for message in self._messages(command):
            kind, channel, pitch = message[0] & 0xF0, message[0] & 0x0F, message[1]
            if kind == 0x90:
                self.sounding.add((channel, pitch))
                if isinstance(command, Play) and command.source == "rnn":
                    self.begun.append((now, channel, pitch))
            elif kind == 0x80:
                self.sounding.discard((channel, pitch))

    def _messages(self, command: object) -> list[bytes]:
        match command:
            case Play(moved=None):
                return self.mapping.encode(command.values)
            case Play():
                return self.mapping.pass_on(command.values, command.moved or (), command.origin)
            case EndNotes():
                return self.mapping.end_notes(command.keys, command.origin)
            case Silence():
                return self.mapping.all_notes_off()
            case Panic():
                return self.mapping.panic()
        return []


def perform(stage: Rehearsal, synth: Synth, happens: list) -> Iterator[None]:
    taken = 0

    def take() -> None:
        nonlocal taken
        for time, command in stage.commands[taken:]:
            synth.take(time, command)
        taken = len(stage.commands)

    for wait, event in happens:
        stage.play_until(stage.now + wait)
        take()
        stage.receive(event)
        take()
        yield
    stage.play_until(stage.now + 2.0)
    take()
    yield


@given(st.tuples(hands, hands), predictions, events, st.sampled_from(list(MODES)), st.booleans())
@settings(max_examples=150, deadline=None)
def test_never_a_note_outside_and_nothing_hangs_at_the_end(given_hands, predicted, happens, mode, thru):
    predictor = FakePredictor(3, predicted)
    made = Settings(3, mode=mode, hands=given_hands, input_thru=thru)
    stage = Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake"))
    synth = Synth()
    begun = 0
    before: dict[tuple[int, int], float] = {}
    in_use = given_hands
    for number, _ in enumerate(perform(stage, synth, happens)):
        for time, channel, pitch in synth.begun[begun:]:
            hand = in_use[channel] if channel < len(in_use) else Hand()
            assert hand.enabled
            assert not hand.notes or pitch in hand.notes
            assert time - before.get((channel, pitch), -9.0) >= hand.repeat
            before[channel, pitch] = time
        begun = len(synth.begun)
        if number < len(happens) and isinstance(happens[number][1], Set) and happens[number][1].name == "hands":
            in_use = happens[number][1].value
            before.clear()
    for command in stage.engine.end():
        synth.take(stage.now, command)
    assert not synth.sounding


@given(predictions, st.floats(0.001, 0.3))
@settings(max_examples=60, deadline=None)
def test_no_note_sounds_longer_than_its_gate(predicted, gate):
    stage, _ = rehearse(Hand(gate=gate), Hand(gate=gate), predictions=predicted)
    synth, on = Synth(), {}
    stage.play_until(3.0)
    for time, command in stage.commands:
        synth.take(time, command)
        if isinstance(command, Play):
            on = dict.fromkeys((0, 1), time)
        for channel, _ in synth.sounding:
            assert time - on[channel] <= gate + 1e-9


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

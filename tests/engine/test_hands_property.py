"""Whatever the model predicts and whatever happens: never a note outside, and every note ends."""

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
    Released,
    Set,
    Silence,
    Unplugged,
    Update,
)
from impsy.mapping.entries import NoteOn
from impsy.mapping.hands import Hand, notes_within
from impsy.mapping.output import OutputMapping
from impsy.testing import FakePredictor, Rehearsal

pytestmark = pytest.mark.slow

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
@pytest.mark.slow
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
@pytest.mark.slow
def test_no_note_sounds_longer_than_its_gate(predicted, gate):
    made = Settings(3, mode="battle", hands=(Hand(gate=gate), Hand(gate=gate)))
    stage = Rehearsal(lambda now: Engine(made, FakePredictor(3, predicted), default_rng(1), now, "fake"))
    synth, on = Synth(), {}
    stage.play_until(3.0)
    for time, command in stage.commands:
        synth.take(time, command)
        if isinstance(command, Play):
            on = dict.fromkeys((0, 1), time)
        for channel, _ in synth.sounding:
            assert time - on[channel] <= gate + 1e-9

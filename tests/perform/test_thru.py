"""What a performer plays is passed on as it is played: keys strike once and end, knobs move and strike nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.events import EndNotes, Interaction, Panic, Play, Record, Set, Silence, Update
from impsy.mapping.entries import parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.testing import FakePredictor

ENTRIES = (
    ["note_on", 1],
    ["note_velocity", 1],
    ["control_change", 1, 7],
    ["pitch_bend", 1],
    ["control_change_14", 1, 1],
    ["note_on", 2, 90],
    ["channel_aftertouch", 2],
)
KNOBS = (2, 3, 4, 6)
DIMENSION = len(ENTRIES) + 1


@dataclass
class Sent:
    """The messages of an output, and what a receiver makes of them."""

    messages: list[bytes]

    @property
    def strikes(self):
        return [message for message in self.messages if message[0] & 0xF0 == 0x90 and message[2]]

    @property
    def ends(self):
        return [message for message in self.messages if message[0] & 0xF0 == 0x80]


class Wire:
    """An engine between two ways in and an output, as a session joins them."""

    def __init__(self, mode="useronly", predictions=(), entries=ENTRIES, **settings):
        settings = {"input_thru": True} | settings
        predictor = FakePredictor(len(entries) + 1, predictions) if predictions else FakePredictor(len(entries) + 1)
        self.engine = Engine(Settings(len(entries) + 1, mode, **settings), predictor, default_rng(1), 0.0)
        self.predictor = predictor
        self.inputs = {port: InputMapping(parse_mapping(entries)) for port in ("keys", "pads")}
        self.output = OutputMapping(parse_mapping(entries))
        self.now = 0.0
        self.rows: list[tuple[float, ...]] = []
        self.vectors: list[tuple[float, ...]] = []

    def play(self, *message: int, port="keys") -> Sent:
        """One MIDI message in; what goes out."""
        data = bytes(message)
        mapping = self.inputs[port]
        event = mapping.event(data, mapping.decode(data), port)
        return self.give(event) if event is not None else Sent([])

    def give(self, event) -> Sent:
        self.now += 0.01
        return self.carry_out(self.engine.receive(event, self.now))

    def skim(self, *message: int, port="keys") -> None:
        mapping = self.inputs[port]
        self.carry_out(
            self.engine.skim(mapping.event(bytes(message), mapping.decode(bytes(message)), port), self.now)
        )

    def run(self, seconds) -> Sent:
        self.now += seconds
        return self.carry_out(self.engine.advance(self.now))

    def carry_out(self, commands) -> Sent:
        sent: list[bytes] = []
        for command in commands:
            match command:
                case Play():
                    self.vectors.append(command.values)
                    if command.moved is None:
                        sent += self.output.encode(command.values)
                    elif command.ports is None or "out" in command.ports:
                        sent += self.output.pass_on(command.values, command.moved, command.origin)
                case EndNotes(keys, origin):
                    sent += self.output.end_notes(keys, origin)
                case Silence():
                    sent += self.output.all_notes_off()
                case Panic():
                    sent += self.output.panic()
                case Record():
                    self.rows.append(command.values)
        return Sent(sent)


# --- whatever is played ------------------------------------------------------------------------------

pitch, position = st.integers(0, 127), st.integers(0, 127)
strike = st.tuples(st.sampled_from([0x90, 0x91]), pitch, st.integers(1, 127))
release = st.one_of(
    st.tuples(st.sampled_from([0x80, 0x81]), pitch, position),
    st.tuples(st.sampled_from([0x90, 0x91]), pitch, st.just(0)),
)
knob = st.one_of(
    st.tuples(st.just(0xB0), st.sampled_from([7, 1, 33, 99]), position),
    st.tuples(st.just(0xE0), position, position),
    st.tuples(st.just(0xD1), position),
)
hand = st.one_of(strike, release, knob)


@given(st.lists(hand, max_size=60))
@pytest.mark.slow
def test_as_many_strikes_as_keys_and_each_release_ends_its_note(hands):
    wire = Wire()
    sounding: dict[int, int] = {}  # channel bits -> pitch: each entry is one voice
    heard: dict[int, bytes] = {}
    for message in hands:
        before = len(wire.rows)
        sent = wire.play(*message)
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        if kind == 0x90 and message[2]:
            velocity = message[2] if channel == 0 else 90
            assert sent.strikes == [bytes((0x90 | channel, message[1], velocity))]
            assert sent.ends == ([bytes((0x80 | channel, sounding[channel], 0))] if channel in sounding else [])
            assert len(sent.messages) == len(sent.strikes) + len(sent.ends)
            sounding[channel] = message[1]
        elif kind in (0x80, 0x90):
            ends = sounding.get(channel) == message[1]
            assert sent.messages == ([bytes((0x80 | channel, message[1], 0))] if ends else [])
            assert len(wire.rows) == before, "a release is no interaction"
            if ends:
                del sounding[channel]
        else:
            assert not sent.strikes
            assert not sent.ends
            assert all(each[0] == message[0] for each in sent.messages)
            if kind != 0xB0:
                assert sent.messages == ([] if heard.get(message[0]) == bytes(message) else [bytes(message)])
                heard[message[0]] = bytes(message)


@given(st.lists(hand, max_size=40), st.lists(hand, max_size=40))
@pytest.mark.slow
def test_the_log_and_the_model_hear_the_same_with_and_without_thru(hands, releases):
    wires = Wire(mode="polyphony"), Wire(mode="polyphony", input_thru=False)
    for message in (*hands, *releases):
        for wire in wires:
            wire.play(*message)
    assert wires[0].rows == wires[1].rows
    assert wires[0].predictor.heard == wires[1].predictor.heard
    plain = [message for message in (*hands, *releases) if wires[1].inputs["pads"].decode(bytes(message))]
    assert len(wires[0].rows) <= len(hands) + len(releases)
    assert len(wires[0].rows) >= sum(message[0] & 0xF0 != 0xB0 for message in plain)


@given(st.lists(st.tuples(st.sampled_from(["keys", "pads"]), st.one_of(strike, release)), max_size=60))
@pytest.mark.slow
def test_a_release_at_one_port_ends_nothing_of_another(hands):
    wire = Wire()
    last: dict[int, tuple[str, int]] = {}
    for port, message in hands:
        sent = wire.play(*message, port=port)
        channel, is_strike = message[0] & 0x0F, message[0] & 0xF0 == 0x90 and message[2]
        if is_strike:
            last[channel] = (port, message[1])
        elif sent.messages:
            assert last.pop(channel) == (port, message[1])
        else:
            assert last.get(channel) != (port, message[1])
    sounding = {(message[0] & 0x0F) for message in wire.output.all_notes_off()}
    assert sounding == set(last)


unit = st.sampled_from([step / 127 for step in range(0, 128, 9)])
vectors = st.lists(st.tuples(*[unit] * len(ENTRIES)), min_size=1, max_size=20)


@given(vectors)
@pytest.mark.slow
def test_of_dense_vectors_those_values_pass_that_differ(given_vectors):
    wire = Wire()
    before = None
    for vector in given_vectors:
        sent = wire.give(Interaction(vector))
        assert wire.vectors[-1] == vector
        struck = {message[0] & 0x0F for message in sent.strikes}
        assert struck == {c for c, i in ((0, 0), (1, 5)) if before is None or before[i] != vector[i]}
        before = vector


# --- what nobody played ------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [(0xB0, 7, 100), (0xE0, 0, 64), (0xD1, 5)])
def test_values_that_nobody_played_never_sound(message):
    sent = Wire().play(*message)
    assert sent.messages == [bytes(message)]


def test_a_velocity_that_nobody_played_is_that_of_the_entry():
    entries = (["note_on", 1, 80], ["note_velocity", 1], ["control_change", 1, 7])
    wire = Wire(entries=entries)
    wire.inputs["keys"] = InputMapping(parse_mapping([["note_on", 1], ["control_change", 1, 11], entries[2]]))
    assert wire.play(0x90, 60, 100).strikes == [b"\x90\x3c\x50"]
    assert wire.play(0xB0, 11, 33).messages == []  # a velocity by itself strikes nothing
    assert wire.play(0x90, 60, 100).strikes == [b"\x90\x3c\x21"]


def test_a_knob_that_is_mapped_to_a_pitch_plays_it_when_it_moves():
    wire = Wire(entries=(["note_on", 1], ["control_change", 1, 7]))
    wire.inputs["keys"] = InputMapping(parse_mapping([["control_change", 1, 20], ["control_change", 1, 7]]))
    assert wire.play(0xB0, 20, 60).strikes == [b"\x90\x3c\x7f"]
    assert wire.play(0xB0, 20, 60).messages == []
    assert wire.play(0xB0, 7, 60).messages == [b"\xb0\x07\x3c"]
    assert wire.play(0xB0, 20, 61).messages == [b"\x80\x3c\x00", b"\x90\x3d\x7f"]


# --- together with the model, and with what ends notes ----------------------------------------------


def test_a_release_leaves_the_models_note_alone():
    note = 60 / 127
    wire = Wire(mode="polyphony", predictions=[(0.1, note, *[0.5] * (DIMENSION - 2))])
    wire.play(0x90, 60, 100)
    assert wire.run(0.2).strikes[0][:2] == b"\x90\x3c"
    assert wire.play(0x80, 60, 0).messages == []
    assert wire.play(0x90, 62, 100).ends == [b"\x80\x3c\x00"]
    assert wire.play(0x80, 62, 0).messages == [b"\x80\x3e\x00"]


def test_outputs_that_send_everything_get_the_rest_as_they_have_it():
    model = (0.1, *[0.25] * len(ENTRIES))
    wire = Wire(mode="polyphony", predictions=[model])
    wire.play(0xB0, 7, 127)
    assert wire.vectors[0][2] == 1.0
    wire.run(0.2)
    assert wire.vectors[1] == model[1:]
    wire.play(0xE0, 127, 127)
    assert wire.vectors[2] == (0.25, 0.25, 0.25, 1.0, 0.25, 0.25, 0.25)


@pytest.mark.parametrize("off", [(0xB0, 123, 0), (0xB0, 120, 0), (0xB0, 127, 0)])
def test_all_notes_off_lets_go_of_every_key_of_its_channel(off):
    wire = Wire()
    wire.play(0x90, 60, 1)
    wire.play(0x91, 61, 1)
    assert wire.play(*off).messages == [b"\x80\x3c\x00"]


@pytest.mark.parametrize("end", [Set("input_thru", False), Set("paused", True)])
def test_a_note_ends_whatever_was_set_since_it_was_struck(end):
    wire = Wire()
    wire.play(0x90, 60, 100)
    ended = wire.give(end).ends + wire.play(0x80, 60, 0).ends
    assert ended == [b"\x80\x3c\x00"]


def test_a_matrix_passes_on_to_its_ports_and_keeps_out_of_others():
    wire = Wire(input_thru=False, thru_matrix=(("pads", ("out",)),))
    assert wire.play(0x90, 60, 100).messages == []
    assert wire.play(0x91, 61, 100, port="pads").strikes == [b"\x91\x3d\x5a"]
    assert wire.play(0x81, 61, 0).messages == []
    assert wire.play(0x81, 61, 0, port="pads").messages == [b"\x81\x3d\x00"]


def test_positions_that_came_too_fast_are_passed_on_with_the_next_and_late_keys_are_not_struck():
    wire = Wire()
    wire.skim(0xB0, 7, 10)
    wire.skim(0xB0, 7, 20)
    wire.skim(0x90, 60, 100)
    assert wire.play(0xE0, 0, 64).messages == [b"\xb0\x07\x14", b"\xe0\x00\x40"]
    assert wire.play(0x80, 60, 0).messages == []
    assert wire.play(0xE0, 1, 64).messages == [b"\xe0\x01\x40"]


def test_the_first_update_counts_even_where_it_is_what_the_instrument_started_with():
    wire = Wire()
    start = wire.engine.snapshot().input_values[2]
    assert len(wire.give(Update(((2, start),))).messages) == 1
    assert wire.give(Update(((2, start),))).messages == []


def test_what_came_too_fast_before_thru_was_turned_on_is_not_passed_on_later():
    wire = Wire(input_thru=False)
    wire.skim(0xB0, 7, 10)
    wire.play(0xE0, 0, 64)
    wire.give(Set("input_thru", True))
    assert wire.play(0xE0, 1, 64).messages == [b"\xe0\x01\x40"]

"""Values and the messages that play them; the published vectors are run in tests/conformance."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.mapping.entries import ControlChange, NoteOn, NoteVelocity, PitchBend, parse_mapping
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping


def mapping(*entries):
    return OutputMapping(parse_mapping(list(entry) for entry in entries))


def played(player, *vectors):
    return [[list(message) for message in player.encode(values)] for values in vectors]


@pytest.mark.parametrize(
    ("entry", "value", "messages"),
    [
        (("note_on", 1), 0.5, [[0x90, 64, 127]]),
        (("note_on", 2, 100), 1.0, [[0x91, 127, 100]]),
        (("note_on", 2, 0), 0.0, [[0x91, 0, 1]]),
        (("note_velocity", 1), 0.5, []),
        (("control_change", 1, 7), 0.5, [[0xB0, 7, 64]]),
        (("control_change", 1, 7, 127, 0), 0.0, [[0xB0, 7, 127]]),
        (("control_change", 1, 7, 127, 0), 1.0, [[0xB0, 7, 0]]),
        (("control_change", 1, 7, 20, 10), 0.25, [[0xB0, 7, 18]]),
        (("control_change", 1, 7, 42, 42), 0.9, [[0xB0, 7, 42]]),
        (("pitch_bend", 16), 0.5, [[0xEF, 0, 64]]),
        (("control_change_14", 1, 1), 0.5, [[0xB0, 1, 64], [0xB0, 33, 0]]),
        (("control_change_14", 16, 31), 1.0, [[0xBF, 31, 127], [0xBF, 63, 127]]),
        (("channel_aftertouch", 3), 0.5, [[0xD2, 64]]),
        (("program_change", 4), 5 / 127, [[0xC3, 5]]),
    ],
)
def test_each_kind_sends_its_message(entry, value, messages):
    assert played(mapping(entry), [value]) == [messages]


@pytest.mark.parametrize(
    ("value", "position"), [(-1.0, 0), (2.0, 127), (math.inf, 127), (-math.inf, 0), (math.nan, 0)]
)
def test_values_are_clipped(value, position):
    assert played(mapping(("control_change", 1, 7)), [value]) == [[[0xB0, 7, position]]]


def test_half_a_step_is_rounded_up():
    assert played(mapping(("control_change", 1, 7, 0, 1)), [0.5]) == [[[0xB0, 7, 1]]]
    assert played(mapping(("control_change", 1, 7, 1, 0)), [0.5]) == [[[0xB0, 7, 1]]]
    assert played(mapping(("control_change", 1, 7, 0, 63)), [0.5]) == [[[0xB0, 7, 32]]]
    assert played(mapping(("pitch_bend", 1)), [0.5]) == [[[0xE0, 0, 64]]]


def test_as_many_values_as_entries():
    with pytest.raises(ValueError, match="2 values for a mapping of 1"):
        mapping(("note_on", 1)).encode([0.5, 0.5])


def test_only_the_fine_part_follows_a_small_change():
    player = mapping(("control_change_14", 1, 1))
    values = [8192, 8193, 8193, 8319, 8320, 8192]
    assert played(player, *([value / 16383] for value in values)) == [
        [[0xB0, 1, 64], [0xB0, 33, 0]],
        [[0xB0, 33, 1]],
        [],
        [[0xB0, 33, 127]],
        [[0xB0, 1, 65], [0xB0, 33, 0]],
        [[0xB0, 1, 64], [0xB0, 33, 0]],
    ]


@pytest.mark.parametrize("kind", [("channel_aftertouch", 1), ("program_change", 1)])
def test_what_a_receiver_holds_is_not_sent_twice(kind):
    player = mapping(kind)
    assert [len(step) for step in played(player, [0.5], [0.5], [0.502], [0.6])] == [1, 0, 0, 1]


def test_resend_says_what_a_receiver_should_hold():
    player = mapping(
        ("pitch_bend", 1),
        ("note_on", 1),
        ("control_change_14", 1, 1),
        ("control_change", 1, 7),
        ("program_change", 2),
    )
    assert player.resend() == []
    player.encode([0.0, 0.5, 0.0, 0.25, 0.5])
    player.encode([0.0, 0.5, 0.5, 0.25, 0.5])
    expected = [[0xB0, 1, 64], [0xB0, 7, 32], [0xB0, 33, 0], [0xC1, 64], [0xE0, 0, 0]]
    assert [list(message) for message in player.resend()] == expected
    assert played(player, [0.0, 0.5, 0.5, 0.25, 0.5]) == [[[0x80, 64, 0], [0x90, 64, 127]]]
    player.all_notes_off()
    assert player.resend() == []


def test_panic_ends_notes_and_silences_the_channels_in_use():
    player = mapping(("note_on", 3), ("control_change", 1, 7), ("note_velocity", 3), ("pitch_bend", 16))
    player.encode([0.5, 0.5, 0.5, 0.5])
    off = [[0xB0, 120, 0], [0xB0, 123, 0], [0xB2, 120, 0], [0xB2, 123, 0], [0xBF, 120, 0], [0xBF, 123, 0]]
    assert [list(message) for message in player.panic()] == [[0x82, 64, 0], *off]
    assert [list(message) for message in player.panic()] == off
    assert len(player.encode([0.5, 0.5, 0.5, 0.5])) == 3


# --- what holds for every mapping --------------------------------------------------------------------

ranges = st.tuples(st.integers(0, 127), st.integers(0, 127)).filter(lambda ends: ends[0] != ends[1])


def entries_on(channel):
    """Every kind of entry on a channel, with its smallest step and the smallest value that it can send."""
    return st.one_of(
        st.just([(["note_on", channel], 127, 0.0)]),
        st.just([(["note_on", channel, 5], 127, 0.0)]),
        # Velocity 0 would end the note: 1 is the least.
        st.just([(["note_on", channel], 127, 0.0), (["note_velocity", channel], 127, 1 / 127)]),
        st.integers(0, 127).map(lambda cc: [(["control_change", channel, cc], 127, 0.0)]),
        st.tuples(st.integers(0, 127), ranges).map(
            lambda drawn: [(["control_change", channel, drawn[0], *drawn[1]], abs(drawn[1][0] - drawn[1][1]), 0.0)]
        ),
        st.just([(["pitch_bend", channel], 16383, 0.0)]),
        st.integers(0, 31).map(lambda cc: [(["control_change_14", channel, cc], 16383, 0.0)]),
        st.just([(["channel_aftertouch", channel], 127, 0.0)]),
        st.just([(["program_change", channel], 127, 0.0)]),
    )


@given(st.data())
@pytest.mark.slow
def test_what_is_played_is_heard_to_half_a_step(data):
    channels = data.draw(st.lists(st.integers(1, 16), min_size=1, max_size=6, unique=True))
    rows = [row for channel in channels for row in data.draw(entries_on(channel))]
    entries = parse_mapping([entry for entry, _steps, _least in rows])
    player, listener = OutputMapping(entries), InputMapping(entries)
    state = [math.nan] * len(entries)
    vectors = data.draw(st.lists(st.tuples(*[st.floats(0, 1)] * len(entries)), min_size=1, max_size=8))
    for vector in vectors:
        for message in player.encode(vector):
            for index, value in listener.decode(message) or ():
                state[index] = value
        for value, heard, (_entry, steps, least) in zip(vector, state, rows, strict=True):
            assert abs(max(value, least) - heard) <= 0.5 / steps + 1e-12


voices = st.one_of(
    st.integers(1, 2).map(NoteOn),
    st.builds(NoteOn, st.integers(1, 2), st.integers(0, 127)),
    st.integers(1, 2).map(NoteVelocity),
    st.just(ControlChange(1, 7)),
    st.just(PitchBend(2)),
)


@given(st.data())
@pytest.mark.slow
def test_every_note_ends_once_and_only_what_sounds_is_ended(data):
    entries = data.draw(st.lists(voices, min_size=1, max_size=6))
    # Few pitches, so that voices meet on the same note.
    vector = st.tuples(*[st.sampled_from([0.0, 0.5, 0.51, 1.0])] * len(entries))
    actions = data.draw(
        st.lists(st.one_of(vector, st.sampled_from(["all_notes_off", "panic", "resend"])), max_size=20)
    )
    player = OutputMapping(entries)
    note_entries = sum(isinstance(entry, NoteOn) for entry in entries)
    sounding = set()
    for action in [*actions, "all_notes_off"]:
        messages = getattr(player, action)() if isinstance(action, str) else player.encode(action)
        begun = 0
        for message in messages:
            kind, note = message[0] & 0xF0, (message[0] & 0x0F, message[1])
            if kind == 0x90:
                assert 1 <= message[2] <= 127
                sounding.add(note)
                begun += 1
            elif kind == 0x80:
                assert note in sounding
                sounding.remove(note)
        assert begun == (0 if isinstance(action, str) else note_entries)
        if action in ("all_notes_off", "panic"):
            assert not sounding
        assert len(sounding) <= note_entries
    assert not sounding


class Receiver:
    """What a synthesiser holds, which takes the fine part to be 0 when a coarse part comes."""

    def __init__(self):
        self.held = {}

    def hear(self, messages):
        for message in messages:
            if message[0] & 0xF0 == 0xB0:
                self.held[message[:2]] = message[2]
                if message[1] < 32:
                    self.held[bytes((message[0], message[1] + 32))] = 0
            elif message[0] & 0xF0 in (0xC0, 0xD0, 0xE0):
                self.held[message[:1]] = message[1:]


holding = st.one_of(
    st.tuples(st.just("control_change"), st.integers(1, 2), st.integers(64, 66)),
    st.tuples(st.just("control_change_14"), st.integers(1, 2), st.integers(0, 1)),
    st.tuples(st.sampled_from(["pitch_bend", "channel_aftertouch", "program_change"]), st.integers(1, 2)),
)


@given(st.data())
@pytest.mark.slow
def test_who_joins_late_holds_what_the_others_hold(data):
    entries = data.draw(st.lists(holding, min_size=1, max_size=6))
    player = mapping(*entries)
    always, late = Receiver(), Receiver()
    values = st.floats(0, 1) | st.sampled_from([0.5, 0.50001, 0.5001, 0.502])
    for vector in data.draw(st.lists(st.tuples(*[values] * len(entries)), min_size=1, max_size=8)):
        always.hear(player.encode(vector))
    late.hear(player.resend())
    assert late.held == always.held

"""MIDI clock as bytes: what comes, and what a receiver is sent."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.midiclock import ClockSending, decode_clock
from impsy.events import MidiClock

TICK, START, CONTINUE, STOP = (bytes((status,)) for status in (0xF8, 0xFA, 0xFB, 0xFC))


@pytest.mark.parametrize(
    ("message", "means"),
    [
        ("f8", MidiClock("tick", "in")),
        ("fa", MidiClock("start", "in")),
        ("fb", MidiClock("continue", "in")),
        ("fc", MidiClock("stop", "in")),
        ("f2 10 00", MidiClock("position", "in", 16)),
        ("f2 7f 7f", MidiClock("position", "in", 16383)),
        ("f2 10", None),
        ("f2 80 00", None),
        ("f8 00", None),
        ("f1 10", None),
        ("fe", None),
        ("90 40 40", None),
        ("", None),
    ],
)
def test_each_message_has_its_meaning(message, means):
    assert decode_clock(bytes.fromhex(message), "in") == means


@given(st.binary(max_size=5))
def test_no_bytes_are_too_strange(message):
    decoded = decode_clock(message, "in")
    assert decoded is None or 0 <= decoded.position < 1 << 14


def song_position(sixteenths):
    return bytes((0xF2, sixteenths & 0x7F, sixteenths >> 7))


def test_a_receiver_starts_on_a_beat_and_gets_every_tick():
    sending = ClockSending()
    sent = [sending.tick(position, True) for position in range(10, 60)]
    assert sent[24 - 10] == [START, TICK]
    assert list(chain(*sent)).count(TICK) == 50
    assert list(chain(*sent)).count(START) == 1


def test_after_a_stop_it_continues_on_a_sixteenth_where_the_beat_is():
    sending = ClockSending()
    for position in range(24, 30):
        sending.tick(position, True)
    assert sending.tick(30, False) == [STOP, TICK]
    assert sending.tick(31, False) == [TICK]
    sent = [sending.tick(position, True) for position in range(32, 40)]
    assert sent[:4] == [[TICK]] * 4
    assert sent[4] == [song_position(2), CONTINUE, TICK]  # tick 36, 12 after its start
    assert sent[5] == [TICK]


def test_a_stop_is_sent_once_and_a_forgotten_song_starts_anew():
    sending = ClockSending()
    assert sending.stop() == []
    sending.tick(0, True)
    assert sending.stop(forget=True) == [STOP]
    assert sending.stop() == []
    assert sending.tick(24, True) == [START, TICK]


def test_a_beat_that_was_set_back_starts_anew():
    sending = ClockSending()
    sending.tick(96, True)
    sending.stop()
    assert sending.tick(6, True) == [TICK]
    assert sending.tick(24, True) == [START, TICK]


@given(st.lists(st.tuples(st.integers(0, 1 << 20), st.booleans()), max_size=50))
def test_whatever_the_positions_starts_and_stops_alternate_and_bytes_are_midi(ticks):
    sending, rolling = ClockSending(), False
    for position, wanted in ticks:
        for message in sending.tick(position, wanted):
            assert all(byte < 128 for byte in message[1:])
            if message in (START, CONTINUE):
                assert not rolling
                rolling = True
            elif message == STOP:
                assert rolling
                rolling = False

"""MIDI bytes off a serial line: whole messages, however they were cut and whatever stands between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.midi import MidiStream


def parsed(*pieces):
    stream = MidiStream()
    return [list(message) for piece in pieces for message in stream.feed(bytes(piece))]


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        ([0x90, 60, 100], [[0x90, 60, 100]]),
        ([0x90, 60, 100, 62, 101, 62, 0], [[0x90, 60, 100], [0x90, 62, 101], [0x90, 62, 0]]),
        ([0xC5, 3, 4], [[0xC5, 3], [0xC5, 4]]),
        ([0xD0, 3, 0xB0, 1, 2], [[0xD0, 3], [0xB0, 1, 2]]),
        ([0x90, 0xF8, 60, 0xFE, 100, 0xFA, 61, 0xFF, 99], [[0x90, 60, 100], [0x90, 61, 99]]),
        # Undefined real-time bytes count as real-time.
        ([0x90, 60, 0xF9, 100, 0xFD, 61, 99], [[0x90, 60, 100], [0x90, 61, 99]]),
        # System exclusive and common, defined or not, end running status.
        ([0x90, 60, 100, 0xF0, 1, 2, 3, 0xF7, 61, 99], [[0x90, 60, 100]]),
        ([0x90, 60, 100, 0xF4, 61, 99, 0xB0, 1, 2], [[0x90, 60, 100], [0xB0, 1, 2]]),
        ([0x90, 60, 100, 0xF5, 61, 99], [[0x90, 60, 100]]),
        ([0xF2, 1, 2, 0xF3, 1, 0xF1, 1, 0xF6, 60, 100], []),
        ([0xF7, 60, 100], []),
        # A status byte ends a system exclusive message that lacks its end; real-time bytes within it do not.
        ([0xF0, 1, 2, 0x90, 60, 100], [[0x90, 60, 100]]),
        ([0xF0, 1, 0xF8, 60, 100, 61, 0xF7, 0x90, 60, 100], [[0x90, 60, 100]]),
        # What is cut short by another message is dropped.
        ([0x90, 60, 0xB0, 1, 2, 3, 4], [[0xB0, 1, 2], [0xB0, 3, 4]]),
        ([0x90, 60, 0x90, 61, 62], [[0x90, 61, 62]]),
        # Plugged in in the middle of something.
        ([60, 100, 61, 0x90, 60, 100], [[0x90, 60, 100]]),
        ([], []),
    ],
)
def test_the_rules_of_the_stream(data, messages):
    assert parsed(data) == messages
    assert parsed(*([byte] for byte in data)) == messages


def test_a_system_exclusive_message_without_end_is_passed_over():
    stream = MidiStream()
    assert stream.feed(b"\xf0") == []
    for _ in range(100):
        assert stream.feed(b"\x01" * 10_000) == []
    assert stream.feed(b"\xf7\x90\x3c\x64") == [b"\x90\x3c\x64"]


chunks = st.lists(st.binary(max_size=12), max_size=20)


@given(chunks)
def test_any_cut_of_the_same_bytes_gives_the_same_messages(pieces):
    assert parsed(*pieces) == parsed(b"".join(pieces))


@given(chunks)
def test_all_messages_are_complete(pieces):
    for message in parsed(*pieces):
        assert 0x80 <= message[0] < 0xF0
        assert len(message) == (2 if message[0] & 0xE0 == 0xC0 else 3)
        assert all(byte < 0x80 for byte in message[1:])


@st.composite
def channel_messages(draw):
    status = draw(st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0])) | draw(st.integers(0, 2))
    size = 1 if status & 0xE0 == 0xC0 else 2
    return bytes([status, *(draw(st.integers(0, 127)) for _ in range(size))])


@given(st.data())
@pytest.mark.slow
def test_what_a_sender_may_do_changes_nothing(data):
    """Leave out a repeated status byte, put real-time bytes anywhere, and system exclusive between messages."""
    messages = data.draw(st.lists(channel_messages(), max_size=20))
    running = 0
    sent = bytearray()
    for message in messages:
        if data.draw(st.integers(0, 9)) == 0:
            sent += b"\xf0" + bytes(data.draw(st.lists(st.integers(0, 127), max_size=5))) + b"\xf7"
            running = 0
        leave_out = message[0] == running and data.draw(st.booleans())
        for byte in message[leave_out:]:
            sent += bytes(data.draw(st.lists(st.integers(0xF8, 0xFF), max_size=1)))
            sent.append(byte)
        running = message[0]
    assert parsed(sent) == [list(message) for message in messages]

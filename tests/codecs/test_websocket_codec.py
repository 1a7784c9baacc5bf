"""Frames of text and the messages they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.websocket import TEXT_LIMIT, decode_text, encode_text

PAIRS = [
    ("/channel/1/noteon/60/100", [0x90, 60, 100]),
    ("/channel/16/noteoff/60/0", [0x8F, 60, 0]),
    ("/channel/2/cc/127/127", [0xB1, 127, 127]),
    ("/channel/1/pitchbend/0", [0xE0, 0, 0]),
    ("/channel/1/pitchbend/129", [0xE0, 1, 1]),
    ("/channel/1/pitchbend/16383", [0xE0, 127, 127]),
    ("/channel/3/program/5", [0xC2, 5]),
    ("/channel/3/aftertouch/6", [0xD2, 6]),
]


@pytest.mark.parametrize(("text", "message"), PAIRS)
def test_each_word_has_its_message(text, message):
    assert decode_text(text) == bytes(message)
    assert encode_text(bytes(message)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "channel/1/noteon/60/100",
        " /channel/1/noteon/60/100",
        "/channel/1/noteon/60/100 ",
        "/channel/1/noteon/60/100/",
        "/channel/1/noteon/60/100/1",
        "/channel/1/noteon/60",
        "/channel/1/noteon//100",
        "/channel/0/noteon/60/100",
        "/channel/17/noteon/60/100",
        "/channel/-1/noteon/60/100",
        "/channel/1/noteon/128/100",
        "/channel/1/noteon/60/128",
        "/channel/1/noteon/-1/100",
        "/channel/1/noteon/+1/100",
        "/channel/1/noteon/6_0/100",
        "/channel/1/noteon/60.0/100",
        "/channel/1/noteon/sixty/100",
        "/channel/1/noteon/٦٠/100",
        "/channel/1/noteon/²/100",
        "/channel/1/pitchbend/16384",
        "/channel/1/pitchbend/1/2",
        "/channel/1/NOTEON/60/100",
        "/channel/1/sysex/60/100",
        "/channel/1/cc/" + "0" * TEXT_LIMIT + "1/1",
        "/channel/1/cc/" + "9" * 100_000 + "/1",
    ],
)
def test_what_is_malformed_or_out_of_range_is_nothing(text):
    assert decode_text(text) is None


@pytest.mark.parametrize(
    "message", [b"", b"\x90\x3c", b"\x90\x3c\x80", b"\xf8", b"\xf0\x01\xf7", b"\xa0\x01\x01", b"\xe0\x01"]
)
def test_what_has_no_frame_says_so(message):
    with pytest.raises(ValueError, match="no WebSocket frame"):
        encode_text(message)


statuses = st.sampled_from([0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0])
data_byte = st.integers(0, 127)


@given(statuses, st.integers(0, 15), data_byte, data_byte)
def test_every_message_survives_the_journey(status, channel, first, second):
    message = bytes([status | channel, first] if status in (0xC0, 0xD0) else [status | channel, first, second])
    assert decode_text(encode_text(message)) == message


words = st.sampled_from(
    ["/", "channel", "noteon", "cc", "pitchbend", "program", "aftertouch", "1", "127", "x", "-1", ""]
)


@given(st.text(max_size=80) | st.lists(words | st.text(max_size=3), max_size=8).map("/".join))
def test_any_text_is_a_message_or_nothing(text):
    message = decode_text(text)
    if message is not None:
        assert decode_text(encode_text(message)) == message

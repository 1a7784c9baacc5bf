"""Frames of text and the messages they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.websocket import LINE_LIMIT, decode_frame, encode_text
from impsy.errors import PeerError

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
    assert decode_frame(text) == [bytes(message)]
    assert encode_text(bytes(message)) == text


REFUSED = {
    "hello": "malformed",
    "/": "malformed",
    "channel": "malformed",
    "/channel/1": "malformed",
    "/interface/1/noteon/60/100": "malformed",
    '{"type": "noteon", "channel": 1, "note": 60, "velocity": 100}': "malformed",
    "/channel/1/sysex/60/100": "word",
    "/channel/1/noteon/60/100/1": "numbers",
    "/channel/1/noteon/60": "numbers",
    "/channel/1/cc/7": "numbers",
    "/channel/1/pitchbend/1/2": "numbers",
    "/channel/1/noteoff/60/0/0": "numbers",
    "/channel/1/noteon//100": "number",
    "/channel//noteon/60/100": "number",
    "/channel/1/noteon/6_0/100": "number",
    "/channel/1/noteon/6 0/100": "number",
    "/channel/1/noteon/sixty/100": "number",
    "/channel/1/noteon/٦٠/100": "number",
    "/channel/1/noteon/²/100": "number",
    "/channel/1/cc/7/nan": "number",
    "/channel/1/cc/7/1e2": "number",
    "/channel/1/cc/7/0x10": "number",
    "/channel/1/cc/7/1,5": "number",
    "/channel/0/noteon/60/100": "range",
    "/channel/17/noteon/60/100": "range",
    "/channel/-1/noteon/60/100": "range",
    "/channel/1/noteon/128/100": "range",
    "/channel/1/noteon/60/128": "range",
    "/channel/1/noteon/60/127.4": "range",
    "/channel/1/noteon/-1/100": "range",
    "/channel/1/cc/7/-0.4": "range",
    "/channel/1/pitchbend/16384": "range",
    "/channel/1.5/cc/7/100": "fraction",
    "/channel/1/cc/7.5/100": "fraction",
    "/channel/1/cc/7/0.5": "fraction",  # half of the range, or less than one of 127
    "/channel/1/cc/" + "0" * LINE_LIMIT + "1/1": "long",
    "/channel/1/cc/" + "9" * 100_000 + "/1": "long",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_malformed_ambiguous_or_out_of_range_is_refused_with_a_reason(text):
    (problem,) = decode_frame(text)
    assert isinstance(problem, PeerError)
    assert problem.kind == REFUSED[text]
    assert len(str(problem)) < 200


@pytest.mark.parametrize(
    "frame", ["", "\n", "\r\n\r\n", " ", "\0", b"", b"\n", b"\xf8", b"\xf0\x7e\x01\xf7", b"\xfe"]
)
def test_empty_lines_and_system_messages_are_passed_over(frame):
    assert decode_frame(frame) == []


CLIENTS = {
    "websocat, wscat and netcat pipes: a line": "/channel/1/noteon/60/100\n",
    "lines of Windows": "/channel/1/noteon/60/100\r\n",
    "C strings": "/channel/1/noteon/60/100\0",
    "a byte order mark": "\ufeff/channel/1/noteon/60/100",
    "blanks around": "  /channel/1/noteon/60/100\t",
    "blanks at the slashes": "/channel / 1 / noteon / 60 / 100",
    "no slash at the beginning": "channel/1/noteon/60/100",
    "a slash at the end": "/channel/1/noteon/60/100/",
    "capitals": "/CHANNEL/1/NoteOn/60/100",
    "names of mido and of mappings": "/channel/1/note_on/60/100",
    "Processing and JavaScript: floats": "/channel/1.0/noteon/60.0/100.0",
    "floats with a fraction in the value": "/channel/1/noteon/60/99.5",
    "zeros in front": "/channel/01/noteon/060/100",
    "a plus": "/channel/+1/noteon/+60/+100",
    "JSON.stringify of the text": '"/channel/1/noteon/60/100"',
    "binary frames with text": b"/channel/1/noteon/60/100",
    "binary frames with a line": b"/channel/1/noteon/60/100\r\n",
    "Web MIDI pages that pass on event.data": b"\x90\x3c\x64",
}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_clients_send_is_understood(client):
    assert decode_frame(CLIENTS[client]) == [b"\x90\x3c\x64"]


@pytest.mark.parametrize(
    ("frame", "messages"),
    [
        ("/channel/1/noteoff/60", [b"\x80\x3c\x00"]),
        ("/channel/1/noteon/60/0", [b"\x90\x3c\x00"]),
        ("/channel/1/noteon/60/100\n/channel/2/cc/7/127\n", [b"\x90\x3c\x64", b"\xb1\x07\x7f"]),
        ("\n\n/channel/1/program/5\n\n/channel/1/aftertouch/6", [b"\xc0\x05", b"\xd0\x06"]),
        (b"\x90\x3c\x64\xb1\x07\x7f", [b"\x90\x3c\x64", b"\xb1\x07\x7f"]),
        ("/channel/1/control_change/7/127", [b"\xb0\x07\x7f"]),
        ("/channel/1/pitch_bend/8192", [b"\xe0\x00\x40"]),
        ("/channel/1/pitchwheel/8191.5", [b"\xe0\x00\x40"]),
    ],
)
def test_frames_of_several_messages_and_short_forms(frame, messages):
    assert decode_frame(frame) == messages


def test_one_bad_line_does_not_touch_the_others():
    found = decode_frame("/channel/1/program/5\nhello\n/channel/1/program/6")
    assert found[::2] == [b"\xc0\x05", b"\xc0\x06"]
    assert found[1].kind == "malformed"


@pytest.mark.parametrize("frame", [b"\x90\x3c", b"\x90\x3c\x64\x3d", b"\x3c\x90\x3c\x64", b"\xff\x80", b"\x80\xf8"])
def test_binary_frames_that_are_neither_are_refused(frame):
    (problem,) = decode_frame(frame)
    assert problem.kind == "binary"


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
    assert decode_frame(encode_text(message)) == [message]
    assert decode_frame(message) == [message]


@st.composite
def spellings(draw, text):
    """The same message as another client writes it."""
    parts = text.strip("/").split("/")
    parts[3:] = [part + draw(st.sampled_from(["", ".0", ".", ".00"])) for part in parts[3:]]
    parts[1] = draw(st.sampled_from(["", "0", "+"])) + parts[1]
    parts = [draw(st.sampled_from([str, str.upper, str.title]))(part) for part in parts]
    parts = [draw(st.sampled_from(["", " ", "\t"])) + part + draw(st.sampled_from(["", " "])) for part in parts]
    around = draw(st.sampled_from([("", ""), ("/", ""), ("/", "/"), ("", "/")]))
    line = "/".join(parts).join(around)
    line = (
        draw(st.sampled_from(["", " ", "\n", "\ufeff"])) + line + draw(st.sampled_from(["", "\n", "\r\n", "\0", " "]))
    )
    return line.encode() if draw(st.booleans()) else line


@given(st.data(), statuses, st.integers(0, 15), data_byte, data_byte)
@pytest.mark.slow
def test_every_spelling_of_a_message_means_the_same(data, status, channel, first, second):
    message = bytes([status | channel, first] if status in (0xC0, 0xD0) else [status | channel, first, second])
    assert decode_frame(data.draw(spellings(encode_text(message)))) == [message]


words = st.sampled_from(
    ["/", "channel", "noteon", "cc", "pitchbend", "program", "aftertouch", "1", "127", "x", "-1", "", "\n", "0.5"]
)


@given(
    st.text(max_size=80) | st.binary(max_size=40) | st.lists(words | st.text(max_size=3), max_size=8).map("/".join)
)
@pytest.mark.slow
def test_any_frame_is_messages_or_problems(frame):
    for found in decode_frame(frame):
        if isinstance(found, bytes) and found[0] & 0xF0 != 0xA0:
            assert decode_frame(encode_text(found)) == [found]
        elif not isinstance(found, bytes):
            assert isinstance(found, PeerError)

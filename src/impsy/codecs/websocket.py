"""WebSocket frames <-> MIDI messages: ``/channel/1/noteon/60/100``, channels from 1.

The words are a column of ``impsy.mapping.wire.MESSAGES``. Clients that send lines, several messages at once,
capitals, or the MIDI bytes themselves are understood too.
"""

from __future__ import annotations

import re
from math import floor

from impsy.codecs.midi import MidiStream
from impsy.errors import PeerError
from impsy.mapping.wire import BEND_STEPS, MESSAGES, NOTE_OFF, PITCH_BEND, STEPS, SYSTEM

__all__ = ["LINE_LIMIT", "decode_frame", "encode_text"]

LINE_LIMIT = 64
"""Characters of a message; a longer one is none of ours."""

EXAMPLE = "/channel/1/cc/7/127"

_ALSO = {
    "controlchange": "cc",
    "controller": "cc",
    "programchange": "program",
    "channelaftertouch": "aftertouch",
    "channelpressure": "aftertouch",
    "pitchwheel": "pitchbend",
}
"""Other names of the same, as mappings and MIDI libraries call them."""

_BY_WORD = {kind.word: status for status, kind in MESSAGES.items() if kind.word}
_BY_WORD |= {other: _BY_WORD[word] for other, word in _ALSO.items()}

_NUMBER = re.compile(r"[+-]?\d{1,6}(\.\d*)?", re.ASCII)


def decode_frame(frame: str | bytes) -> list[bytes | PeerError]:
    """The MIDI messages of one frame, text or binary, a line each; what is wrong is in its place. Never raises."""
    if isinstance(frame, str):
        return _lines(frame)
    try:
        return _lines(frame.decode("utf-8"))
    except UnicodeDecodeError:
        return _midi(frame)


def _lines(frame: str) -> list[bytes | PeerError]:
    found: list[bytes | PeerError] = []
    for line in re.split(r"[\r\n\0]+", frame):
        text = line.strip(" \t\ufeff")
        if text:
            try:
                found.append(_line(text))
            except PeerError as problem:
                found.append(problem)
    return found


def _midi(frame: bytes) -> list[bytes | PeerError]:
    """The messages of a binary frame of MIDI bytes, as pages send them that pass on what Web MIDI gives them.

    They cannot be mistaken for text: a status byte that data bytes follow is not UTF-8.
    """
    if frame[0] >= SYSTEM and all(byte < 0x80 or byte >= SYSTEM for byte in frame):
        return []  # clock, exclusive and other system messages are passed over, as at a MIDI port
    messages = MidiStream().feed(frame)
    if not messages or b"".join(messages) != frame:
        return [PeerError("binary", f"{_shown(frame)} is neither text nor complete MIDI messages, such as {EXAMPLE}")]
    return list(messages)


def _line(text: str) -> bytes:
    """The MIDI message that one line stands for.

    Raises:
        PeerError: it is malformed, out of range, or may mean different things.
    """
    if len(text) > LINE_LIMIT:
        raise PeerError("long", f"{_shown(text)} is longer than {LINE_LIMIT} characters")
    if len(text) > 1 and text[0] == text[-1] == '"':  # a text as JSON
        text = text[1:-1]
    first, *parts = [part.strip().lower() for part in text.strip("/").split("/")]
    if first != "channel" or len(parts) < 3:
        raise PeerError("malformed", f"{_shown(text)} is no message like {EXAMPLE}")
    status = _BY_WORD.get(re.sub(r"[\s_-]", "", parts[1]))
    if status is None:
        words = ", ".join(kind.word for kind in MESSAGES.values() if kind.word)
        raise PeerError("word", f"{_shown(text)} names none of {words}")
    word, limits = MESSAGES[status].word, _limits(status)
    channel, *values = [_number(part, text) for part in (parts[0], *parts[2:])]
    if status == NOTE_OFF and len(values) == 1:
        values.append(0.0)  # how fast the key was released makes no difference here
    if len(values) != len(limits):
        raise PeerError("numbers", f"{_shown(text)} has {len(values)} numbers after {word}, not {len(limits)}")
    *selectors, value = values
    if 0 < value < 1:
        raise PeerError("fraction", f"{_shown(text)}: values are 0 to {limits[-1]}, not 0 to 1")
    for number, (low, high) in zip((channel, *values), ((1, 16), *((0, limit) for limit in limits)), strict=True):
        if not low <= number <= high:
            raise PeerError("range", f"{_shown(text)}: {number:g} is not from {low} to {high}")
    if not all(number.is_integer() for number in (channel, *selectors)):
        raise PeerError("fraction", f"{_shown(text)}: channels, notes and controllers are whole numbers")
    numbers = [*map(int, selectors), floor(value + 0.5)]
    data = (numbers[0] & 0x7F, numbers[0] >> 7) if status == PITCH_BEND else numbers
    return bytes((status | (int(channel) - 1), *data))


def _limits(status: int) -> tuple[int, ...]:
    """The largest of each number after a word. A pitch bend is one number, whose fine part is its first data byte."""
    return (BEND_STEPS,) if status == PITCH_BEND else (STEPS,) * len(MESSAGES[status].data)


def _number(part: str, text: str) -> float:
    if not _NUMBER.fullmatch(part):
        raise PeerError("number", f"{_shown(text)}: {_shown(part)} is no number")
    return float(part)


def encode_text(message: bytes) -> str:
    """The frame for one complete message of the kinds above.

    Raises:
        ValueError: there is no frame for this message.
    """
    kind = MESSAGES.get(message[0] & 0xF0) if message else None
    values = list(message[1:])
    if kind is None or not kind.word or len(values) != len(kind.data) or max(values) > 127:
        raise ValueError(f"there is no WebSocket frame for the MIDI message {message.hex(' ') or '(empty)'}")
    if message[0] & 0xF0 == PITCH_BEND:
        values = [values[1] << 7 | values[0]]
    return "/".join(["/channel", str((message[0] & 0x0F) + 1), kind.word, *map(str, values)])


def _shown(frame: str | bytes) -> str:
    text = repr(frame)
    return text if len(text) <= 60 else text[:59] + "…"

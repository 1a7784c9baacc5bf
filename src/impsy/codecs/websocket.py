"""WebSocket text frames <-> MIDI messages: ``/channel/1/noteon/60/100``, channels from 1.

The words are a table: a new one is a row.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TEXT_LIMIT", "decode_text", "encode_text"]

TEXT_LIMIT = 64
"""Characters of a frame; a longer one is none of ours."""


@dataclass(frozen=True, slots=True)
class _Word:
    """One kind of message: its word, its status byte on channel 1, and the largest of each of its numbers."""

    word: str
    status: int
    limits: tuple[int, ...]

    @property
    def data_bytes(self) -> int:
        """How many data bytes its numbers take: one each, or two if there is more in it than fits in seven bits."""
        return sum(1 if limit < 128 else 2 for limit in self.limits)


_WORDS = (
    _Word("noteoff", 0x80, (127, 127)),
    _Word("noteon", 0x90, (127, 127)),
    _Word("cc", 0xB0, (127, 127)),
    _Word("program", 0xC0, (127,)),
    _Word("aftertouch", 0xD0, (127,)),
    # The one number that takes two data bytes, the fine part first.
    _Word("pitchbend", 0xE0, (16383,)),
)
_BY_WORD = {row.word: row for row in _WORDS}
_BY_STATUS = {row.status: row for row in _WORDS}
_BEND = 0xE0


def decode_text(text: str) -> bytes | None:
    """The MIDI message that one frame stands for; None if it is malformed, or out of range. Never raises."""
    if len(text) > TEXT_LIMIT:
        return None
    parts = text.split("/")
    if len(parts) < 5 or parts[0] or parts[1] != "channel":
        return None
    row = _BY_WORD.get(parts[3])
    numbers = [_number(part) for part in (parts[2], *parts[4:])]
    if row is None or len(numbers) != 1 + len(row.limits) or not 1 <= numbers[0] <= 16:
        return None
    channel, *values = numbers
    if any(not 0 <= value <= limit for value, limit in zip(values, row.limits, strict=True)):
        return None
    data = (values[0] & 0x7F, values[0] >> 7) if row.status == _BEND else values
    return bytes((row.status | (channel - 1), *data))


def encode_text(message: bytes) -> str:
    """The frame for one complete message of the kinds above.

    Raises:
        ValueError: there is no frame for this message.
    """
    row = _BY_STATUS.get(message[0] & 0xF0) if message else None
    values = list(message[1:])
    if row is None or len(values) != row.data_bytes or max(values) > 127:
        raise ValueError(f"there is no WebSocket frame for the MIDI message {message.hex(' ') or '(empty)'}")
    if row.status == _BEND:
        values = [values[1] << 7 | values[0]]
    return "/".join(["/channel", str((message[0] & 0x0F) + 1), row.word, *map(str, values)])


def _number(text: str) -> int:
    """A whole number in plain digits; −1 for anything else (a sign, a letter, a digit of another script)."""
    return int(text) if text.isascii() and text.isdigit() else -1

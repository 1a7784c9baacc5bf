"""MIDI messages in words: what one says, and why a mapping makes nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from impsy.mapping import wire
from impsy.mapping.entries import MappingEntry, kind_of
from impsy.mapping.wire import Reception

__all__ = ["control_words", "describe_message", "note_name", "why_ignored"]

_SYSTEM_NAMES = {
    0xF0: "system exclusive",
    0xF1: "time code",
    0xF2: "song position",
    0xF3: "song select",
    0xF6: "tune request",
    0xF7: "end of system exclusive",
    0xF8: "clock",
    0xFA: "start",
    0xFB: "continue",
    0xFC: "stop",
    0xFE: "active sensing",
    0xFF: "reset",
}

_NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def note_name(note: int) -> str:
    """The name of a note 0-127, where 60 is C4 (makers differ on the octave)."""
    return f"{_NOTES[note % 12]}{note // 12 - 1}"


def control_words(index: int, names: Sequence[str] = (), *, short: bool = False) -> str:
    """What a control, counted from 0, is called: ``control 3 (cutoff)`` by its name, or else ``control 3``.

    ``short``: ``cutoff``, or else ``x_3``. ``names`` are those of ``[[controls]]``, "" where there is none.
    """
    name = names[index] if index < len(names) else ""
    if short:
        return name or f"x_{index + 1}"
    return f"control {index + 1} ({name})" if name else f"control {index + 1}"


def describe_message(message: bytes) -> str:
    """One complete message in words: ``channel 1: note on, note 60 (C4), velocity 100``. Never raises."""
    if not message or message[0] < 0x80:
        return "not a MIDI message"
    if message[0] >= wire.SYSTEM:
        return _SYSTEM_NAMES.get(message[0], "an undefined system message")
    kind = wire.MESSAGES[message[0] & 0xF0]
    channel = (message[0] & 0x0F) + 1
    if len(message) != 1 + len(kind.data) or any(byte > 127 for byte in message[1:]):
        return f"channel {channel}: a damaged {kind.name}"
    if message[0] & 0xF0 == wire.PITCH_BEND:
        return f"channel {channel}: pitch bend, value {message[2] << 7 | message[1]}"
    parts = [
        f"{name} {value} ({note_name(value)})" if name == "note" else f"{name} {value}"
        for name, value in zip(kind.data, message[1:], strict=True)
    ]
    return f"channel {channel}: {kind.name}, {', '.join(parts)}"


def why_ignored(entries: Iterable[MappingEntry], message: bytes) -> str:
    """Why an input mapped by ``entries`` makes nothing of this message, as the end of a sentence. Never raises.

    For a message of which it does make something, the words mean nothing.
    """
    if not message or message[0] < 0x80:
        return "it is not a MIDI message"
    kind = wire.MESSAGES.get(message[0] & 0xF0)
    if kind is None:
        return "system messages play nothing"
    if len(message) != 1 + len(kind.data) or any(byte > 127 for byte in message[1:]):
        return "it is damaged"
    ends_note = message[0] & 0xF0 == wire.NOTE_ON and not message[2]
    if ends_note or message[0] & 0xF0 == wire.NOTE_OFF:
        return "it ends a note, and only beginnings play"
    return _why_unmapped([kind_of(entry).reception(entry) for entry in entries], message, kind.name)


def _why_unmapped(receptions: list[Reception], message: bytes, kind: str) -> str:
    """A whole message that could mean something: so it is its kind, its channel, or what comes after."""
    alike = [reception for reception in receptions if reception.status & 0xF0 == message[0] & 0xF0]
    if not alike:
        return f"no entry of the mapping listens to {kind}"
    here = [reception for reception in alike if reception.status == message[0]]
    if not here:
        channels = _numbers({(reception.status & 0x0F) + 1 for reception in alike})
        return f"{kind} is mapped on channel {channels} only"
    return _why_not_here(here, message)


def _why_not_here(receptions: list[Reception], message: bytes) -> str:
    """Kind and channel are mapped; so it is the controller, or its value."""
    if any(None in reception.readers or message[1] in reception.readers for reception in receptions):
        fine = any(message[1] + wire.LSB_OFFSET in reception.readers for reception in receptions)
        if fine:
            return "it is the coarse half of a 14-bit controller, and waits for the fine half"
        return "this controller's minimum and maximum are the same, so it never changes anything"
    mapped = {number for reception in receptions for number in reception.readers if number is not None}
    return f"controller {message[1]} is not mapped on channel {(message[0] & 0x0F) + 1} (mapped: {_numbers(mapped)})"


def _numbers(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))

"""How values in [0, 1] stand in MIDI channel messages, both ways: what the rows of the table of kinds are made of.

Everything is by the MIDI 1.0 Detailed Specification, where a status byte holds the channel in its low four bits
(0-15 there, 1-16 here) and a data byte has seven bits. Rounding is to the nearest step, half a step upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = [
    "ALL_NOTES_OFF",
    "ALL_SOUND_OFF",
    "BEND_STEPS",
    "CHANNEL_AFTERTOUCH",
    "CONTROL_CHANGE",
    "KEY_AFTERTOUCH",
    "LSB_OFFSET",
    "MESSAGES",
    "NOTE_OFF",
    "NOTE_ON",
    "PITCH_BEND",
    "PROGRAM_CHANGE",
    "STEPS",
    "SYSTEM",
    "Held",
    "MessageKind",
    "Note",
    "Reader",
    "Reception",
    "Sending",
    "Velocity",
    "bend_sending",
    "control_sending",
    "fine_control_reception",
    "fine_control_sending",
    "message_size",
    "read_bend",
    "read_control",
    "read_first",
    "read_note",
    "read_velocity",
    "single_sending",
    "status_byte",
]

NOTE_OFF = 0x80
NOTE_ON = 0x90
KEY_AFTERTOUCH = 0xA0
CONTROL_CHANGE = 0xB0
PROGRAM_CHANGE = 0xC0
CHANNEL_AFTERTOUCH = 0xD0
PITCH_BEND = 0xE0

SYSTEM = 0xF0
"""Status bytes from here on are those of system messages, which have no channel."""


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of channel message: its name, its data bytes, and its word in WebSocket frames ("" if it has none)."""

    name: str
    data: tuple[str, ...]
    word: str = ""


MESSAGES = {
    NOTE_OFF: MessageKind("note off", ("note", "velocity"), "noteoff"),
    NOTE_ON: MessageKind("note on", ("note", "velocity"), "noteon"),
    KEY_AFTERTOUCH: MessageKind("key aftertouch", ("note", "pressure")),
    CONTROL_CHANGE: MessageKind("control change", ("controller", "value"), "cc"),
    PROGRAM_CHANGE: MessageKind("program change", ("program",), "program"),
    CHANNEL_AFTERTOUCH: MessageKind("channel aftertouch", ("pressure",), "aftertouch"),
    PITCH_BEND: MessageKind("pitch bend", ("fine", "coarse"), "pitchbend"),
}
"""Every kind of channel message by its status byte on channel 1."""

_SIZES = tuple(1 + len(MESSAGES.get(status & 0xF0, MESSAGES[NOTE_OFF]).data) for status in range(256))

ALL_SOUND_OFF = 120
ALL_NOTES_OFF = 123
"""The controllers by which a receiver ends what sounds: at once, and as if every key were let go."""

LSB_OFFSET = 32
"""Controllers 0-31 are the coarse part of a 14-bit value whose fine part is this much higher."""

STEPS = 127
BEND_STEPS = 16383


def status_byte(kind: int, channel: int) -> int:
    """The status byte of a kind of message (``NOTE_ON`` …) on a channel 1-16."""
    return kind | (channel - 1)


def message_size(status: int) -> int:
    """How many bytes a channel message with this status byte has: 2 or 3."""
    return _SIZES[status]


# --- in ----------------------------------------------------------------------------------------------

Reader = Callable[[int, int], float | None]
"""Takes a message's two data bytes (the second is 0 where there is none); gives the value, None if there is none."""


@dataclass(frozen=True, slots=True)
class Reception:
    """Which messages an entry listens to: a status byte, and a reader for each first data byte (None: any)."""

    status: int
    readers: Mapping[int | None, Reader]


def read_first(first: int, _second: int) -> float:
    """The first data byte, over 127."""
    return first / STEPS


def read_note(note: int, velocity: int) -> float | None:
    """The pitch, over 127; nothing if the velocity is 0, which ends a note."""
    return note / STEPS if velocity else None


def read_velocity(_note: int, velocity: int) -> float | None:
    """The velocity, over 127; nothing if it is 0, which ends a note."""
    return velocity / STEPS if velocity else None


def read_bend(lsb: int, msb: int) -> float:
    """The 14-bit bend, over 16383."""
    return (msb << 7 | lsb) / BEND_STEPS


def read_control(minimum: int, maximum: int) -> Reader:
    """A reader of positions from ``minimum`` (0) to ``maximum`` (1), which may run backwards.

    Positions beyond either end are that end. Where both ends are the same, a message says nothing.
    """
    low, high = sorted((minimum, maximum))
    span = maximum - minimum
    # Adding 0.0 turns the −0.0 of a controller that runs backwards into 0.0.
    values = [(min(high, max(low, raw)) - minimum) / span + 0.0 if span else None for raw in range(128)]
    return lambda _controller, position: values[position]


class _FineControl:
    """A controller whose 14-bit value comes in two messages, or from a simpler device only in the coarse one.

    The value is complete with its fine part (LSB). A coarse part (MSB) alone is kept for the fine part that will
    follow, so that one move is one interaction. If the next message is a coarse part again, then this device sends no
    fine parts, and from then on each coarse part is a value of its own, over 127, until a fine part is heard.
    """

    def __init__(self) -> None:
        self._coarse = 0
        self._incomplete = False
        self._coarse_only = False

    def read_coarse(self, _controller: int, coarse: int) -> float | None:
        if self._incomplete:
            self._coarse_only = True
        self._incomplete = True
        self._coarse = coarse
        return coarse / STEPS if self._coarse_only else None

    def read_fine(self, _controller: int, fine: int) -> float:
        self._incomplete = self._coarse_only = False
        return (self._coarse << 7 | fine) / BEND_STEPS


def fine_control_reception(channel: int, controller: int) -> Reception:
    """Listens to both halves of a 14-bit controller."""
    control = _FineControl()
    readers: dict[int | None, Reader] = {
        controller: control.read_coarse,
        controller + LSB_OFFSET: control.read_fine,
    }
    return Reception(status_byte(CONTROL_CHANGE, channel), readers)


# --- out ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Note:
    """The value is a pitch: it begins a note. ``velocity`` 0-127 or None as in an entry of the mapping."""

    channel: int
    velocity: int | None


@dataclass(frozen=True, slots=True)
class Velocity:
    """The value is how hard the notes of its channel are played: nothing is sent for it."""

    channel: int


@dataclass(frozen=True, slots=True)
class Held:
    """The value is one that the receiver holds until it changes.

    ``compose`` makes the messages that carry a value in [0, 1]: as many as there are ``addresses``, which say what
    the receiver holds each under. Once one of them must be sent, so must those after it.
    """

    channel: int
    addresses: tuple[bytes, ...]
    compose: Callable[[float], tuple[bytes, ...]]


Sending = Note | Velocity | Held
"""What becomes of a value that is played."""


def _seven_bits(channel: int, address: bytes, minimum: int = 0, maximum: int = 127) -> Held:
    # All 128 messages are made once, so that playing makes none.
    messages = [(address + bytes([raw]),) for raw in range(128)]
    span = maximum - minimum
    return Held(channel, (address,), lambda value: messages[int(minimum + value * span + 0.5)])


def control_sending(channel: int, controller: int, minimum: int, maximum: int) -> Held:
    """A controller whose position goes from ``minimum`` to ``maximum``, perhaps backwards."""
    return _seven_bits(channel, bytes([status_byte(CONTROL_CHANGE, channel), controller]), minimum, maximum)


def single_sending(kind: int, channel: int) -> Held:
    """A message with one data byte, 0-127."""
    return _seven_bits(channel, bytes([status_byte(kind, channel)]))


def bend_sending(channel: int) -> Held:
    """A pitch bend of 14 bits, the fine part first."""
    status = status_byte(PITCH_BEND, channel)

    def compose(value: float) -> tuple[bytes, ...]:
        raw = int(value * BEND_STEPS + 0.5)
        return (bytes((status, raw & 0x7F, raw >> 7)),)

    return Held(channel, (bytes([status]),), compose)


def fine_control_sending(channel: int, controller: int) -> Held:
    """A controller of 14 bits: the coarse part, then the fine one.

    A receiver that hears a coarse part takes the fine part to be 0 (MIDI 1.0, "Control Change"), so the fine part
    follows each coarse part; by itself it is enough for a small change.
    """
    status = status_byte(CONTROL_CHANGE, channel)
    coarse, fine = bytes([status, controller]), bytes([status, controller + LSB_OFFSET])

    def compose(value: float) -> tuple[bytes, ...]:
        raw = int(value * BEND_STEPS + 0.5)
        return (bytes((status, controller, raw >> 7)), bytes((status, controller + LSB_OFFSET, raw & 0x7F)))

    return Held(channel, (coarse, fine), compose)

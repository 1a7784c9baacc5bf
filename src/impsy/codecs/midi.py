"""A stream of MIDI bytes, as a serial line carries it, -> complete messages.

The rules are those of the MIDI 1.0 Detailed Specification, "Data Format": a status byte may be left out where it is
the last one again (running status); real-time bytes (0xF8-0xFF) may stand between any two others and change nothing;
system messages (0xF0-0xF7) end running status.

This is not done by mido, whose parser (1.3.3) knows no running status, and loses a message that a real-time byte
interrupts.
"""

from __future__ import annotations

from impsy.mapping.wire import SYSTEM, message_size

__all__ = ["MidiStream"]

_REAL_TIME = 0xF8


class MidiStream:
    """Cuts a stream into channel messages; system messages (exclusive, common, real-time) are passed over.

    It remembers two bytes at most, however long a system exclusive message is. Bytes that belong to nothing (data
    after a cable was plugged in, the undefined 0xF4, 0xF5, 0xF9 and 0xFD, a message that another cuts short) are
    dropped.
    """

    def __init__(self) -> None:
        self._status = 0
        """The running status; 0 while data bytes mean nothing."""
        self._wanted = 0
        """How many data bytes a message with that status has."""
        self._first = -1
        """The first of two data bytes, if it is there already; else −1."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take in what was read, in pieces of any size; returns the channel messages that are complete now.

        Each has its status byte and all its data bytes. Never raises.
        """
        messages: list[bytes] = []
        for byte in data:
            if byte >= _REAL_TIME:
                continue
            if byte >= 0x80:
                self._status = byte if byte < SYSTEM else 0
                self._wanted = message_size(byte) - 1
                self._first = -1
            elif not self._status:
                continue
            elif self._wanted == 1:
                messages.append(bytes((self._status, byte)))
            elif self._first < 0:
                self._first = byte
            else:
                messages.append(bytes((self._status, self._first, byte)))
                self._first = -1
        return messages

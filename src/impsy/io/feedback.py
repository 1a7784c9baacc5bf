"""Feedback protection: distinguishing a performer's message from the echo of our own."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from impsy.mapping.wire import NOTE_OFF, NOTE_ON

__all__ = ["FeedbackGuard"]

REMEMBERED = 512
"""Messages kept before old ones are removed."""


class FeedbackGuard:
    """Keeps recently sent messages, so that an input that repeats one is ignored.

    One is shared by all ports: what goes out of one instrument may come in by another. Threads may share it.

    Args:
        threshold_seconds: a message is an echo for so long after it was sent, 0 or more.
    """

    def __init__(self, threshold_seconds: float) -> None:
        self._threshold = threshold_seconds
        self._sent: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def sent(self, messages: Iterable[bytes], now: float) -> None:
        """Remember these complete MIDI messages as sent at ``now`` (seconds on any clock that never goes back)."""
        with self._lock:
            for message in messages:
                self._sent[_meaning(message)] = now
            if len(self._sent) > REMEMBERED:
                self._sent = {known: time for known, time in self._sent.items() if now - time <= self._threshold}

    def repeats(self, message: bytes, now: float) -> bool:
        """Whether a message that arrived at ``now`` repeats one that was sent within the threshold."""
        sent = self._sent.get(_meaning(message))
        return sent is not None and now - sent <= self._threshold


def _meaning(message: bytes) -> bytes:
    """The message itself; every way to end a note is one (note-off at any velocity, note-on at velocity 0)."""
    if len(message) == 3:
        kind = message[0] & 0xF0
        if kind == NOTE_OFF or (kind == NOTE_ON and message[2] == 0):
            return bytes((NOTE_OFF | message[0] & 0x0F, message[1]))
    return message

"""Messages that wait to be sent over a line that may be slow or disconnected."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from impsy.mapping.wire import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL_CHANGE, NOTE_OFF, NOTE_ON

__all__ = ["Outbox", "Thin", "newest_lines", "nothing", "only_note_offs", "thin_midi"]

WAITING_LIMIT = 128
"""Messages that may wait. At MIDI's 31250 baud that many take an eighth of a second."""

Thin = Callable[[Sequence[bytes]], list[bytes]]
"""What to keep of the messages that wait, oldest first, when there are too many. The result must be bounded."""


def newest_lines(messages: Sequence[bytes]) -> list[bytes]:
    """For messages that each hold the whole state: only the newest matter."""
    return list(messages[-8:])


def nothing(_messages: Sequence[bytes]) -> list[bytes]:
    """For messages that have no use later."""
    return []


def thin_midi(messages: Sequence[bytes]) -> list[bytes]:
    """Every note-off, the newest of each controller, bend, pressure and program; no notes that have not started.

    At most one message for each channel and note, controller and so on is left: about 4000.
    """
    newest: dict[bytes, bytes] = {}
    for message in messages:
        kind = message[0] & 0xF0
        if kind == NOTE_ON and message[2]:
            continue
        key = message[:2] if kind in (NOTE_OFF, NOTE_ON, CONTROL_CHANGE) else message[:1]
        newest.pop(key, None)
        newest[key] = message
    return list(newest.values())


def only_note_offs(messages: Sequence[bytes]) -> list[bytes]:
    """What a synthesiser needs when it is connected again: note-offs, and the controllers of panic."""
    return [message for message in thin_midi(messages) if _ends_something(message)]


def _ends_something(message: bytes) -> bool:
    kind = message[0] & 0xF0
    return kind in (NOTE_OFF, NOTE_ON) or (kind == CONTROL_CHANGE and message[1] in (ALL_SOUND_OFF, ALL_NOTES_OFF))


class Outbox:
    """Messages for one thread that sends them. ``put`` never waits.

    Args:
        crowded: what to keep when more than ``limit`` messages wait.
        away: what to keep while disconnected (until ``connect``, and after ``disconnect``).
    """

    def __init__(self, crowded: Thin, away: Thin, limit: int = WAITING_LIMIT) -> None:
        self._crowded = crowded
        self._away = away
        self._limit = limit
        self._messages: list[bytes] = []
        self._changed = threading.Condition()
        self._connected = False
        self._closing = False
        self.dropped = 0
        """Messages that were left out because the line was too slow."""

    def put(self, messages: Sequence[bytes]) -> bool:
        """Add messages; False if some that wait had to be left out."""
        with self._changed:
            self._messages += messages
            if not self._connected:
                self._messages = self._away(self._messages)
                return True
            self._changed.notify()
            if len(self._messages) <= self._limit:
                return True
            before = len(self._messages)
            self._messages = self._crowded(self._messages)
            self.dropped += before - len(self._messages)
            return before == len(self._messages)

    def wait(self) -> bool:
        """Wait until something is there to be sent; False if all is sent and ``finish`` was called."""
        with self._changed:
            while not self._messages and not self._closing:
                self._changed.wait()
            return bool(self._messages)

    def take(self, most_bytes: int) -> tuple[bytes, int]:
        """The oldest messages together, and how many: one at least, not more than ``most_bytes`` if several."""
        with self._changed:
            count = size = 0
            for message in self._messages:
                size += len(message)
                if count and size > most_bytes:
                    break
                count += 1
            data = b"".join(self._messages[:count])
            del self._messages[:count]
            return data, count

    def connect(self, first: Sequence[bytes] = ()) -> None:
        """Start sending: what was kept, then ``first``."""
        with self._changed:
            self._connected, self._closing = True, False
            self._messages += first
            self._changed.notify()

    def finish(self) -> None:
        """End the sender once it has sent what waits."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def disconnect(self) -> None:
        """Stop sending."""
        with self._changed:
            self._connected = False
            self._messages = self._away(self._messages)

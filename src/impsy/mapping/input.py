"""MIDI messages -> the values they change."""

from __future__ import annotations

from collections.abc import Iterable

from impsy.events import Released, Update
from impsy.mapping import wire
from impsy.mapping.entries import MappingEntry, NoteOn, kind_of
from impsy.mapping.wire import Reader, message_size

__all__ = ["InputMapping"]


class InputMapping:
    """What each message means to an instrument whose values ``x_1 … x_n`` are mapped by ``entries`` (n of them).

    Keeps what it must remember of 14-bit controllers, so one belongs to one port; it is not for several threads
    at once.
    """

    def __init__(self, entries: Iterable[MappingEntry]) -> None:
        table: dict[int, list[tuple[int, Reader]]] = {}
        self._keys: dict[int, list[int]] = {}
        """Channel bits of a status byte -> the indices of the pitches that its keys set."""
        for index, entry in enumerate(entries):
            reception = kind_of(entry).reception(entry)
            for selector, reader in reception.readers.items():
                for first in range(128) if selector is None else (selector,):
                    table.setdefault(reception.status << 8 | first, []).append((index, reader))
            if isinstance(entry, NoteOn):
                self._keys.setdefault(entry.channel - 1, []).append(index)
        self._table = {key: tuple(readers) for key, readers in table.items()}

    def decode(self, message: bytes) -> tuple[tuple[int, float], ...] | None:
        """The ``(index, value)`` pairs that one complete message changes: indices from 0, values in [0, 1].

        None if it changes nothing: it is not mapped, ends a note, is the first half of something, or is not a
        complete channel message. Never raises, whatever the bytes.
        """
        size = len(message)
        if size not in (2, 3) or size != message_size(message[0]):
            return None
        readers = self._table.get(message[0] << 8 | message[1])
        second = message[2] if size == 3 else 0
        if readers is None or second > 127:
            return None
        changes = [(index, value) for index, read in readers if (value := read(message[1], second)) is not None]
        return tuple(changes) or None

    def event(
        self, message: bytes, changes: tuple[tuple[int, float], ...] | None, port: str
    ) -> Update | Released | None:
        """What the performer did by one message at ``port``; ``changes`` is what ``decode`` made of it."""
        if changes is not None:
            return Update(changes, port, message[0] & 0xF0 == wire.NOTE_ON)
        keys = self._released(message)
        return Released(keys, port) if keys else None

    def _released(self, message: bytes) -> tuple[tuple[int, float | None], ...]:
        """The keys that one message lets go of, as pairs of index and value; None: every key of the channel.

        That is a note-off, a note-on with velocity 0, and the controllers that end all notes (MIDI 1.0, "Channel Mode
        Messages": 120 and 123-127).
        """
        if len(message) != 3:
            return ()
        status, first, second = message
        kind, keys = status & 0xF0, self._keys.get(status & 0x0F, ())
        if kind == wire.NOTE_OFF or (kind == wire.NOTE_ON and not second):
            return tuple((index, first / wire.STEPS) for index in keys) if max(first, second) <= 127 else ()
        if kind == wire.CONTROL_CHANGE and (first == wire.ALL_SOUND_OFF or wire.ALL_NOTES_OFF <= first <= 127):
            return tuple((index, None) for index in keys)
        return ()

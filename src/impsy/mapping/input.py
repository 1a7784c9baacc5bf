"""MIDI messages -> the values they change."""

from __future__ import annotations

from collections.abc import Iterable

from impsy.mapping.entries import MappingEntry, kind_of
from impsy.mapping.wire import Reader, message_size

__all__ = ["InputMapping"]


class InputMapping:
    """What each message means to an instrument whose values ``x_1 … x_n`` are mapped by ``entries`` (n of them).

    Keeps what it must remember of 14-bit controllers, so one belongs to one port; it is not for several threads
    at once.
    """

    def __init__(self, entries: Iterable[MappingEntry]) -> None:
        table: dict[int, list[tuple[int, Reader]]] = {}
        for index, entry in enumerate(entries):
            reception = kind_of(entry).reception(entry)
            for selector, reader in reception.readers.items():
                for first in range(128) if selector is None else (selector,):
                    table.setdefault(reception.status << 8 | first, []).append((index, reader))
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

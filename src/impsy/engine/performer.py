"""What the performer has played: where each control is, and which controls an event moves."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from impsy.copying import copied
from impsy.events import Interaction, Update

__all__ = ["Moves", "Performer"]


class Moves(NamedTuple):
    """The controls (from 0) that an event moves, and those of them that it strikes or takes to another value."""

    moved: set[int]
    changed: set[int]


class Performer:
    """``values``: x_1 … x_n as the performer has them. ``moved``: the controls that were moved last."""

    def __init__(self, values: tuple[float, ...]) -> None:
        self.values = values
        self.moved: set[int] = set()
        # The controls that were ever played; and by port, those moved by events that have not been passed on.
        self._touched: set[int] = set()
        self._owed: dict[str, set[int]] = {}

    def fork(self) -> Performer:
        """A copy that shares nothing that changes."""
        owed = {port: moved.copy() for port, moved in self._owed.items()} if self._owed else {}
        return copied(self, moved=self.moved.copy(), _touched=self._touched.copy(), _owed=owed)

    def after(self, event: Interaction | Update) -> tuple[float, ...] | None:
        """The whole vector x_1 … x_n after this event; None if it does not fit the dimension."""
        n = len(self.values)
        if isinstance(event, Interaction):
            return event.values if len(event.values) == n else None
        values = list(self.values)
        for index, value in event.changes:
            if not 0 <= index < n:
                return None
            values[index] = value
        return tuple(values)

    def take(self, event: Interaction | Update, values: tuple[float, ...], off: Set[int]) -> Moves:
        """Keep the values after an event. ``off``: controls that are not enabled, which nothing moves.

        A key that is struck again has moved, a knob at the same value has not; any has with its first value.
        """
        before, self.values, touched = self.values, values, self._touched
        struck = isinstance(event, Update) and event.struck
        if isinstance(event, Interaction):
            moved = {i for i, value in enumerate(values) if value != before[i] or i not in touched}
        elif struck:
            moved = {i for i, _ in event.changes}
        else:
            moved = {i for i, _ in event.changes if values[i] != before[i] or i not in touched}
        moved -= off
        touched.update(moved)
        return Moves(moved, moved if struck else {i for i in moved if values[i] != before[i]})

    def owe(self, port: str, moved: set[int]) -> None:
        """These came in at ``port``, too fast to be passed on: the next event that is passed on brings them."""
        self._owed.setdefault(port, set()).update(moved)

    def with_owed(self, port: str, moved: set[int]) -> set[int]:
        """What an event moved, with what is owed to its port."""
        if self._owed:
            moved |= self._owed.pop(port, set())
        self.moved = moved or self.moved
        return moved

"""One answer of the model, and the controls that take part in it."""

from __future__ import annotations

from collections.abc import Iterable

from impsy.copying import copied
from impsy.engine.holding import moved_between

__all__ = ["Answer"]


class Answer:
    """Which controls sound: those that the model has moved since the answer began.

    The others are where the performer left them. To send them with the first event would strike a note for each.

    Args:
        start: x_1 … x_n of what the model heard last, from which it goes on.
        repeated: the controls that sound if its first event moves none, as a note is repeated: the performer's last.
    """

    def __init__(self, start: tuple[float, ...], repeated: Iterable[int]) -> None:
        self.start = start
        self._last = start
        self._repeated = set(repeated)
        self._joined: set[int] = set()

    def fork(self) -> Answer:
        """A copy that shares nothing that changes."""
        return copied(self, _joined=self._joined.copy())

    @property
    def is_new(self) -> bool:
        """Whether nothing of it has been played."""
        return self._last is self.start

    def sounding(self, values: tuple[float, ...]) -> tuple[int, ...]:
        """The controls to be sent with this event, x_1 … x_n."""
        self._joined |= moved_between(self._last, values)
        if not self._joined:
            self._joined |= self._repeated
        self._last = values
        return tuple(sorted(self._joined))

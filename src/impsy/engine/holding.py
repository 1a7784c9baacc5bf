"""Controls that two play: which of them the performer holds, and the one stream that both players make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from impsy.copying import copied
from impsy.engine.playback import MINIMUM_DT

__all__ = ["Holding", "Stream", "moved_between"]

_STEPS = 127
"""A control has moved when its 7-bit value is another: less is the noise of a prediction."""


def moved_between(before: Iterable[float], after: Iterable[float]) -> set[int]:
    """The controls (from 0) whose 7-bit values differ."""
    return {
        i
        for i, (old, new) in enumerate(zip(before, after, strict=True))
        if int(old * _STEPS + 0.5) != int(new * _STEPS + 0.5)
    }


class Holding:
    """When the performer last moved each control."""

    def __init__(self) -> None:
        self._moved_at: dict[int, float] = {}  # the longest ago first

    def fork(self) -> Holding:
        """A copy that shares nothing that changes."""
        return copied(self, _moved_at=self._moved_at.copy())

    def take(self, controls: Iterable[int], now: float) -> None:
        """The performer moves these now."""
        for control in sorted(controls):
            self._moved_at.pop(control, None)
            self._moved_at[control] = now

    def keep(self, controls: Iterable[int], now: float, hold: float) -> None:
        """The performer still has a finger on these: those that are held are held from now on again."""
        self.take(set(controls).intersection(self.at(now, hold)), now)

    def at(self, now: float, hold: float) -> tuple[int, ...]:
        """The controls that are held, in their order: each for ``hold`` seconds after its last move."""
        moved_at = self._moved_at
        while moved_at and moved_at[first := next(iter(moved_at))] + hold <= now:
            del moved_at[first]
        return self.controls

    @property
    def controls(self) -> tuple[int, ...]:
        """Those that were held when :meth:`at` was called last, or taken since."""
        return tuple(sorted(self._moved_at))

    def next_release(self, hold: float) -> float | None:
        """When the next of them is let go of; None: none is held."""
        return next(iter(self._moved_at.values())) + hold if self._moved_at else None


class Stream:
    """The events of both players as the model hears them: one instrument, with a value for each control.

    Args:
        values: where the controls are, x_1 … x_n.
        now: when it begins.
    """

    def __init__(self, values: tuple[float, ...], now: float) -> None:
        self.values = values
        self._last = now
        self._moved: set[int] = set()

    def fork(self) -> Stream:
        """A copy that shares nothing that changes."""
        return copied(self, _moved=self._moved.copy())

    def join(self, values: Mapping[int, float], now: float) -> tuple[float, ...]:
        """The performer sets these; returns the vector that the model hears, ``[dt, x_1 … x_n]``."""
        dt, self._last = max(0.0, now - self._last), max(now, self._last)
        self.values = _with(self.values, values)
        return (dt, *self.values)

    def play(
        self, drawn: tuple[float, ...], held: Mapping[int, float], due: float, dt: float, timescale: float
    ) -> tuple[float, ...]:
        """The model plays ``drawn``, but for what is held; returns the vector that it hears, ``[dt, x_1 … x_n]``.

        ``dt`` is what it predicted. What it hears are the seconds since the event before, whoever played that, in its
        own time; a tiny timescale does not make an age of them.
        """
        elapsed = max(0.0, due - self._last)
        heard = max(MINIMUM_DT, min(elapsed / timescale, max(dt, elapsed)))
        self._last = max(due, self._last)
        self.values = _with(drawn, held)
        return (heard, *self.values)

    def sounding(self, before: tuple[float, ...], held: Mapping[int, float]) -> tuple[int, ...]:
        """The controls to be sent when outputs have ``before``: those that moved.

        An event in which the model moves nothing repeats what it moved last, as a note is repeated.
        """
        moved = moved_between(before, self.values)
        if own := moved - held.keys():
            self._moved = own
        return tuple(sorted(moved | (self._moved - held.keys())) if not own else sorted(moved))


def _with(values: tuple[float, ...], others: Mapping[int, float]) -> tuple[float, ...]:
    if not others:
        return values
    changed = list(values)
    for control, value in others.items():
        changed[control] = value
    return tuple(changed)

"""Tempo by tapping."""

from __future__ import annotations

from impsy.copying import copied

__all__ = ["Tapping"]

LONGEST_GAP = 3.0
"""Seconds. After a longer pause, a tap begins anew: 20 beats a minute."""

SHORTEST_GAP = 0.06
"""Seconds. What comes sooner is the same tap: no one taps 1000 beats a minute."""

ANOTHER_TEMPO = 1.5
"""An interval that is longer or shorter than the others by this factor begins anew."""

TAPS_KEPT = 9


class Tapping:
    """The latest taps, as long as they go on evenly."""

    def __init__(self) -> None:
        self._taps: list[float] = []

    def fork(self) -> Tapping:
        """A copy that shares nothing that changes."""
        return copied(self, _taps=self._taps.copy())

    def tap(self, now: float) -> float | None:
        """Count a tap. Returns the tempo in beats a minute from the second tap on: the mean of the last eight."""
        taps = self._taps
        if taps:
            gap = now - taps[-1]
            if gap < SHORTEST_GAP:
                return None
            if gap > LONGEST_GAP:
                taps.clear()
            elif len(taps) > 1 and not 1 / ANOTHER_TEMPO < gap / self._interval() < ANOTHER_TEMPO:
                del taps[:-1]
        taps.append(now)
        del taps[:-TAPS_KEPT]
        return 60.0 / self._interval() if len(taps) > 1 else None

    def _interval(self) -> float:
        return (self._taps[-1] - self._taps[0]) / (len(self._taps) - 1)

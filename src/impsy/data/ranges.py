"""Values outside 0 to 1: how many there are, and what they look like."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ValueRange"]

SLACK = 1e-6
"""How far outside its bounds a value may be without a word: it was rounded."""

_RANGES = (
    (127, "MIDI values 0-127"),
    (255, "values of one byte, 0-255"),
    (1023, "values of a 10-bit converter, 0-1023"),
    (4095, "values of a 12-bit converter, 0-4095"),
    (16383, "14-bit MIDI values 0-16383"),
    (65535, "values of two bytes, 0-65535"),
)
"""What whole numbers up to these usually are."""


class ValueRange:
    """The range of ``controls`` controls, from values that come in pieces."""

    def __init__(self, controls: int) -> None:
        self._count = self._outside = 0
        self._low = np.full(controls, np.inf)
        self._high = np.full(controls, -np.inf)
        self._whole = np.ones(controls, np.bool_)

    def add(self, values: NDArray[np.floating[Any]]) -> None:
        """Look at these, (N, n)."""
        if not values.size:
            return
        self._count += values.size
        low, high = values.min(axis=0), values.max(axis=0)
        self._low, self._high = np.minimum(self._low, low), np.maximum(self._high, high)
        if low.min() < -SLACK or high.max() > 1 + SLACK:
            self._outside += int(((values < -SLACK) | (values > 1 + SLACK)).sum())
        left = np.flatnonzero(self._whole)
        if len(left):
            self._whole[left] = (values[:, left] % 1 == 0).all(axis=0)

    @property
    def remarks(self) -> list[str]:
        """A sentence on those that are outside [0, 1], if there are any."""
        if not self._outside:
            return []
        return [
            f"{self._outside:,} of {self._count:,} values are outside 0 to 1 (from {self._low.min():g} to "
            f"{self._high.max():g}); they are taken as 0 or 1{self._advice()}"
        ]

    def _advice(self) -> str:
        """What values beyond 1 seem to be; "" if they are nothing known. Controls in [0, 1] are not looked at."""
        wide = self._high > 1 + SLACK
        if not wide.any() or self._low[wide].min() < 0 or self._high.max() < 10 or not self._whole[wide].all():
            return ""
        most = int(self._high.max())
        fit = next(((top, name) for top, name in _RANGES if top >= most), None)
        return f". Values reach {most}: these look like {fit[1]}; IMPSY's are 0-1; divide by {fit[0]}" if fit else ""

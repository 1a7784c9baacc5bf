"""The lines of a log that are as the recorder writes them, read many at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import LINE_LIMIT, MODEL, PERFORMER
from impsy.data.logs.decimals import read_decimals

__all__ = ["Regular"]

_STAMP = b"2026-09-26T10:00:00.500000"
_SIGNS = {place: sign for place, sign in enumerate(_STAMP) if not chr(sign).isdigit()}
_DIGITS = tuple(place for place in range(len(_STAMP)) if place not in _SIGNS)
_PERFORMER, _MODEL = (f",{source},".encode() for source in (PERFORMER, MODEL))
_BEGINNING = np.dtype(f"V{len(_STAMP) + len(_PERFORMER)}")
"""The time, and room for the source."""


class Regular:
    """Those lines that are as the recorder writes them, read all at once.

    lines: (L,) int64, which they are. begins: where the values of each begin. times, values, performer: as in
    :class:`Log`, for each of them.
    """

    def __init__(
        self, text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], controls: int
    ) -> None:
        commas = np.flatnonzero(text == ord(","))
        before = np.searchsorted(commas, starts)
        counts = np.diff(before, append=len(commas))
        lines = np.flatnonzero((counts == controls + 1) & (ends - starts < LINE_LIMIT))
        begin, end = starts[lines], ends[lines]
        # (L, n + 1): the comma after the time, after the source, and before each value but the first.
        places = before[lines][:, None] + np.arange(controls + 1)
        separators = commas[places] if len(lines) else np.zeros((0, controls + 1), np.int64)
        values, sure = read_decimals(text, separators[:, 1:] + 1, np.column_stack([separators[:, 2:], end]))
        # A line that begins with a time and a source contains at least two commas, the second before the first value.
        windows = np.ndarray((len(text) - _BEGINNING.itemsize + 1,), _BEGINNING, text, strides=(1,))
        letters = np.ascontiguousarray(windows[begin].view(np.uint8).reshape(-1, _BEGINNING.itemsize).T)
        performer = _spelt(letters, _PERFORMER)
        times, fits = _read_times(letters)
        fits &= (performer | _spelt(letters, _MODEL)) & sure.all(axis=1)
        if not fits.all():
            lines, times, values, performer = lines[fits], times[fits], values[fits], performer[fits]
        self.lines, self.times, self.values, self.performer = lines, times, values, performer
        self.begins = starts[lines] + len(_STAMP) + np.where(performer, len(_PERFORMER), len(_MODEL))


def _spelt(letters: NDArray[np.uint8], word: bytes) -> NDArray[np.bool_]:
    """Which lines have this word after the time: (L,), of their letters (places, L)."""
    same = np.ones(letters.shape[1], np.bool_)
    for place, letter in enumerate(word, start=len(_STAMP)):
        same &= letters[place] == letter
    return same


def _read_times(letters: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Times with microseconds, from the beginnings of lines (26 places or more, L), and which are such: (L,) each."""
    sound = np.ones(letters.shape[1], np.bool_)
    for place, sign in _SIGNS.items():
        sound &= letters[place] == sign
    digits = letters - np.uint8(ord("0"))
    for place in _DIGITS:
        sound &= digits[place] <= 9
    year, month, day = _number(digits[0:4]), _number(digits[5:7]), _number(digits[8:10])
    hour, minute, second = _number(digits[11:13]), _number(digits[14:16]), _number(digits[17:19])
    sound &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    # NumPy's months know the calendar; those between the first and the last here are looked up.
    months = np.where(sound, year * 12 + (month - 1 - 1970 * 12), 0)
    first, last = int(months.min(initial=0)), int(months.max(initial=0))
    begins = np.arange(first, last + 2).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    months -= first
    sound &= day <= np.diff(begins)[months]
    seconds = (((begins[months] + (day - 1)) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + _number(digits[20:26]), sound


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Decimal digits (places, L) as numbers (L,)."""
    number = digits[0].astype(np.int32)
    for digit in digits[1:]:
        number *= 10
        number += digit
    return np.asarray(number)

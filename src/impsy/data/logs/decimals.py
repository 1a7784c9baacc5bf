"""Reading a great many short decimal numbers out of text at once, as ``0.7401574850082397``.

``float`` on each takes seconds for millions. Here all numbers are taken eight digits at a time, as 64-bit words in
which neighbouring digits are added up in pairs (SIMD within a register; D. Lemire, "Number parsing at a gigabyte per
second", 2021). What is not certain to come out as ``float`` would have it is left to ``float``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PADDING", "read_decimals"]

PADDING = 64
"""Bytes that must follow the last number: what is looked at reaches beyond its end."""

MOST_DECIMALS = 24

_WORD = np.dtype("<u8")
_ZEROS = np.uint64(0x3030303030303030)
_HIGH_BITS = np.uint64(0x8080808080808080)
_TO_HIGH_BIT = np.uint64(0x7676767676767676)
"""Added to a byte of ten or more, this sets its high bit."""
_PAIRS = (
    (np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64((10 << 8) + 1), np.uint64(8)),
    (np.uint64(0x00FF00FF00FF00FF), np.uint64((100 << 16) + 1), np.uint64(16)),
    (np.uint64(0x0000FFFF0000FFFF), np.uint64((10_000 << 32) + 1), np.uint64(32)),
)
_EIGHT_DIGITS = np.uint64(100_000_000)

#: Of a float64, the bits that a float32 has not; half of what they can say; and within how much of that half it is
#: not certain to which side ``float`` rounds. (What is computed here is less than eight units in the last
#: place away.)
_LOST_BITS, _HALF, _UNCERTAIN = np.uint64((1 << 29) - 1), np.uint64(1 << 28), np.uint64(16)


def _kept() -> NDArray[np.uint64]:
    """(3, 256): which bytes of each word after the point belong to a number of so many bytes."""
    lengths = np.arange(256)
    counts = [np.clip(lengths - 2 - 8 * word, 0, 8) for word in range(3)]
    masks = np.array([(1 << 8 * count) - 1 for count in range(9)], np.uint64)
    return masks[np.array(counts)]


_KEPT = _kept()


def read_decimals(
    text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Numbers of the form ``d`` or ``d.ddd…``, one digit before the point.

    Args:
        text: bytes, of which the last ``PADDING`` belong to no number.
        starts, ends: any shape, the same for both: where each number begins, and where what follows it does.

    Returns:
        The numbers, float32, in that shape; and which of them are sure to equal ``np.float32(float(…))``. The others
        have another form, more than 24 decimals, or lie where two float32 meet.
    """
    lengths = np.minimum(ends - starts, 255).astype(np.uint8)
    first = text[starts] - np.uint8(ord("0"))
    point = text[starts + 1] == ord(".")
    sure = (first <= 9) & ((lengths == 1) | (point & (lengths > 2) & (lengths <= 2 + MOST_DECIMALS)))
    words = np.ndarray((len(text) - 7,), _WORD, text, strides=(1,))
    most = int(lengths.max(initial=0, where=sure)) - 2
    digits = [
        _eight_digits(words[starts + (2 + 8 * number)] if most > 8 * number else None, _KEPT[number], lengths, sure)
        for number in range(3)
    ]
    high, middle, low = digits
    whole = first.astype(np.uint64) * _EIGHT_DIGITS
    whole += high
    whole *= _EIGHT_DIGITS
    whole += middle
    values = whole.astype(np.float64)
    if most > 16:
        values += low * 1e-8
    values *= 1e-16
    lost = values.view(np.uint64) & _LOST_BITS
    lost -= _HALF - _UNCERTAIN  # goes round below zero, where it is large
    sure &= lost > 2 * _UNCERTAIN
    return values.astype(np.float32), sure


def _eight_digits(
    word: NDArray[np.uint64] | None, kept: NDArray[np.uint64], lengths: NDArray[np.uint8], sure: NDArray[np.bool_]
) -> NDArray[np.uint64] | np.uint64:
    """The number that eight characters make, those that do not belong to it taken as zeros.

    Sets ``sure`` to False where one of them is no digit.
    """
    if word is None:
        return np.uint64(0)
    word ^= _ZEROS
    word &= kept[lengths]
    beyond = word + _TO_HIGH_BIT
    beyond |= word
    beyond &= _HIGH_BITS
    sure &= beyond == 0
    for mask, factor, shift in _PAIRS:
        word &= mask
        word *= factor
        word >>= shift
    return word

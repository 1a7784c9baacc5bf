"""The first place where what came out is not what was expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

__all__ = ["Difference", "first_difference"]

_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """``where`` it is in the case (``expected[2].pi[0]``), and both values as text."""

    where: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got}"


def first_difference(expected: Any, got: Any, tolerance: float, where: str = "expected") -> Difference | None:
    """Compare what a file expects (of JSON's types) with what was computed; None if they agree.

    What was computed as a float may be ``tolerance`` away; whole numbers (bytes, counts), words, null and the lengths
    of lists must agree. A table may hold more than is expected of it.
    """
    if isinstance(expected, list) and isinstance(got, list | tuple):
        pairs = zip_longest(expected, got, fillvalue=_NOTHING)
        return _items(((one, other, f"{where}[{i}]") for i, (one, other) in enumerate(pairs)), tolerance)
    if isinstance(expected, dict) and isinstance(got, dict):
        return _items(((one, got.get(key, _NOTHING), f"{where}.{key}") for key, one in expected.items()), tolerance)
    if _agree(expected, got, tolerance):
        return None
    return Difference(where, _shown(expected), _shown(got))


def _items(items: Iterator[tuple[Any, Any, str]], tolerance: float) -> Difference | None:
    found = (first_difference(expected, got, tolerance, where) for expected, got, where in items)
    return next((difference for difference in found if difference is not None), None)


def _agree(expected: Any, got: Any, tolerance: float) -> bool:
    if isinstance(got, bool) or isinstance(expected, bool) or not isinstance(expected, int | float):
        return type(expected) is type(got) and bool(expected == got)
    if isinstance(got, int):
        return expected == got
    try:
        return isinstance(got, float) and abs(expected - got) <= tolerance
    except OverflowError:  # a whole number beyond all floats
        return False


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else text[:79] + "…"

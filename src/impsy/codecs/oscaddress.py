"""Which addresses an OSC message is for: the patterns of OSC 1.0, ``//`` of OSC 1.1, and spellings of one address.

Patterns are matched here, not by regular expressions: those that strangers could write would take minutes to match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["matching"]

PATTERN_LIMIT = 200
"""Characters of an address; a longer one matches nothing."""

_PART = re.compile(
    r"(?P<depth>//)|(?P<run>\*)|\?|\[(?P<none>!?)(?P<set>[^\]]+)\]|\{(?P<words>[^{}]*)\}|(?P<same>[^*?\[\]{}])"
)
_RANGE = re.compile(r"(.)-(.)|(.)", re.DOTALL)


def matching(pattern: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of the known addresses that a message is for.

    Capitals, a missing first slash and a slash at the end make no difference.
    """
    if len(pattern) > PATTERN_LIMIT:
        return ()
    text = pattern.lower()
    text = text if text.startswith("/") else f"/{text}"
    text = text.rstrip("/") if text.strip("/") else text
    parts = list(_PART.finditer(text))
    if "".join(part[0] for part in parts) != text:  # a bracket is missing
        return ()
    return tuple(address for address in known if _matches(parts, address))


def _matches(parts: list[re.Match[str]], address: str) -> bool:
    places = {0}
    for part in parts:
        places = {end for place in places for end in _ends(part, address, place)}
    return len(address) in places


def _ends(part: re.Match[str], address: str, place: int) -> Iterable[int]:
    """Where a part of a pattern can end in an address, if it starts at this place."""
    if part["depth"]:
        return (end + 1 for end in range(place, len(address)) if address[place] == address[end] == "/")
    if part["run"]:
        return range(place, place + len(address[place:].partition("/")[0]) + 1)
    if part["same"] or part["words"] is not None:
        words = [part["same"]] if part["same"] else part["words"].split(",")
        return (place + len(word) for word in words if address.startswith(word, place))
    here = address[place : place + 1]
    fits = part["set"] is None or (here in _characters(part["set"])) is not bool(part["none"])
    return (place + 1,) if here and here != "/" and fits else ()


@lru_cache(maxsize=256)
def _characters(inside: str) -> frozenset[str]:
    found: set[str] = set()
    for low, high, one in _RANGE.findall(inside):
        found |= {one} if one else {chr(code) for code in range(ord(low), min(ord(high), 127) + 1)}
    return frozenset(found)

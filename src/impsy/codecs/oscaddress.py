"""Which addresses an OSC message is for: the patterns of OSC 1.0, ``//`` of OSC 1.1, and spellings of one address.

Patterns are matched here, not by regular expressions: those that strangers could write would take minutes to match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

__all__ = ["matching"]

PATTERN_LIMIT = 200
"""Characters of an address; a longer one matches nothing."""

_TOKEN = re.compile(r"(//)|(\*)|(\?)|\[(!?)([^\]]+)\]|\{([^{}]*)\}|([^*?\[\]{}])")
_RANGE = re.compile(r"(.)-(.)|(.)", re.DOTALL)

_Token = Callable[[str, int], Iterable[int]]
"""Where a part of a pattern can end in an address, if it begins at this place."""


def matching(pattern: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of the known addresses that a message is for.

    Capitals, a missing first slash and a slash at the end make no difference.
    """
    if len(pattern) > PATTERN_LIMIT:
        return ()
    text = pattern.lower()
    text = text if text.startswith("/") else f"/{text}"
    text = text.rstrip("/") if text.strip("/") else text
    tokens = _tokens(text)
    return tuple(address for address in known if tokens is not None and _matches(tokens, address))


def _matches(tokens: list[_Token], address: str) -> bool:
    places = {0}
    for token in tokens:
        places = {end for place in places for end in token(address, place)}
    return len(address) in places


def _tokens(text: str) -> list[_Token] | None:
    """The parts of a pattern; None: a bracket is missing."""
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        any_depth, star, question, negated, characters, words, literal = found.groups()
        if any_depth:
            tokens.append(_any_depth)
        elif star:
            tokens.append(_run)
        elif question:
            tokens.append(_one_of(frozenset("/"), negated=True))
        elif characters is not None:
            tokens.append(_one_of(_characters(characters), negated=bool(negated)))
        else:
            tokens.append(_any_of([literal] if literal is not None else words.split(",")))
        at = found.end()
    return tokens


def _any_depth(address: str, place: int) -> Iterator[int]:
    return (end + 1 for end in range(place, len(address)) if address[place] == address[end] == "/")


def _run(address: str, place: int) -> Iterable[int]:
    end = address.find("/", place)
    return range(place, (end if end >= 0 else len(address)) + 1)


def _one_of(characters: frozenset[str], *, negated: bool) -> _Token:
    def token(address: str, place: int) -> Iterable[int]:
        here = address[place : place + 1]
        return (place + 1,) if here and here != "/" and (here in characters) is not negated else ()

    return token


def _any_of(words: list[str]) -> _Token:
    return lambda address, place: (place + len(word) for word in words if address.startswith(word, place))


def _characters(inside: str) -> frozenset[str]:
    found: set[str] = set()
    for low, high, one in _RANGE.findall(inside):
        found |= {one} if one else {chr(code) for code in range(ord(low), min(ord(high), 127) + 1)}
    return frozenset(found)

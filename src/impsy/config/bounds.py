"""Whether a TOML text is too much to be read, or to be changed, found in one pass before any parser sees it.

Python's parser takes time that grows with the square of a dotted key, and tomlkit, which keeps comments, with the
square of the number of dotted keys and of sections. Here each character is looked at once.
"""

from __future__ import annotations

import re

from impsy.limits import (
    CONFIG_CHARACTERS,
    CONFIG_DOTS,
    CONFIG_PARTS,
    CONFIG_READ_CHARACTERS,
    CONFIG_SECTIONS,
    CONFIG_THINGS,
    CONFIG_WORD,
    Limit,
)

__all__ = ["too_much"]

_TOKEN = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*+(?:"{3,5}|\Z)|'''  # strings, to the end of the text where they have no end
    r"""'''(?:[^']|'{1,2}(?!'))*+(?:'{3,5}|\Z)|"""
    r""""(?:[^"\\\n]|\\.)*+"?|'[^'\n]*+'?|"""
    r"#[^\n]*+|"
    r"[^\s\"'#=,.\[\]{}]++|"  # a bare key, a number, a date
    r"[\n=,.\[\]{}]",
    re.DOTALL,
)


def too_much(text: str, *, to_change: bool = False) -> tuple[str, int] | None:
    """What there is too much of in a text, as a sentence, and the line (from 1) where it becomes too much.

    ``to_change``: for what goes through it with its comments, or shows all of it; else for what only reads it.
    """
    most = CONFIG_CHARACTERS if to_change else CONFIG_READ_CHARACTERS
    if len(text) > most:
        return _sentence(len(text), most), 1
    counted = _Counted(to_change=to_change)
    for match in _TOKEN.finditer(text):
        found = match[0]
        if found[0] in "\"'#":
            counted.lines += found.count("\n")
        elif found in "\n=,.[]{}":
            counted.take(found)
            for count, limit in counted.limited():
                if count > limit:
                    return _sentence(count, limit), counted.lines
        elif len(found) > CONFIG_WORD and not found.isdecimal():  # of those Python reads no more than 4,300 digits
            return _sentence(len(found), CONFIG_WORD), counted.lines
    return None


class _Counted:
    """What has been read so far."""

    def __init__(self, *, to_change: bool) -> None:
        self._to_change = to_change
        self.lines, self._things, self._sections, self._weight = 1, 0, 0, 0
        self._dots = 0  # in the key that is being read
        self._in_key = True  # rather than in a value
        self._brackets = ""

    def take(self, mark: str) -> None:
        """Go on over a mark between words."""
        self._things += mark in "\n=,[{"
        if mark == ".":
            self._dots += self._in_key
        elif mark == "=":
            self._weight += self._dots * self._dots  # what tomlkit takes for it
            self._in_key = False
        elif mark in "]}":
            self._brackets = self._brackets[:-1]
        else:
            self._sections += mark == "[" and self._in_key and not self._brackets
            self.lines += mark == "\n"
            self._brackets += mark if mark in "[{" else ""
            # Keys follow the beginning of a line or of an inline table, and there a comma.
            begins = (
                mark == "{" or (mark == "\n" and not self._brackets) or (mark == "," and self._brackets[-1:] == "{")
            )
            self._in_key = begins or (self._in_key and mark == "[")
            self._dots = 0

    def limited(self) -> tuple[tuple[int, Limit], ...]:
        """The counts that have a limit."""
        parts = (self._dots + 1, CONFIG_PARTS)
        if not self._to_change:
            return (parts,)
        return (
            parts, (self._things, CONFIG_THINGS), (self._sections, CONFIG_SECTIONS), (self._weight, CONFIG_DOTS)
        )  # fmt: skip


def _sentence(count: int, limit: Limit) -> str:
    return f"found {count:,} or more {limit.what}; wanted {limit:,} at most"

"""Where each key of a TOML text stands, and how key paths are written.

TOML parsers say what a file holds, not where. This scanner reads a text that a parser has accepted already,
so it needs to know only where tokens end. It serves messages: what it cannot find has no line.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Lines", "Path", "Written", "format_path", "parse_path"]

Path = tuple[str | int, ...]
"""Keys and list positions (from 0) that lead to a value: ``("midi", "input", "X-TOUCH", 3)``."""

_WORD = re.compile(r"[a-z0-9_]+")
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_ONE = re.compile(_PART)
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'''"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|'''
    r"""'''(?:[^']|'{1,2}(?!'))*'{3,5}|"""
    r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")  # numbers, booleans, dates (which may hold a blank)


def format_path(path: Iterable[str | int]) -> str:
    """Write a key path as TOML would, with list positions in brackets.

    All but plain lower-case words are quoted: that is how people write port names.

    >>> format_path(("midi", "input", "X-TOUCH", 3))
    'midi.input."X-TOUCH"[3]'
    """
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += "." * bool(text) + (step if _WORD.fullmatch(step) else _quote(step))
    return text


def parse_path(text: str) -> tuple[str, ...]:
    """Read a dotted key as TOML does: ``midi.input."X-TOUCH"``.

    Raises:
        ValueError: if it is no TOML key.
    """
    text = text.strip()
    if _KEY.fullmatch(text) is None:
        raise ValueError(f"not a key: {text!r}")
    if '"' not in text and "'" not in text:
        return tuple(part.strip() for part in text.split("."))
    node: Any = tomllib.loads(f"{text} = 0")
    path: list[str] = []
    while isinstance(node, dict):
        key, node = next(iter(node.items()))
        path.append(key)
    return tuple(path)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


Span = tuple[int, int]
"""From which character of the text to before which."""


@dataclass(frozen=True, slots=True)
class Written:
    """One place where keys stand: a header, or a key and its value.

    ``section`` is what the keys are relative to, ``names`` are the keys and ``spans`` where each stands. ``value`` is
    None for a header. ``whole`` is from the start of the header or of the first key to the end.
    """

    section: Path
    names: tuple[str, ...]
    spans: tuple[Span, ...]
    value: Span | None
    whole: Span

    @property
    def path(self) -> Path:
        """What the keys lead to."""
        return (*self.section, *self.names)


class Lines:
    """The line (from 1) on which each key and list item of a valid TOML text starts.

    ``written`` has every place where keys stand, in order, and ``items`` where each item of a list stands; both are
    for changing the text.
    """

    def __init__(self, text: str) -> None:
        self.written: list[Written] = []
        self.items: dict[Path, Span] = {}
        self._text = text
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}  # how many [[tables]] of this name there were
        try:
            self._document()
        except (IndexError, RecursionError, ValueError):
            self._lines.clear()  # nested beyond reason: messages go without lines
            self.written.clear()
            self.items.clear()

    def __getitem__(self, path: Path) -> int | None:
        """The line of ``path``, or of the nearest that encloses it (a missing key has its section's line)."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return None

    def paths(self) -> frozenset[Path]:
        """Every path that has a line of its own."""
        return frozenset(self._lines)

    def _note(self, path: Path, position: int) -> None:
        line = bisect_right(self._newlines, position - 1) + 1
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def _document(self) -> None:
        section: Path = ()
        position = self._skip(0)
        while position < len(self._text):
            if self._text[position] == "[":
                section, position = self._header(position)
            else:
                position = self._pair(section, position)
            position = self._skip(position)

    def _header(self, start: int) -> tuple[Path, int]:
        double = self._text.startswith("[[", start)
        keys, spans, position = self._key(self._skip(start + 1 + double))
        path: Path = ()
        for index, key in enumerate(keys):
            path = (*path, key)
            if double and index == len(keys) - 1:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                self._note(path, start)
                path = (*path, self._tables[path] - 1)
        self._note(path, start)
        end = self._skip(position) + 1 + double
        if not any(isinstance(step, int) for step in path):
            self.written.append(Written((), keys, spans, None, (start, end)))
        return path, end

    def _pair(self, section: Path, start: int) -> int:
        keys, spans, position = self._key(start)
        path = (*section, *keys)
        self._note(path, start)
        value = self._skip(self._skip(position) + 1)  # past the "="
        place = len(self.written)
        end = self._value(path, value)
        end -= len(self._text[value:end]) - len(self._text[value:end].rstrip())
        self.written.insert(place, Written(section, keys, spans, (value, end), (start, end)))
        return end

    def _key(self, start: int) -> tuple[tuple[str, ...], tuple[Span, ...], int]:
        match = _KEY.match(self._text, start)
        if match is None:
            raise ValueError("no key here")
        keys = parse_path(match.group())
        spans = tuple((part.start(), part.end()) for part in _ONE.finditer(self._text, start, match.end()))
        return keys, spans, match.end()

    def _value(self, path: Path, start: int) -> int:
        """Step over one value; ``path`` is noted already. Returns where it ends."""
        opening = self._text[start]
        if opening == "[":
            return self._array(path, start + 1)
        if opening == "{":
            return self._inline_table(path, start + 1)
        match = (_STRING if opening in "\"'" else _PLAIN).match(self._text, start)
        if match is None:
            raise ValueError("no value here")
        return match.end()

    def _array(self, path: Path, start: int) -> int:
        index, position = 0, self._skip(start)
        while self._text[position] != "]":
            self._note((*path, index), position)
            end = self._value((*path, index), position)
            self.items[*path, index] = (position, position + len(self._text[position:end].rstrip()))
            position = self._skip(end)
            if self._text[position] == ",":
                position = self._skip(position + 1)
            index += 1
        return position + 1

    def _inline_table(self, path: Path, start: int) -> int:
        position = self._skip(start)
        while self._text[position] != "}":
            position = self._skip(self._pair(path, position))
            if self._text[position] == ",":
                position = self._skip(position + 1)
        return position + 1

    def _skip(self, position: int) -> int:
        match = _SKIP.match(self._text, position)
        return match.end() if match else position

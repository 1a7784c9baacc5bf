"""Lines of numbers, as a microcontroller prints them on its serial line, <-> values: ``0.5000,0.2500``.

Boards also print them with tabs, semicolons or blanks between them, with a name before each ("pot:0.5", as Arduino's
plotter takes them), in brackets (as MicroPython prints a tuple), or with a comma at the end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from math import isfinite

from impsy.errors import PeerError
from impsy.text import counted

__all__ = ["CsvStream", "encode_line"]

CHARACTERS_A_VALUE = 64
"""A line may have this many for each of its values; a longer one is no line of ours."""


_BETWEEN = re.compile(rb"[ \t]*[,;][ \t]*|[ \t]+")
_BETWEEN_COMMAS = re.compile(rb"[ \t]*;[ \t]*|[ \t]+")
_FIELD = re.compile(rb"(?:[A-Za-z_][\w.#-]*[:=])?([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)")
_NAME_END = re.compile(rb"(?<=[A-Za-z_\d\])#])[ \t]*([:=])[ \t]*")
_NOT_FINITE = re.compile(rb"[+-]?(nan|inf|infinity|ovf)", re.IGNORECASE)
_BRACKETS = {b"(": b")", b"[": b"]"}


class CsvStream:
    """Cuts a stream into lines of ``controls`` values (n, without the time)."""

    def __init__(self, controls: int) -> None:
        self._controls = controls
        self._limit = CHARACTERS_A_VALUE * controls
        self.pending = b""
        """The beginning of a line that has not ended."""
        self._skipping = False
        """Whether the line that is being read is too long already."""

    def feed(self, data: bytes) -> list[tuple[float, ...] | PeerError]:
        """Take in what was read, in pieces of any size; returns what the lines that are complete now hold, in order.

        A line ends in a line feed or a carriage return; an empty one means nothing. Each other line gives its n
        values in [0, 1], or a ``PeerError``; values out of range are clipped, and the line gives an error too. No
        more than a line of the largest length is kept. Never raises.
        """
        found: list[tuple[float, ...] | PeerError] = []
        *lines, rest = (self.pending + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._line(line, found)
            self._skipping = False
        if len(rest) > self._limit:
            self._line(rest, found)
            self._skipping = True
            rest = b""
        self.pending = b"" if self._skipping else rest
        return found

    def _line(self, line: bytes, found: list[tuple[float, ...] | PeerError]) -> None:
        if self._skipping:
            return
        try:
            if len(line) > self._limit:
                raise PeerError("long-line", f"a line is longer than {self._limit} bytes; it is left out")
            if not line.strip():
                return
            values = self._values(line)
        except PeerError as problem:
            found.append(problem)
            return
        clipped = tuple([min(1.0, max(0.0, value)) for value in values])
        found.append(clipped)
        if clipped != values:
            found.append(PeerError("range", "a line holds values outside 0 to 1, which were clipped"))

    def _values(self, line: bytes) -> tuple[float, ...]:
        text = line.strip()
        if _BRACKETS.get(text[:1]) == text[-1:]:
            text = text[1:-1].strip()
        text = _NAME_END.sub(rb"\1", text)
        fields = _BETWEEN.split(text)
        if len(fields) > 1 and not fields[-1]:  # a separator at the end
            fields.pop()
        if len(fields) != self._controls:
            fields = self._with_decimal_commas(text) or fields
        if len(fields) != self._controls:
            raise PeerError(
                "length",
                f"a line holds {counted(len(fields), 'value')}, but dimension {self._controls + 1} means "
                f"{self._controls}: {_shown(line)}",
            )
        numbers = [found[1] for field in fields if (found := _FIELD.fullmatch(field)) is not None]
        if len(numbers) < len(fields):
            if any(map(_NOT_FINITE.fullmatch, fields)):
                raise PeerError("not-finite", f"a line holds a number that is not finite: {_shown(line)}")
            raise PeerError("number", f"a line holds something that is no number: {_shown(line)}")
        values = tuple(map(float, numbers))
        if not all(map(isfinite, values)):
            raise PeerError("not-finite", f"a line holds a number that is not finite: {_shown(line)}")
        return values

    def _with_decimal_commas(self, text: bytes) -> list[bytes]:
        """The fields of a line such as ``0,5;0,25``, or none: it is not that. One number alone could be two."""
        fields = [field.replace(b",", b".") for field in _BETWEEN_COMMAS.split(text)]
        fits = len(fields) == self._controls > 1 and all(map(_FIELD.fullmatch, fields))
        return fields if fits else []


def encode_line(values: Sequence[float]) -> bytes:
    """One line, with four decimals and its line feed; ``values`` are in [0, 1]."""
    return _format(len(values)) % tuple(values)


@lru_cache(maxsize=8)
def _format(count: int) -> bytes:
    return b",".join([b"%.4f"] * count) + b"\n"


def _shown(line: bytes) -> str:
    text = repr(line.strip())[1:]
    return text if len(text) <= 40 else text[:39] + "…"

"""Rows of a performance log <-> text.

One row a line, ``2026-09-26T10:00:00.500000,interface,0.5,0.25``: local time with microseconds, whose row it
is (``interface`` is the performer, ``rnn`` the model), then x_1 … x_n.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from impsy.errors import PeerError

__all__ = ["LogRow", "decode_row", "encode_row", "log_name", "read_rows"]

LINE_LIMIT = 100_000
"""Characters of a line; a longer one is no row of ours."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row. ``values`` are x_1 … x_n in [0, 1], dt excluded: it is the difference of times."""

    time: datetime
    source: str
    values: tuple[float, ...]


def log_name(start: datetime, dimension: int) -> str:
    """The file name of a session that started at ``start`` (local time)."""
    return f"{start.strftime('%Y-%m-%dT%H-%M-%S')}-{dimension}d-mdrnn.log"


def encode_row(time: datetime, source: str, values: Sequence[float]) -> str:
    """One line, newline included. Values are written so that reading gives the same float64."""
    return f"{time.isoformat(timespec='microseconds')},{source},{','.join(map(repr, values))}\n"


def decode_row(line: str, controls: int) -> LogRow:
    """Read one line of a log with ``controls`` values.

    Raises:
        PeerError: too few or too many values, or something that is no time or no number.
    """
    if len(line) > LINE_LIMIT:
        raise PeerError("long-line", f"a line of {len(line)} characters")
    fields = line.strip().split(",")
    if len(fields) != controls + 2:
        raise PeerError("length", f"{max(0, len(fields) - 2)} values instead of {controls}")
    try:
        time = datetime.fromisoformat(fields[0])
    except ValueError:
        raise PeerError("time", f"“{fields[0][:40]}” is not a time") from None
    if time.tzinfo is not None:
        time = time.astimezone().replace(tzinfo=None)
    try:
        values = tuple(map(float, fields[2:]))
    except ValueError as error:
        raise PeerError("number", str(error)) from None
    if not all(map(isfinite, values)):
        raise PeerError("number", "a value that is not finite")
    return LogRow(time, fields[1], values)


def read_rows(lines: Iterable[str], controls: int) -> Iterator[LogRow | tuple[int, PeerError]]:
    """Every row in order; for each malformed line, its number (from 1) and what is wrong with it."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield decode_row(line, controls)
        except (PeerError, OverflowError, OSError) as error:
            problem = error if isinstance(error, PeerError) else PeerError("time", str(error))
            yield number, problem

"""Numbers that tell the events of several transports apart in one log. Pure functions of values and lines.

Each transport has one of the first values of the vector to itself, its column, and counts in it by steps of a pitch
bend, which any of them can carry. A message that sets one value leaves the other columns as they are; a transport
that sets all values at once sets the others' columns to zero, which no number is. So each event changes exactly one
column to something other than zero: that of its transport.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.figures import log_row

__all__ = ["NUMBERS", "SharedLog", "column_value", "full_vector", "read_shared_log", "step_of"]

_STEPS = 16383
NUMBERS = _STEPS
"""How many events of one transport can be told apart; counting goes on from the start after that."""

_REST = 0.5


def step_of(number: int) -> int:
    """The position of a pitch bend, 1 to 16383, that stands for event ``number`` >= 0."""
    return 1 + number % NUMBERS


def column_value(number: int) -> float:
    """The value in (0, 1] that stands for event ``number`` >= 0; float32 and six decimals leave it intact."""
    return step_of(number) / _STEPS


def full_vector(column: int | None, number: int, columns: int, controls: int) -> tuple[float, ...]:
    """All ``controls`` values of an event whose transport has ``column``; ``None``: the mark, all columns zero."""
    values = [0.0] * columns + [_REST] * (controls - columns)
    if column is not None:
        values[column] = column_value(number)
    return tuple(values)


@dataclass(slots=True)
class SharedLog:
    """What a log holds after the mark: each column's numbers in order, and how many rows are something else.

    ``model`` counts the model's rows, ``unknown`` the performer's whose transport cannot be told (one that is there
    twice in a row, say), ``malformed`` complete lines that are no row; ``torn`` says that the last line has no end.
    """

    numbers: list[list[int]]
    model: int = 0
    unknown: int = 0
    malformed: int = 0
    torn: bool = False
    marked: bool = False


def read_shared_log(lines: Iterable[str], columns: int, controls: int) -> SharedLog:
    """Sort the rows of a log, given as lines with their ends; what comes before the mark only woke the program."""
    found = SharedLog([[] for _ in range(columns)])
    mark = [0.0] * columns
    before: Sequence[float] = mark
    for line in lines:
        if not line.endswith("\n"):
            found.torn = True
            break
        row = log_row(line, controls)
        if row is None:
            found.malformed += 1
            continue
        source, values = row
        if source != "interface":
            found.model += 1
            continue
        now = values[:columns]
        if now == mark and not found.marked:
            found.marked = True
        elif found.marked:
            _sort(before, now, found)
        before = now
    return found


def _sort(before: Sequence[float], now: Sequence[float], found: SharedLog) -> None:
    changed = [column for column, value in enumerate(now) if value not in (0.0, before[column])]
    if len(changed) == 1:
        found.numbers[changed[0]].append(round(now[changed[0]] * _STEPS) - 1)
    else:
        found.unknown += 1

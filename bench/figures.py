"""The arithmetic behind the tables: percentiles, lateness against a grid, what a log holds.

Pure functions of numbers and lines; nothing here measures anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

__all__ = [
    "SEQUENCE_LENGTH",
    "Gaps",
    "Lateness",
    "LogCount",
    "count_log",
    "gaps",
    "interval_lateness",
    "log_row",
    "median",
    "percentile",
    "sequence_number",
    "sequence_values",
]

_STEPS = 1000
SEQUENCE_LENGTH = _STEPS * _STEPS
"""How many events can be told apart by ``sequence_values``."""


def percentile(samples: Sequence[float], share: float) -> float:
    """Value below which ``share`` (0 to 100) percent of ``samples`` lie, interpolated linearly between ranks.

    The usual definition (Hyndman and Fan's type 7, NumPy's default). Raises ``ValueError`` for no samples or
    a share outside 0 to 100.
    """
    if not samples:
        raise ValueError("a percentile of no samples")
    if not 0 <= share <= 100:
        raise ValueError(f"a percentile lies in 0 to 100, not {share}")
    ordered = sorted(samples)
    rank = share / 100 * (len(ordered) - 1)
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)


def median(samples: Sequence[float]) -> float:
    """The 50th percentile."""
    return percentile(samples, 50)


@dataclass(frozen=True, slots=True)
class Lateness:
    """How well events kept to a regular grid. All milliseconds.

    ``intervals``: each interval less the grid's step, so a late event followed by one in time counts once as
    too long and once as too short; ``drift``: the last event against the grid that starts at the first;
    ``worst``: the event that was furthest behind that grid.
    """

    intervals: tuple[float, ...]
    drift: float
    worst: float


def interval_lateness(arrivals: Sequence[float], step: float) -> Lateness:
    """Compare ``arrivals`` (seconds, in order) with a grid of ``step`` seconds.

    Raises ``ValueError`` for fewer than two arrivals: there is no interval to judge.
    """
    if len(arrivals) < 2:
        raise ValueError("lateness needs two events or more")
    intervals = tuple((later - earlier - step) * 1000 for earlier, later in pairwise(arrivals))
    behind = [(arrival - arrivals[0] - index * step) * 1000 for index, arrival in enumerate(arrivals)]
    return Lateness(intervals, behind[-1], max(behind))


def sequence_values(number: int, length: int) -> tuple[float, ...]:
    """Values in [0, 1] that carry ``number`` (modulo ``SEQUENCE_LENGTH``) in the first two of ``length`` >= 2."""
    high, low = divmod(number % SEQUENCE_LENGTH, _STEPS)
    return (high / _STEPS, low / _STEPS) + (0.5,) * (length - 2)


def sequence_number(values: Sequence[float]) -> int:
    """The number that ``sequence_values`` put there; float32 and four decimals leave it intact."""
    return round(values[0] * _STEPS) * _STEPS + round(values[1] * _STEPS)


@dataclass(frozen=True, slots=True)
class LogCount:
    """What a performance log holds.

    ``performer`` and ``model`` count the rows of each; ``malformed`` the complete lines that are no row;
    ``torn`` says that the last line has no end. ``numbers`` are the ``sequence_number`` of the performer's rows
    that carry one.
    """

    performer: int
    model: int
    malformed: int
    torn: bool
    numbers: tuple[int, ...]


def count_log(lines: Iterable[str], values: int) -> LogCount:
    """Count the rows of a log given as lines with their ends, each row with ``values`` values.

    A row is ``{ISO time},{interface|rnn},{x_1},…``. A last line without its end is torn, and is not counted,
    whatever it holds: half a number looks like a number.
    """
    found: dict[str, int] = {"interface": 0, "rnn": 0}
    malformed = 0
    torn = False
    numbers: list[int] = []
    for line in lines:
        if not line.endswith("\n"):
            torn = True
            break
        row = log_row(line, values)
        if row is None:
            malformed += 1
            continue
        source, played = row
        found[source] += 1
        if source == "interface" and values >= 2 and (number := sequence_number(played)) < SEQUENCE_LENGTH:
            numbers.append(number)
    return LogCount(found["interface"], found["rnn"], malformed, torn, tuple(numbers))


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is not as it was sent: events lost before the last one found, found again, and lost after it."""

    lost: int
    repeated: int
    tail: int


def gaps(numbers: Iterable[int], sent: int, length: int = SEQUENCE_LENGTH) -> Gaps:
    """Compare the ``numbers`` that arrived with events 0 to ``sent`` - 1 sent in order.

    Numbers count modulo ``length``; a jump of more than half of that is a step back, so a repetition.
    """
    reached = -1
    lost = repeated = 0
    for number in numbers:
        step = (number - reached) % length
        if 0 < step <= length // 2:
            lost += step - 1
            reached += step
        else:
            repeated += 1
    return Gaps(lost, repeated, sent - 1 - reached)


def log_row(line: str, values: int) -> tuple[str, list[float]] | None:
    """Source and values of one log line, or ``None`` if it is no row."""
    stamp, _, rest = line.rstrip("\r\n").partition(",")
    source, _, played = rest.partition(",")
    if source not in {"interface", "rnn"}:
        return None
    try:
        datetime.fromisoformat(stamp)
        numbers = [float(text) for text in played.split(",")]
    except ValueError:
        return None
    if len(numbers) != values or not all(map(math.isfinite, numbers)):
        return None
    return source, numbers

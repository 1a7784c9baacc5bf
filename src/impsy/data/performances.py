"""Rows of a log -> the events of a performance, as a model learns from them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import LogRow

__all__ = ["MODEL", "PERFORMER", "rows_to_events", "times_to_seconds"]

PERFORMER = "interface"
"""The source of the rows that the performer played; the model's own are not learned from."""

MODEL = "rnn"
"""The source of those."""


def rows_to_events(rows: Iterable[LogRow], dimension: int) -> NDArray[np.float64]:
    """The performer's rows as events ``[dt, x_1 … x_n]``: (events, dimension), dt in seconds, values as logged.

    dt is the time since the performer's row before, so that the first of them only begins the count and gives no
    event. Rows stay in the order of the file, which is the order in which they were heard. A time may come twice
    (dt 0), and may even go back, since logs are in local time and clocks are set: such a dt is 0 too, and the next
    is counted from the row that went back.

    Raises:
        ValueError: a row has not ``dimension`` − 1 values.
    """
    events: list[tuple[float, ...]] = []
    before = None
    for row in rows:
        if row.source != PERFORMER:
            continue
        if len(row.values) != dimension - 1:
            raise ValueError(f"a row of {len(row.values)} values does not fit dimension {dimension}")
        if before is not None:
            events.append((max(0.0, (row.time - before).total_seconds()), *row.values))
        before = row.time
    return np.array(events, np.float64).reshape(-1, dimension)


def times_to_seconds(times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The dt of each row but the first: (R − 1,) seconds, by the same rule as :func:`rows_to_events`.

    Args:
        times: (R,) microseconds.
    """
    return np.maximum(np.diff(times), 0) / 1e6

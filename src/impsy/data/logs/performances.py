"""A log -> the events of a performance, as a model learns from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import put_in_bounds
from impsy.data.logs.reading import Log, Numbers

__all__ = ["events_of", "times_to_seconds"]


def events_of(log: Log) -> tuple[Numbers, list[str]]:
    """The performer's rows as events ``[dt, x_1 … x_n]``, and sentences on what had to be changed for that.

    dt is the time since the performer's row before, so that the first of them only begins the count and gives no
    event. Rows stay in the order of the file, which is the order in which they were heard.

    Args:
        log: read without the model's rows.

    Returns:
        (events, n + 1) of the log's type of float, dt in seconds, values in [0, 1].
    """
    events = np.empty((max(0, len(log.times) - 1), log.values.shape[1] + 1), log.values.dtype)
    events[:, 0] = times_to_seconds(log.times)
    events[:, 1:] = log.values[1:]
    events, remarks = put_in_bounds(events)
    backwards = int((np.diff(log.times) < 0).sum())
    if backwards:
        remarks.append(f"its time goes back {backwards} times (the clock was set?); such a dt is taken as 0")
    return events, [*log.remarks, *remarks]


def times_to_seconds(times: NDArray[np.int64]) -> NDArray[np.float64]:
    """The dt of each row but the first: (R − 1,) seconds.

    A time may come twice (dt 0), and may even go back, since logs are in local time and clocks are set: such a dt is
    0 too, and the next is counted from the row that went back.

    Args:
        times: (R,) microseconds.
    """
    return np.maximum(np.diff(times), 0) / 1e6

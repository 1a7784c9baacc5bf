"""A log -> the events that a model learns from, and the take as it sounded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import put_in_bounds
from impsy.data.logs.reading import Log, Numbers, read_log

__all__ = ["Played", "events_of", "played_of", "read_played", "times_to_seconds"]


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


@dataclass(frozen=True, eq=False, slots=True)
class Played:
    """A take: what the performer and the model played, in one order.

    times: (R,) seconds since the first row, not falling: where the clock was set back, no time passed.
    values: (R, n) float32 in [0, 1]. performer: (R,) whether each row is the performer's; else it is the model's.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float32]
    performer: NDArray[np.bool_]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.times[-1]) if len(self.times) else 0.0

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self.times.nbytes + self.values.nbytes + self.performer.nbytes

    def of(self, performer: bool) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times and values of the performer's rows, or of the model's."""
        chosen = self.performer if performer else ~self.performer
        return self.times[chosen], self.values[chosen]


def read_played(path: Path, controls: int) -> Played:
    """Read a take from its log, whose rows have ``controls`` values. Values are clipped to [0, 1].

    Raises:
        DataError: the file cannot be read.
    """
    return played_of(read_log(path, controls, answers=True))


def played_of(log: Log) -> Played:
    """The take in a log that was read with its answers. Values are clipped to [0, 1]."""
    times = np.maximum(np.diff(log.times, prepend=log.times[:1]), 0).cumsum() / 1e6
    return Played(times, log.values.clip(0, 1), log.performer)

"""A take as it sounded: what the performer and the model played, in one order, in seconds since it began."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs.performances import times_to_seconds
from impsy.data.logs.reading import Log, read_log

__all__ = ["Played", "played_of", "read_played"]


@dataclass(frozen=True, eq=False, slots=True)
class Played:
    """A take.

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
    times = np.concatenate([np.zeros(min(1, len(log.times))), times_to_seconds(log.times)]).cumsum()
    return Played(times, log.values.clip(0, 1), log.performer)

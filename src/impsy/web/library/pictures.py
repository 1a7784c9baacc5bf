"""Pictures of takes: as many points as a screen has, in which nothing that moved is missing.

Where a take has more rows than that, its time is cut into pieces, and of each control the lowest and the highest
value in each piece are shown. A value holds until it is changed, so a piece without a row shows what was held.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs.performances import Played, read_played

__all__ = ["TakeCache", "draw"]

Floats = NDArray[np.float64]

_DECIMALS = 4
"""Of times and values: 0.1 ms, and finer than any screen."""


def draw(played: Played, points: int, begin: float, end: float) -> dict[str, Any]:
    """What was played between two moments.

    Args:
        points: how many moments are shown at most, 2 or more.
        begin, end: seconds since the take began.

    Returns:
        ``times`` (P seconds, rising), and for the ``performer`` and the ``model`` a list for each of n controls with
        P values in [0, 1], None before the first that is known. Draw them as steps.
    """
    parts = {"performer": played.of(performer=True), "model": played.of(performer=False)}
    count = sum(int(np.searchsorted(t, end, "right") - np.searchsorted(t, begin)) for t, _ in parts.values())
    if count + 2 <= points:
        inside = [times[(times >= begin) & (times <= end)] for times, _ in parts.values()]
        moments = np.unique(np.concatenate([np.array([begin, end]), *inside]))
        shown = {name: _held(times, values, moments) for name, (times, values) in parts.items()}
    else:
        edges = np.linspace(begin, end, points // 2 + 1)
        moments = np.column_stack([edges[:-1], (edges[:-1] + edges[1:]) / 2]).ravel()
        shown = {name: _extremes(times, values, edges) for name, (times, values) in parts.items()}
    return {"times": moments.round(_DECIMALS).tolist(), **{name: _columns(each) for name, each in shown.items()}}


def _held(times: Floats, values: NDArray[np.float32], moments: Floats) -> Floats:
    """What each control is at each moment: (P, n), NaN before the first row."""
    return _at(values, np.searchsorted(times, moments, "right"))


def _at(values: NDArray[np.float32], counts: NDArray[np.int64]) -> Floats:
    """What holds after so many rows."""
    if not len(values):
        return np.full((len(counts), values.shape[1]), np.nan)
    found = values[np.maximum(counts - 1, 0)].astype(np.float64)
    found[counts == 0] = np.nan
    return found


def _extremes(times: Floats, values: NDArray[np.float32], edges: Floats) -> Floats:
    """Lowest and highest value in each piece, the one that is nearer to the last of it second: (2 · pieces, n)."""
    bounds = np.searchsorted(times, edges)
    bounds[-1] = np.searchsorted(times, edges[-1], "right")
    low = _at(values, bounds[:-1])
    high, last = low.copy(), _at(values, bounds[1:])
    busy = np.flatnonzero(bounds[1:] > bounds[:-1])
    if len(busy):
        # Between two busy pieces lie only empty ones, so each reduction ends where its own piece does.
        rows = values[: bounds[-1]]
        low[busy] = np.fmin(low[busy], np.minimum.reduceat(rows, bounds[busy]))
        high[busy] = np.fmax(high[busy], np.maximum.reduceat(rows, bounds[busy]))
    rising = np.abs(high - last) <= np.abs(low - last)
    pairs = np.stack([np.where(rising, low, high), np.where(rising, high, low)], axis=1)
    return pairs.reshape(-1, values.shape[1])


def _columns(values: Floats) -> list[list[float | None]]:
    """(P, n) as n lists, NaN as None: it is only ever at the beginning."""
    columns: list[list[float | None]] = []
    for column in values.T.round(_DECIMALS):
        unknown = int(np.isnan(column).sum())
        columns.append([None] * unknown + column[unknown:].tolist())
    return columns


class TakeCache:
    """The takes that were looked at last, so that zooming need not read them again. Any thread may ask.

    Args:
        most_bytes: of memory that they take together; the one in use may be larger, and is then not kept.
    """

    def __init__(self, most_bytes: int = 64 << 20) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Path, int, int], Played] = OrderedDict()

    def take(self, path: Path, controls: int) -> Played:
        """The take in this file, as it is now.

        Raises:
            DataError: the file cannot be read.
            OSError: there is none.
        """
        found = path.stat()
        key = (path, found.st_mtime_ns, found.st_size)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        played = read_played(path, controls)
        with self._lock:
            for other in [other for other in self._kept if other[0] == path]:
                del self._kept[other]
            self._kept[key] = played
            while self._kept and sum(each.bytes for each in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        return played

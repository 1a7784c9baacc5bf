"""Pictures of takes: as many points as a screen has, in which nothing that moved is missing.

Where a take has more rows than that, its time is cut into pieces, and of each control the lowest and the highest
value in each piece are shown. A value holds until it is changed, so a piece without a row shows what was held.

Of a file of more than 16 MB, only an outline is in memory. A picture of it shows what moved to within half a piece of
where it did; of a part in which that would be more, the rows are read.
"""

from __future__ import annotations

import threading
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs.outline import GROUP, Outline, Part
from impsy.data.logs.performances import Played, read_played
from impsy.errors import DataError
from impsy.web.library.facts import stamp_of
from impsy.web.library.worker import work

__all__ = ["LONG", "TakeCache", "draw"]

LONG = 16 << 20
"""Bytes of a log, more than a hundred thousand rows with eight values, above which it is looked at in outline."""

FINE = 2
"""Groups of an outline in each piece of a picture, at least."""

PATIENT_SECONDS = 60.0
"""For so long a picture waits for others' outlines."""

MOST_ROWS = 1 << 19
"""Rows that are read for a picture of a part of a long take, at most; in 0.5 s."""

Floats = NDArray[np.float64]

_DECIMALS = 4
"""Of times and values: 0.1 ms, and finer than any screen."""


def draw(parts: Mapping[str, Part], points: int, begin: float, end: float) -> dict[str, Any]:
    """What was played between two moments.

    Args:
        parts: of the ``performer`` and the ``model``, of the same n controls.
        points: how many moments are shown at most, 2 or more.
        begin, end: seconds since the take began.

    Returns:
        ``times`` (P seconds, rising), and for the ``performer`` and the ``model`` a list for each of n controls with
        P values in [0, 1], None before the first that is known. Draw them as steps.
    """
    count = sum(
        int(np.searchsorted(part.starts, end, "right") - np.searchsorted(part.ends, begin)) for part in parts.values()
    )
    if count + 2 <= points and all(part.of_single_rows for part in parts.values()):
        inside = [part.ends[(part.ends >= begin) & (part.ends <= end)] for part in parts.values()]
        moments = np.unique(np.concatenate([np.array([begin, end]), *inside]))
        shown = {name: _held(part, moments) for name, part in parts.items()}
    else:
        edges = np.linspace(begin, end, points // 2 + 1)
        moments = np.column_stack([edges[:-1], (edges[:-1] + edges[1:]) / 2]).ravel()
        shown = {name: _extremes(part, edges) for name, part in parts.items()}
    return {"times": moments.round(_DECIMALS).tolist(), **{name: _columns(each) for name, each in shown.items()}}


def _held(part: Part, moments: Floats) -> Floats:
    """What each control is at each moment: (P, n), NaN before the first row."""
    return _at(part.last, np.searchsorted(part.ends, moments, "right"))


def _at(values: NDArray[np.float32], counts: NDArray[np.int64]) -> Floats:
    """What holds after so many groups."""
    if not len(values):
        return np.full((len(counts), values.shape[1]), np.nan)
    found = values[np.maximum(counts - 1, 0)].astype(np.float64)
    found[counts == 0] = np.nan
    return found


def _extremes(part: Part, edges: Floats) -> Floats:
    """Lowest and highest value in each piece, the one that is nearer to the last of it second: (2 · pieces, n).

    A group that lies in several pieces counts in each.
    """
    first = np.searchsorted(part.ends, edges[:-1])
    after = np.searchsorted(part.starts, edges[1:])
    after[-1] = np.searchsorted(part.starts, edges[-1], "right")
    low = _at(part.last, first)
    high, last = low.copy(), _at(part.last, after)
    busy = np.flatnonzero(after > first)
    if len(busy):
        spans = np.column_stack([first[busy], after[busy]]).ravel()
        low[busy] = np.fmin(low[busy], _over(np.minimum, part.low, spans))
        high[busy] = np.fmax(high[busy], _over(np.maximum, part.high, spans))
    rising = np.abs(high - last) <= np.abs(low - last)
    pairs = np.stack([np.where(rising, low, high), np.where(rising, high, low)], axis=1)
    return pairs.reshape(-1, part.last.shape[1])


def _over(extreme: np.ufunc, values: NDArray[np.float32], spans: NDArray[np.int64]) -> NDArray[np.float32]:
    """The extreme of each span, given by where it begins and ends, one after the other."""
    padded = np.concatenate([values[: spans.max()], values[:1]])  # a span may end where the values do
    return np.asarray(extreme.reduceat(padded, spans)[::2])


def _columns(values: Floats) -> list[list[float | None]]:
    """(P, n) as n lists, NaN as None: it is only ever at the beginning."""
    columns: list[list[float | None]] = []
    for column in values.T.round(_DECIMALS):
        unknown = int(np.isnan(column).sum())
        columns.append([None] * unknown + column[unknown:].tolist())
    return columns


def _size(take: Played | Outline) -> int:
    return take.size if isinstance(take, Outline) else take.bytes


Key = tuple[Path, tuple[int, int]]
"""A take's file, and when it was changed and how large it was (see :func:`impsy.web.library.facts.stamp_of`)."""


class TakeCache:
    """The takes that were looked at last, long ones in outline, so that zooming need not read them again. Any thread
    may ask.

    Args:
        root: the workspace's folder.
        most_bytes: of memory that they take together; the one in use may be larger, and is then not kept.
    """

    def __init__(self, root: Path, most_bytes: int = 64 << 20) -> None:
        self._root = root
        self._most = most_bytes
        self._lock = threading.Lock()
        self._outlining = threading.Lock()
        self._kept: OrderedDict[Key, Played | Outline] = OrderedDict()

    def take(self, path: Path, controls: int) -> Played:
        """The whole take in this file, as it is now.

        Raises:
            DataError: the file cannot be read.
            OSError: there is none.
        """
        key = path, stamp_of(path)
        found = self._find(key)
        if isinstance(found, Played):
            return found
        played = read_played(path, controls)
        if key[1][1] <= LONG:
            self._keep(key, played)
        return played

    def picture(self, path: Path, controls: int, points: int, begin: float, end: float | None) -> dict[str, Any]:
        """What was played from ``begin`` to ``end`` (None: to its end), as :func:`draw` says it.

        Also ``seconds``, the length of the take, and ``begin`` and ``end`` as far as it goes.

        Raises:
            DataError: the file cannot be read.
            OSError: there is none.
        """
        key = path, stamp_of(path)
        take = self._outline(key, controls) if key[1][1] > LONG else self.take(path, controls)
        end = take.seconds if end is None else min(end, take.seconds)
        begin = min(begin, end)
        span = {"seconds": round(take.seconds, 3), "begin": begin, "end": end}
        return {**span, **draw(self._parts(take, path, controls, points, begin, end), points, begin, end)}

    def keep_outline(self, path: Path, stamp: tuple[int, int], outline: str) -> None:
        """Keep an outline that another process made, as text: it need not be made again."""
        self._keep((path, stamp), Outline.load(b64decode(outline)))

    def _outline(self, key: Key, controls: int) -> Outline:
        found = self._find(key)
        if isinstance(found, Outline):
            return found
        path, stamp = key
        with self.outlining(path.name):
            found = self._find(key)  # somebody else was at it
            return found if isinstance(found, Outline) else self._make_outline(path, stamp, controls)

    @contextmanager
    def outlining(self, name: str) -> Iterator[None]:
        """Outlines are made one at a time: whoever wants the same waits for it, instead of reading it all as well.

        Raises:
            DataError: another one takes too long.
        """
        if not self._outlining.acquire(timeout=PATIENT_SECONDS):
            raise DataError(f"{name}: long takes are still being read; look again in a moment")
        try:
            yield
        finally:
            self._outlining.release()

    def _make_outline(self, path: Path, stamp: tuple[int, int], controls: int) -> Outline:
        (made,) = work("scan_logs", self._root, logs=[{"file": str(path), "controls": controls, "outlined": True}])
        if "problem" in made:
            raise DataError(f"{path.name}: {made['problem']}")
        self.keep_outline(path, stamp, made["outline"])
        return Outline.load(b64decode(made["outline"]))

    def _parts(
        self, take: Played | Outline, path: Path, controls: int, points: int, begin: float, end: float
    ) -> Mapping[str, Part]:
        """What to draw: rows where they are few enough to be read, else the outline."""
        if isinstance(take, Outline):
            first, after = take.groups(begin, end)
            rows = GROUP * (after - first)
            if rows > MOST_ROWS or (after - first) >= FINE * points // 2:
                return {"performer": take.performer, "model": take.model}
            if len(take.offsets):
                return take.rows(path, first, after)
            take = self.take(path, controls)
        return {"performer": Part.of_rows(*take.of(True)), "model": Part.of_rows(*take.of(False))}

    def _find(self, key: Key) -> Played | Outline | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _keep(self, key: Key, take: Played | Outline) -> None:
        with self._lock:
            for other in [other for other in self._kept if other[0] == key[0]]:
                del self._kept[other]
            self._kept[key] = take
            while self._kept and sum(_size(each) for each in self._kept.values()) > self._most:
                self._kept.popitem(last=False)

"""Long takes in outline: of each player, for every few hundred rows, between which values each control moved.

An outline of five million rows takes 4 MB. A picture of the whole is drawn from it; of a part of it, the rows
themselves are read from where the outline says that they are in the file.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs.pieces import Piece
from impsy.data.logs.reading import fold_log, open_log
from impsy.errors import DataError, refusal

__all__ = ["GROUP", "Outline", "Outlining", "Part"]

GROUP = 256
"""Rows that are told together."""

Floats = NDArray[np.float64]
_PLAYERS = ("performer", "model")


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """What one of the players played, in G groups of rows; of single rows, the first two and the others are the same.

    starts, ends: (G,) seconds since the take began, of the first and the last row of each group.
    low, high, last: (G, n) float32 in [0, 1], the lowest, highest and last value of each control in each.
    """

    starts: Floats
    ends: Floats
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    last: NDArray[np.float32]

    @classmethod
    def of_rows(cls, times: Floats, values: NDArray[np.float32]) -> Part:
        """A group for each row."""
        return cls(times, times, values, values, values)

    @property
    def of_single_rows(self) -> bool:
        """Whether each group is one row."""
        return self.low is self.last


@dataclass(frozen=True, eq=False, slots=True)
class Outline:
    """A take in outline.

    begins: (B,) seconds of the first row of each group, whoever played it, and offsets: (B + 1,) where its line
    begins in the file, with the end of the file; without any where the file is not laid out as it is read.
    played_in: for the performer and the model, the numbers of the groups that their parts have something of.
    """

    seconds: float
    begins: Floats
    offsets: NDArray[np.int64]
    performer: Part
    model: Part
    played_in: tuple[NDArray[np.int64], NDArray[np.int64]]

    @property
    def size(self) -> int:
        """Bytes of memory that it takes."""
        parts = [getattr(part, name) for part in (self.performer, self.model) for name in Part.__dataclass_fields__]
        return sum(array.nbytes for array in (self.begins, self.offsets, *self.played_in, *parts))

    def dump(self) -> bytes:
        """It as bytes, for :meth:`load`."""
        arrays = {"seconds": np.array(self.seconds), "begins": self.begins, "offsets": self.offsets}
        for player, numbers in zip(_PLAYERS, self.played_in, strict=True):
            part = getattr(self, player)
            arrays[f"{player}_in"] = numbers
            arrays |= {f"{player}_{name}": getattr(part, name) for name in Part.__dataclass_fields__}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def load(cls, content: bytes) -> Outline:
        """What :meth:`dump` gave, in another process of ours."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            performer, model = (
                Part(*(arrays[f"{player}_{name}"] for name in Part.__dataclass_fields__)) for player in _PLAYERS
            )
            played_in = arrays["performer_in"], arrays["model_in"]
            seconds = float(arrays["seconds"])
            return cls(seconds, arrays["begins"], arrays["offsets"], performer, model, played_in)

    def groups(self, begin: float, end: float) -> tuple[int, int]:
        """The first of the groups with something from ``begin`` to ``end``, and the one after the last."""
        first = max(0, int(np.searchsorted(self.begins, begin, "left")) - 1)
        return first, int(np.searchsorted(self.begins, end, "right"))

    def rows(self, path: Path, first: int, after: int) -> dict[str, Part]:
        """The rows of these groups, with the last one before of each player.

        Raises:
            DataError: the file cannot be read.
        """
        size = int(self.offsets[after] - self.offsets[first])
        controls = self.performer.last.shape[1]
        try:
            with open_log(path) as file:
                file.seek(int(self.offsets[first]))
                content = io.BytesIO(file.read(size))
        except OSError as error:
            raise DataError(f"{path}: cannot be read {refusal(error, 'try again')}") from error
        rows, _ = fold_log(content, controls, path, _Rows(float(self.begins[first]), controls).take)
        found = {}
        for player, performer, numbers in zip(_PLAYERS, (True, False), self.played_in, strict=True):
            before = getattr(self, player)
            known = int(np.searchsorted(numbers, first))
            held = slice(max(0, known - 1), known)
            chosen = rows.performer == performer
            found[player] = Part.of_rows(
                np.concatenate([before.ends[held], rows.times[chosen]]),
                np.concatenate([before.last[held], rows.values[chosen]]),
            )
        return found


class _Rows:
    """Rows from the middle of a take, as they are in memory."""

    def __init__(self, begin: float, controls: int) -> None:
        self._clock = _Clock(begin)
        self.times, self.values = np.zeros(0), np.zeros((0, controls), np.float32)
        self.performer = np.zeros(0, np.bool_)

    def take(self, pieces: Iterable[Piece]) -> _Rows:
        found = [(self._clock.seconds(each.times), each.values.clip(0, 1), each.performer) for each in pieces]
        if found:
            self.times, self.values, self.performer = (np.concatenate(each) for each in zip(*found, strict=True))
        return self


class _Clock:
    """Seconds since the take began: where the clock was set back, no time passes."""

    def __init__(self, begin: float = 0.0) -> None:
        self._passed = round(begin * 1e6)
        self._last: int | None = None

    def seconds(self, times: NDArray[np.int64]) -> Floats:
        """Of the rows that come next, by their times in microseconds."""
        if not len(times):
            return np.zeros(0)
        before = times[0] if self._last is None else self._last
        passed = self._passed + np.maximum(np.diff(times, prepend=before), 0).cumsum()
        self._passed, self._last = int(passed[-1]), int(times[-1])
        return np.asarray(passed / 1e6)


class Outlining:
    """Makes the outline of a take from the pieces of its log."""

    def __init__(self, controls: int) -> None:
        self._controls = controls
        self._clock = _Clock()
        self._size = 0
        self._seconds = 0.0
        self._count = 0
        self._begins: list[Floats] = []
        self._offsets: list[NDArray[np.int64]] = []
        self._parts: dict[str, list[tuple[NDArray[Any], ...]]] = {player: [] for player in _PLAYERS}

    def add(self, piece: Piece) -> None:
        """Go on with this piece."""
        size, self._size = self._size, self._size + piece.size
        if not len(piece.times):
            return
        seconds = self._clock.seconds(piece.times)
        self._seconds = float(seconds[-1])
        self._begins.append(seconds[::GROUP])
        self._offsets.append(size + piece.offsets[::GROUP])
        groups = self._count + np.arange(len(seconds)) // GROUP
        self._count = int(groups[-1]) + 1
        for player, performer in zip(_PLAYERS, (True, False), strict=True):
            chosen = np.flatnonzero(piece.performer == performer)
            if len(chosen):
                values = piece.values[chosen].clip(0, 1)
                first = np.flatnonzero(np.diff(groups[chosen], prepend=-1))
                last = np.append(first[1:], len(chosen)) - 1
                low, high = (extreme.reduceat(values, first) for extreme in (np.minimum, np.maximum))
                times = seconds[chosen]
                self._parts[player].append(
                    (groups[chosen[first]], times[first], times[last], low, high, values[last])
                )

    def outline(self, size: int) -> Outline:
        """What was made; ``size`` is that of the file, by which is known whether it is laid out as it was read."""
        as_read = self._size in (size, size + 1)  # the last line may not be ended
        offsets = [*self._offsets, np.array([size])] if as_read else []
        none = (np.zeros(0, np.int64), np.zeros(0), np.zeros(0), *[np.zeros((0, self._controls), np.float32)] * 3)
        numbers, parts = [], []
        for player in _PLAYERS:
            number, *part = map(np.concatenate, zip(none, *self._parts[player], strict=True))
            numbers.append(number)
            parts.append(Part(*part))
        begins, joined = np.concatenate([np.zeros(0), *self._begins]), np.concatenate([none[0], *offsets])
        performer, model = parts
        return Outline(self._seconds, begins, joined, performer, model, (numbers[0], numbers[1]))

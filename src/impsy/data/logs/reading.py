"""Reading the log of a performance: the one reader of all who read logs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import ROW_ALONE, LogForm, date_of
from impsy.codecs.logtime import day_comes_first, short_dates
from impsy.data.logs.pieces import EPOCH, PROBLEMS_KEPT, Counts, Numbers, Piece, Problem, read_pieces, texts
from impsy.errors import DataError, refusal
from impsy.files import open_regular
from impsy.limits import MOST_DIMENSION

__all__ = [
    "EPOCH",
    "PROBLEMS_KEPT",
    "Counts",
    "Log",
    "Numbers",
    "Problem",
    "Whole",
    "fold_log",
    "log_lines",
    "open_log",
    "parse_log",
    "read_log",
]

T = TypeVar("T")

LARGEST = 16 << 30
"""Bytes of a log: two days of 1,000 events a second with eight values."""


@dataclass(frozen=True, eq=False, slots=True)
class Log:
    """What a log says.

    path: its file.
    times: (R,) int64, when each of the performer's rows was, in microseconds of local time since 1970.
    values: (R, n) float32 or float64, x_1 … x_n of each, as logged: usually in [0, 1], always finite.
    performer: (R,) whether each is the performer's: all are, unless the model's were wanted too.
    counts: what its lines are.
    problems: the first rows that are malformed or of another source.
    remarks: sentences on how it was read, where that is not plain.
    plain: whether what follows can be read without knowing what came before.
    """

    path: Path
    times: NDArray[np.int64]
    values: Numbers
    performer: NDArray[np.bool_]
    counts: Counts
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]
    plain: bool


def read_log(path: Path, controls: int, *, exact: bool = False, answers: bool = False) -> Log:
    """Read a log whose rows have ``controls`` values.

    Rows that cannot be read are left out, counted, and the first of them named. In memory are the rows that are
    wanted and a piece of the file.

    Args:
        path: a log.
        controls: n, one less than the dimension.
        exact: values are float64.
        answers: the model's rows are wanted too, among the performer's as they come.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with open_log(path) as file:
            return parse_log(file, controls, path, exact=exact, answers=answers)
    except OSError as error:
        raise DataError(f"{path}: cannot be read {refusal(error, 'leave it out with --exclude')}") from error


def parse_log(file: IO[bytes], controls: int, path: Path, *, exact: bool = False, answers: bool = False) -> Log:
    """As :func:`read_log`, from where ``file`` stands to its end; ``path`` is what it is called.

    Raises:
        DataError: no log has so many values in a row.
        OSError: the file cannot be read.
    """
    kind = np.float64 if exact else np.float32

    def join(pieces: Iterable[Piece]) -> list[_Growing]:
        columns = [_Growing((), np.int64), _Growing((controls,), kind), _Growing((), np.bool_)]
        for piece in pieces:
            chosen = slice(None) if answers or piece.performer.all() else piece.performer
            for column, rows in zip(columns, (piece.times, piece.values, piece.performer), strict=True):
                column.add(rows[chosen])
        return columns

    columns, whole = fold_log(file, controls, path, join, exact=exact)
    times, values, performer = (column.whole() for column in columns)
    return Log(path, times, values, performer, whole.counts, whole.problems, whole.remarks, whole.plain)


class _Growing:
    """Rows that are put one after the other, without ever being there twice."""

    def __init__(self, shape: tuple[int, ...], kind: Any) -> None:
        self._rows = np.empty((0, *shape), kind)
        self._count = 0

    def add(self, rows: NDArray[Any]) -> None:
        end = self._count + len(rows)
        if end > len(self._rows):
            self._rows.resize((end + end // 8, *self._rows.shape[1:]), refcheck=False)
        self._rows[self._count : end] = rows
        self._count = end

    def whole(self) -> NDArray[Any]:
        self._rows.resize((self._count, *self._rows.shape[1:]), refcheck=False)
        return self._rows


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of a log as a whole, as in :class:`Log`; ``size`` are the bytes of its lines, one at each end."""

    counts: Counts
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]
    plain: bool
    size: int


def fold_log(
    file: IO[bytes], controls: int, path: Path, fold: Callable[[Iterable[Piece]], T], *, exact: bool = False
) -> tuple[T, Whole]:
    """Read a log piece by piece, from where ``file`` stands to its end; in memory are some pieces.

    Args:
        path: what it is called.
        fold: what is to be made of the pieces. It is called once more where only the whole log makes clear how to
            read it; the last result counts.
        exact: values are float64.

    Raises:
        DataError: no log has so many values in a row.
        OSError: the file cannot be read.
    """
    if not 0 < controls < MOST_DIMENSION:
        raise DataError(f"{path}: a row of a log has 1 to {MOST_DIMENSION - 1:,} values, not {controls:,}")
    start = file.tell()
    watch = _Watch()
    folded = fold(watch.over(read_pieces(file, controls, ROW_ALONE, exact=exact)))
    undecided, remarks = watch.undecided, []
    if undecided:
        file.seek(start)
        day_first, sentence = day_comes_first(short_dates(texts(file)), date_of(path.name))
        if "date-order" in undecided:
            remarks.append(sentence)
        file.seek(start)
        form = LogForm(day_first, watch.columns)
        watch = _Watch()
        folded = fold(watch.over(read_pieces(file, controls, form, exact=exact)))
    if watch.counts.wider:
        remarks.append(
            f"{watch.counts.wider:,} of its rows have more columns than {controls} values; the first count"
        )
    remarks += [rounding.remark for rounding in watch.roundings if rounding.remark][:1]
    return folded, Whole(watch.counts, tuple(watch.problems), tuple(remarks), not undecided, watch.size)


class _Watch:
    """Looks at the pieces of a log as they pass."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.problems: list[Problem] = []
        self.undecided: set[str] = set()
        self.size = 0
        # With a decimal comma no value begins with a whole number above 1, and none has a decimal point.
        self.columns = False
        self.roundings = [_Rounding("minutes", 60_000_000), _Rounding("seconds", 1_000_000)]

    def over(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        for piece in pieces:
            for each in piece.problems[: PROBLEMS_KEPT - len(self.problems)]:
                self.problems.append(replace(each, line=self.counts.lines + each.line))
            self.counts += piece.counts
            self.undecided |= piece.undecided
            self.size += piece.size
            values = piece.values
            self.columns = self.columns or bool((values % 1 != 0).any() or (values[:, :1] > 1).any())
            if any(rounding.holds for rounding in self.roundings):
                times = piece.times[piece.performer]
                for rounding in self.roundings:
                    rounding.look(times)
            yield piece


class _Rounding:
    """Whether the performer's times are all whole minutes, say, and how many became the same by it."""

    def __init__(self, unit: str, microseconds: int) -> None:
        self.holds = True
        self._unit = unit
        self._microseconds = microseconds
        self._same = 0
        self._last: NDArray[np.int64] = np.zeros(0, np.int64)

    def look(self, times: NDArray[np.int64]) -> None:
        """Look at the times that come next."""
        self.holds = self.holds and not (times % self._microseconds).any()
        if self.holds and len(times):
            self._same += int((np.diff(times, prepend=self._last) == 0).sum())
            self._last = times[-1:]

    @property
    def remark(self) -> str:
        """What is to be said of it; "" if nothing."""
        if not self.holds or not self._same:
            return ""
        return (
            f"its times are whole {self._unit}, as a spreadsheet saves them, and {self._same:,} rows have the time "
            "of the row before: the rhythm is lost; use the log as it was recorded"
        )


def log_lines(path: Path) -> Iterator[str]:
    """The lines of a log as text, whatever program saved it.

    Raises:
        OSError: the file cannot be read.
    """
    with open_log(path) as file:
        yield from texts(file)


def open_log(path: Path) -> IO[bytes]:
    """Open a log for reading; raises OSError as :func:`impsy.files.open_regular` does."""
    return open_regular(path, LARGEST)

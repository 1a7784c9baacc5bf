"""What a log holds: how many rows, whose, and from when to when; of a log that only grew, by reading what is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs.outline import Outline, Outlining
from impsy.data.logs.performances import times_to_seconds
from impsy.data.logs.pieces import Piece
from impsy.data.logs.reading import EPOCH, Counts, Whole, fold_log, open_log
from impsy.data.pauses import LONG_PAUSE
from impsy.data.ranges import ValueRange
from impsy.errors import DataError

__all__ = ["Scan", "scan_again", "scan_in_outline", "scan_log", "started_at"]

_TAIL = 200
"""Bytes by which a log that grew is recognised."""


NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known of a log's first ``read`` bytes, which are whole lines.

    tail: the last of these bytes, as Latin-1. counts: what the lines are. first, last: when the first and the last
    row was, in microseconds of local time since 1970; None if there is none. seconds: from the first to the last.
    performed: when the performer's last row was, likewise. pauses: how many times the performer did not play for more
    than ``LONG_PAUSE``; paused: how many seconds that were together.
    problems: a sentence on the first row that was left out, then those on how the log was read.
    """

    read: int = 0
    tail: str = ""
    counts: Counts = NOTHING
    first: int | None = None
    last: int | None = None
    seconds: float = 0.0
    performed: int | None = None
    pauses: int = 0
    paused: float = 0.0
    problems: tuple[str, ...] = ()


def started_at(first: int | None) -> datetime | None:
    """``Scan.first`` as local time."""
    return None if first is None else EPOCH + timedelta(microseconds=first)


def scan_log(path: Path, controls: int, before: Scan | None = None) -> Scan:
    """Look through a log whose rows have ``controls`` values; only through what is new if ``before`` is known of it.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with open_log(path) as file:
            start = before if before is not None and _is_same(file, before) else Scan()
            new, whole = _look(file, start, controls, path)
            if start.read and (not whole.plain or whole.remarks):
                start = Scan()
                new, whole = _look(file, start, controls, path)
            return _with(start, new, whole, file)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def scan_in_outline(path: Path, controls: int) -> tuple[Scan, Outline]:
    """Look through a log, and make the outline of its take on the way.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with open_log(path) as file:
            new, whole = _look(file, Scan(), controls, path, outlined=True)
            outline = new.outlining.outline(file.tell()) if new.outlining is not None else None
            assert outline is not None
            return _with(Scan(), new, whole, file), outline
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def scan_again(file: str, controls: int, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """As :func:`scan_log`, but that scans are dictionaries, as JSON can say them.

    A scan from before that is of another version is passed over.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        known = Scan(**{**before, "counts": Counts(**before["counts"])}) if before else None
    except (LookupError, TypeError):
        known = None
    return asdict(scan_log(Path(file), controls, known))


class _New:
    """What is found in rows that are looked through."""

    def __init__(self, controls: int, performed: int | None, *, outlined: bool) -> None:
        self.first: int | None = None
        self.last: int | None = None
        self.seconds = 0.0
        self.performed = performed
        self.pauses, self.paused = 0, 0.0
        self.range = ValueRange(controls)
        self.outlining = Outlining(controls) if outlined else None

    def add(self, piece: Piece) -> None:
        """Look through these."""
        self.range.add(piece.values)
        if self.outlining is not None:
            self.outlining.add(piece)
        times = piece.times
        if not len(times):
            return
        before = times[:0] if self.last is None else np.array([self.last])
        self.seconds += float(times_to_seconds(np.concatenate([before, times])).sum())
        self.first = int(times[0]) if self.first is None else self.first
        self.last = int(times[-1])
        self._count_pauses(times[piece.performer])

    def _count_pauses(self, performed: NDArray[np.int64]) -> None:
        if not len(performed):
            return
        before = performed[:0] if self.performed is None else np.array([self.performed])
        waits = times_to_seconds(np.concatenate([before, performed]))
        long = waits[waits > LONG_PAUSE]
        self.pauses += len(long)
        self.paused += float(long.sum())
        self.performed = int(performed[-1])


def _look(file: IO[bytes], start: Scan, controls: int, path: Path, *, outlined: bool = False) -> tuple[_New, Whole]:
    def look(pieces: Iterable[Piece]) -> _New:
        new = _New(controls, start.performed, outlined=outlined)
        for piece in pieces:
            new.add(piece)
        return new

    file.seek(start.read)
    return fold_log(file, controls, path, look)


def _is_same(file: IO[bytes], before: Scan) -> bool:
    """Whether the bytes that were looked at still end as they did."""
    tail = before.tail.encode("latin-1")
    file.seek(before.read - len(tail))
    return bool(tail) and file.read(len(tail)) == tail


def _with(scan: Scan, new: _New, whole: Whole, file: IO[bytes]) -> Scan:
    """With what was read added. After a last line that is not ended, nothing can be added any more."""
    end = file.tell()
    file.seek(max(0, end - _TAIL))
    tail = file.read(min(end, _TAIL))
    grows = whole.plain and not whole.remarks and tail.endswith(b"\n")
    gap = max(0, new.first - scan.last) / 1e6 if new.first is not None and scan.last is not None else 0.0
    problems = [f"line {scan.counts.lines + each.line}: {each.text}" for each in whole.problems[:1]]
    return Scan(
        read=end if grows else 0,
        tail=tail.decode("latin-1") if grows else "",
        counts=scan.counts + whole.counts,
        first=new.first if scan.first is None else scan.first,
        last=scan.last if new.last is None else new.last,
        seconds=scan.seconds + gap + new.seconds,
        performed=new.performed,
        pauses=scan.pauses + new.pauses,
        paused=scan.paused + new.paused,
        problems=scan.problems or (*problems, *whole.remarks, *new.range.remarks),
    )

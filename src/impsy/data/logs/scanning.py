"""What a log holds: how many rows, whose, and from when to when; of a log that only grew, by reading what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from impsy.data.datasets import remarks_on_range
from impsy.data.logs.performances import times_to_seconds
from impsy.data.logs.reading import EPOCH, Counts, Log, open_log, parse_log
from impsy.errors import DataError

__all__ = ["Scan", "scan_again", "scan_log", "started_at"]

_TAIL = 200
"""Bytes by which a log that grew is recognised."""


NOTHING = Counts()


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known of a log's first ``read`` bytes, which are whole lines.

    tail: the last of these bytes, as Latin-1. counts: what the lines are. first, last: when the first and the last
    row was, in microseconds of local time since 1970; None if there is none. seconds: from the first to the last.
    problems: a sentence on the first row that was left out, then those on how the log was read.
    """

    read: int = 0
    tail: str = ""
    counts: Counts = NOTHING
    first: int | None = None
    last: int | None = None
    seconds: float = 0.0
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
            log = _parse_from(file, start.read, controls, path)
            if start.read and (not log.plain or log.remarks):
                start = Scan()
                log = _parse_from(file, 0, controls, path)
            return _with(start, log, file)
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


def _parse_from(file: IO[bytes], start: int, controls: int, path: Path) -> Log:
    file.seek(start)
    return parse_log(file, controls, path, answers=True)


def _is_same(file: IO[bytes], before: Scan) -> bool:
    """Whether the bytes that were looked at still end as they did."""
    tail = before.tail.encode("latin-1")
    file.seek(before.read - len(tail))
    return bool(tail) and file.read(len(tail)) == tail


def _with(scan: Scan, log: Log, file: IO[bytes]) -> Scan:
    """With what was read added. After a last line that is not ended, nothing can be added any more."""
    end = file.tell()
    file.seek(max(0, end - _TAIL))
    tail = file.read(min(end, _TAIL))
    grows = log.plain and not log.remarks and tail.endswith(b"\n")
    times = log.times.tolist()
    gap = max(0, times[0] - scan.last) / 1e6 if times and scan.last is not None else 0.0
    problems = [f"line {scan.counts.lines + each.line}: {each.text}" for each in log.problems[:1]]
    return Scan(
        read=end if grows else 0,
        tail=tail.decode("latin-1") if grows else "",
        counts=scan.counts + log.counts,
        first=times[0] if times and scan.first is None else scan.first,
        last=times[-1] if times else scan.last,
        seconds=scan.seconds + gap + float(times_to_seconds(log.times).sum()),
        problems=scan.problems or (*problems, *log.remarks, *remarks_on_range(log.values)),
    )

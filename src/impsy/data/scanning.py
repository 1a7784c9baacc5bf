"""What a log holds, told without reading its values: how many rows, whose, and from when to when.

A log of a million rows takes half a second; one that only grew since it was last looked at, next to nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from impsy.codecs.log import LINE_LIMIT, decode_row
from impsy.data.performances import MODEL, PERFORMER
from impsy.errors import DataError, PeerError

__all__ = ["Scan", "dimension_of", "scan_log"]

_BLOCK = 1 << 20
_NAME = re.compile(r".*-(\d{1,5})d-mdrnn\.log")
_PERFORMER, _MODEL = (f",{source},".encode() for source in (PERFORMER, MODEL))


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known of a log's first ``read`` bytes, which are whole lines.

    events, answers: rows of the performer and of the model. others: lines that are neither.
    first, last: the first line, and the last one but blank ones; "" if there is none. The last also tells whether a
    log that grew is still the same one.
    """

    read: int = 0
    events: int = 0
    answers: int = 0
    others: int = 0
    first: str = ""
    last: str = ""

    @property
    def started(self) -> datetime | None:
        """When the first row was, in local time; None if its line cannot be read."""
        return _time(self.first)

    @property
    def seconds(self) -> float:
        """From the first row to the last; 0 if the clock was set back in between."""
        first, last = _time(self.first), _time(self.last)
        return max(0.0, (last - first).total_seconds()) if first and last else 0.0


def dimension_of(name: str) -> int | None:
    """The dimension that a log's name tells (``…-9d-mdrnn.log``); None if it is not named like a log."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def scan_log(path: Path, before: Scan | None = None) -> Scan:
    """Look through a log; only through what is new if ``before`` is what was known of it.

    A last line that is not ended yet is left for the next time, unless it is a whole row.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = before if before is not None and _is_same(file, before) else Scan()
            file.seek(start.read)
            return _go_on(file, start)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def _is_same(file: IO[bytes], before: Scan) -> bool:
    """Whether the bytes that were looked at still end as they did."""
    last = before.last.encode("utf-8", "surrogateescape")
    file.seek(max(0, before.read - len(last) - 1))
    return len(last) < before.read and file.read(len(last) + 1) == last + b"\n"


def _go_on(file: IO[bytes], scan: Scan) -> Scan:
    rest = b""
    while block := file.read(_BLOCK):
        block = rest + block
        end = block.rfind(b"\n") + 1
        if end:
            scan = _add(scan, block[:end])
        rest = block[end:]
        if len(rest) > 4 * LINE_LIMIT:  # no line of ours is so long: what comes before its end is left out
            scan, rest = replace(scan, read=scan.read + len(rest), others=scan.others + 1, last=""), b""
    if _time(rest.decode("utf-8", "replace")) is not None and rest.count(b",") >= 2:
        return replace(_add(scan, rest + b"\n"), read=scan.read)
    return scan


def _add(scan: Scan, lines: bytes) -> Scan:
    """With whole lines added."""
    events, answers = lines.count(_PERFORMER), lines.count(_MODEL)
    others = lines.count(b"\n") - events - answers
    if others > 0:
        others -= len(re.findall(rb"(?m)^[\r\t ]*\n", lines))  # blank ones
    last = lines[lines.rfind(b"\n", 0, -1) + 1 : -1][:LINE_LIMIT].decode("utf-8", "surrogateescape")
    first = scan.first or lines[: lines.index(b"\n")][:LINE_LIMIT].decode("utf-8", "surrogateescape")
    return Scan(
        read=scan.read + len(lines),
        events=scan.events + events,
        answers=scan.answers + answers,
        others=scan.others + max(0, others),
        first=first,
        last=last,
    )


def _time(line: str) -> datetime | None:
    """The time that a line begins with."""
    fields = line.strip().split(",", 2)
    try:
        return decode_row(f"{fields[0]},{PERFORMER},0", 1).time
    except (PeerError, OverflowError, OSError):
        return None

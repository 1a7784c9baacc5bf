"""Reading the log of a performance: in bulk what is written as the recorder writes it, by the line all else.

Both ways give the same rows, and the same complaints; the second is :func:`impsy.codecs.log.read_rows`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import LINE_LIMIT, LogRow, read_rows
from impsy.data.decimals import PADDING, read_decimals
from impsy.data.performances import MODEL, PERFORMER
from impsy.errors import DataError, refusal

__all__ = ["PROBLEMS_KEPT", "Log", "Problem", "read_log"]

CHUNK = 1 << 20
"""Bytes that are looked at together: some thousand rows, which with all that is made of them stay in the cache."""

THREADS = 2

PROBLEMS_KEPT = 5
"""Malformed rows of a file that are kept with what is wrong with them; the others are only counted."""

EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Problem:
    """A malformed row: its number in the file, from 1, and what is wrong with it."""

    line: int
    text: str


@dataclass(frozen=True, eq=False, slots=True)
class Log:
    """What a log says.

    path: its file.
    times: (R,) int64, when each of the performer's rows was, in microseconds of local time since 1970.
    values: (R, n) float32, x_1 … x_n of each, as logged: usually in [0, 1], always finite.
    performer: (R,) whether each is the performer's: all are, unless the model's were asked for too.
    rows: how many rows are sound, the model's included.
    malformed: how many are not, and were left out.
    problems: the first of those.
    """

    path: Path
    times: NDArray[np.int64]
    values: NDArray[np.float32]
    performer: NDArray[np.bool_]
    rows: int
    malformed: int
    problems: tuple[Problem, ...]


def read_log(path: Path, controls: int, *, in_bulk: bool = True, answers: bool = False) -> Log:
    """Read a log whose rows have ``controls`` values.

    Malformed rows are left out and counted. In memory are the rows that are wanted and a piece of the file.

    Args:
        path: a log.
        controls: n, one less than the dimension.
        in_bulk: False reads every line by itself, which takes twenty times as long and gives the same.
        answers: the model's rows are wanted too, among the performer's as they come.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        pieces = list(_in_threads(lambda chunk: _read_chunk(chunk, controls, in_bulk, answers), _chunks(path)))
    except OSError as error:
        raise DataError(f"{path}: cannot be read {refusal(error, 'leave it out with --exclude')}") from error
    problems: list[Problem] = []
    lines = 0
    for piece in pieces:
        problems += [Problem(lines + each.line, each.text) for each in piece.problems]
        lines += piece.lines
    return Log(
        path,
        np.concatenate([np.zeros(0, np.int64), *(piece.times for piece in pieces)]),
        np.concatenate([np.zeros((0, controls), np.float32), *(piece.values for piece in pieces)]),
        np.concatenate([np.zeros(0, np.bool_), *(piece.performer for piece in pieces)]),
        sum(piece.rows for piece in pieces),
        sum(piece.malformed for piece in pieces),
        tuple(problems[:PROBLEMS_KEPT]),
    )


def _in_threads(read: Callable[[bytes], _Piece], chunks: Iterable[bytes]) -> Iterator[_Piece]:
    """What ``read`` makes of each chunk, in order. Two at a time: NumPy computes without Python's lock."""
    waiting: deque[Future[_Piece]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for chunk in chunks:
            waiting.append(pool.submit(read, chunk))
            if len(waiting) > 2 * THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _chunks(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines, each ended by one ``\\n``; all the ways to end a line become that one.

    Of a line that is longer than any row only the beginning is kept.
    """
    rest = b""
    with path.open("rb") as file:
        while block := file.read(CHUNK):
            while block.endswith(b"\r") and (more := file.read(1)):
                block += more
            if b"\r" in block:
                block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            end = block.rfind(b"\n") + 1
            if end:
                yield rest + block[:end]
                rest = block[end:]
            elif len(rest) <= 4 * LINE_LIMIT:
                rest += block
    if rest:
        yield rest + b"\n"


@dataclass(eq=False, slots=True)
class _Piece:
    """What some lines say, as in :class:`Log`, but that lines are counted from the beginning of the piece."""

    times: NDArray[np.int64]
    values: NDArray[np.float32]
    performer: NDArray[np.bool_]
    lines: int
    rows: int = 0
    malformed: int = 0
    problems: list[Problem] = field(default_factory=list)


def _read_chunk(chunk: bytes, controls: int, in_bulk: bool, answers: bool) -> _Piece:
    """Read whole lines."""
    text = np.frombuffer(chunk + b"\0" * PADDING, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    count = len(ends)
    regular = _Regular(text, starts, ends, controls) if in_bulk else None
    if regular is not None and len(regular.lines) == count:
        piece = _Piece(regular.times, regular.values, regular.performer, count, rows=count)
        wanted, odd = np.ones(count, np.bool_), regular.lines[:0]
    else:
        values = np.zeros((count, controls), np.float32)
        piece = _Piece(np.zeros(count, np.int64), values, np.zeros(count, np.bool_), count)
        wanted, odd = np.zeros(count, np.bool_), np.arange(count)
        if regular is not None:
            piece.times[regular.lines], piece.values[regular.lines] = regular.times, regular.values
            piece.performer[regular.lines] = regular.performer
            wanted[regular.lines] = True
            piece.rows = len(regular.lines)
            odd = np.delete(odd, regular.lines)
    for line in odd.tolist():
        row = _read_line(piece, chunk[starts[line] : ends[line]], controls, line + 1)
        if row is not None and row.source in (PERFORMER, MODEL):
            piece.times[line] = (row.time - EPOCH) // _MICROSECOND
            piece.values[line] = np.clip(row.values, -_LARGEST, _LARGEST)
            piece.performer[line] = row.source == PERFORMER
            wanted[line] = True
    if not answers:
        wanted &= piece.performer
    if not wanted.all():
        piece.times, piece.values = piece.times[wanted], piece.values[wanted]
        piece.performer = piece.performer[wanted]
    return piece


def _read_line(piece: _Piece, line: bytes, controls: int, number: int) -> LogRow | None:
    """One line by itself; None if it is blank or malformed."""
    for row in read_rows([line.decode("utf-8", "replace")], controls):
        if isinstance(row, LogRow):
            piece.rows += 1
            return row
        piece.malformed += 1
        if len(piece.problems) < PROBLEMS_KEPT:
            piece.problems.append(Problem(number, str(row[1])))
    return None


# --- in bulk -------------------------------------------------------------------------------------------------------

_STAMP = b"2026-09-26T10:00:00.500000"
_SIGNS = {place: sign for place, sign in enumerate(_STAMP) if not chr(sign).isdigit()}
_DIGITS = tuple(place for place in range(len(_STAMP)) if place not in _SIGNS)
_PERFORMER, _MODEL = (f",{source},".encode() for source in (PERFORMER, MODEL))
_BEGINNING = np.dtype(f"V{len(_STAMP) + len(_PERFORMER)}")
"""The time, and room for the source."""


class _Regular:
    """Those lines that are as the recorder writes them, read all at once.

    lines: (L,) int64, which they are. times, values, performer: as in :class:`Log`, for each of them.
    """

    def __init__(
        self, text: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], controls: int
    ) -> None:
        commas = np.flatnonzero(text == ord(","))
        before = np.searchsorted(commas, starts)
        counts = np.diff(before, append=len(commas))
        lines = np.flatnonzero((counts == controls + 1) & (ends - starts < LINE_LIMIT))
        begin, end = starts[lines], ends[lines]
        # (L, n + 1): the comma after the time, after the source, and before each value but the first.
        places = before[lines][:, None] + np.arange(controls + 1)
        separators = commas[places] if len(lines) else np.zeros((0, controls + 1), np.int64)
        values, sure = read_decimals(text, separators[:, 1:] + 1, np.column_stack([separators[:, 2:], end]))
        # What has the beginning that is looked for has two commas in it, and no other before the first value.
        windows = np.ndarray((len(text) - _BEGINNING.itemsize + 1,), _BEGINNING, text, strides=(1,))
        letters = np.ascontiguousarray(windows[begin].view(np.uint8).reshape(-1, _BEGINNING.itemsize).T)
        performer = _spelt(letters, _PERFORMER)
        times, fits = _read_times(letters)
        fits &= (performer | _spelt(letters, _MODEL)) & sure.all(axis=1)
        if not fits.all():
            lines, times, values, performer = lines[fits], times[fits], values[fits], performer[fits]
        self.lines, self.times, self.values, self.performer = lines, times, values, performer


def _spelt(letters: NDArray[np.uint8], word: bytes) -> NDArray[np.bool_]:
    """Which lines have this word after the time: (L,), of their letters (places, L)."""
    same = np.ones(letters.shape[1], np.bool_)
    for place, letter in enumerate(word, start=len(_STAMP)):
        same &= letters[place] == letter
    return same


def _read_times(letters: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Times with microseconds, from the beginnings of lines (26 places or more, L), and which are such: (L,) each."""
    sound = np.ones(letters.shape[1], np.bool_)
    for place, sign in _SIGNS.items():
        sound &= letters[place] == sign
    digits = letters - np.uint8(ord("0"))
    for place in _DIGITS:
        sound &= digits[place] <= 9
    year, month, day = _number(digits[0:4]), _number(digits[5:7]), _number(digits[8:10])
    hour, minute, second = _number(digits[11:13]), _number(digits[14:16]), _number(digits[17:19])
    sound &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    # NumPy's months know the calendar; those between the first and the last here are looked up.
    months = np.where(sound, year * 12 + (month - 1 - 1970 * 12), 0)
    first, last = int(months.min(initial=0)), int(months.max(initial=0))
    begins = np.arange(first, last + 2).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    months -= first
    sound &= day <= np.diff(begins)[months]
    seconds = (((begins[months] + (day - 1)) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 1_000_000 + _number(digits[20:26]), sound


def _number(digits: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Decimal digits (places, L) as numbers (L,)."""
    number = digits[0].astype(np.int32)
    for digit in digits[1:]:
        number *= 10
        number += digit
    return np.asarray(number)

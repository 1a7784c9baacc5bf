"""A log in pieces: its bytes as whole lines, and the rows in them.

Lines that are written as the recorder writes them are read in bulk, by NumPy, all others one by one, by
:func:`impsy.codecs.log.decode_row`. Both ways give the same rows. A million rows with eight values take 1 s of a
processor's time in bulk (with ``numpy.loadtxt`` 4.3 s), 8 s one by one.
"""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import IO

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import LINE_LIMIT, MODEL, PERFORMER, LogForm, LogRow, decode_row
from impsy.data.logs.decimals import PADDING
from impsy.data.logs.regular import Regular
from impsy.errors import PeerError

__all__ = ["EPOCH", "PROBLEMS_KEPT", "Counts", "Numbers", "Piece", "Problem", "read_pieces", "texts"]

CHUNK = 1 << 20
"""Bytes that are looked at together: some thousand rows."""

THREADS = 2
"""Pieces that are read at the same time: NumPy computes without the interpreter's lock."""

PROBLEMS_KEPT = 5
"""Rows of a file that are kept with what is wrong with them; the others are only counted."""

EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST = float(np.finfo(np.float32).max)
_UNDECIDED = frozenset({"date-order", "decimal-comma"})
"""Kinds of errors about rows that only the whole file makes clear."""

Numbers = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was left out: its line in the file, from 1, and what is wrong with it."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Counts:
    """The lines of a log by what they are.

    lines: all of them. performer, model: sound rows. others: rows of any other source. malformed: rows that cannot be
    read. What remains are no rows: blank lines, comments and names of columns.
    wider: rows of the performer and of the model that have more columns than there are controls.
    """

    lines: int = 0
    performer: int = 0
    model: int = 0
    others: int = 0
    malformed: int = 0
    wider: int = 0

    @property
    def rows(self) -> int:
        """All rows, whatever becomes of them."""
        return self.performer + self.model + self.others + self.malformed

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Counts)))


@dataclass(eq=False, slots=True)
class Piece:
    """What some lines say.

    times: (R,) int64, microseconds of local time since 1970. values: (R, n). performer: (R,) whether each row is the
    performer's. offsets: (R,) where the line of each begins, in bytes from the beginning of the piece. size: bytes of
    all its lines. problems: their lines are counted from the beginning of the piece, from 1. undecided: kinds of
    errors that only the whole file makes clear.
    """

    times: NDArray[np.int64]
    values: Numbers
    performer: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    size: int
    counts: Counts
    problems: list[Problem] = field(default_factory=list)
    undecided: set[str] = field(default_factory=set)


def read_pieces(file: IO[bytes], controls: int, form: LogForm, *, exact: bool = False) -> Iterator[Piece]:
    """The log from where ``file`` stands to its end, in order; values are float64 if ``exact``, else float32."""
    waiting: deque[Future[Piece]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for chunk in _chunks(file):
            waiting.append(pool.submit(_read_chunk, chunk, controls, form, exact))
            if len(waiting) > 2 * THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def texts(file: IO[bytes]) -> Iterator[str]:
    """The lines from where ``file`` stands to its end."""
    for chunk in _chunks(file):
        yield from map(_text, chunk[:-1].split(b"\n"))


def _text(line: bytes) -> str:
    """Latin-1 where it is not UTF-8: of what lies beyond ASCII, rows have at most a blank that does not break."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in pieces of whole lines, each ended by one ``\\n``; all the ways to end a line become that one.

    Of a line that is longer than any row only the beginning is kept.
    """
    rest = held = b""
    for part in _blocks(file):
        block, held = held + part, b""
        if b"\r" in block:
            if block.endswith(b"\r"):
                block, held = block[:-1], b"\r"
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
            rest = block[end:]
        elif len(rest) <= 4 * LINE_LIMIT:
            rest += block
    if rest or held:
        yield rest + b"\n"


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of the file, as UTF-8 where it is UTF-16."""
    head = file.read(4)
    encoding = _wide_encoding(head)
    if encoding is None:
        yield head
        while block := file.read(CHUNK):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    block = head
    while block:
        yield decoder.decode(block).encode()
        block = file.read(CHUNK)


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16, by its mark or because every second byte of its first two characters is zero."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = [byte == 0 for byte in head]
    return "utf-16-le" if zeros == [False, True] * 2 else "utf-16-be" if zeros == [True, False] * 2 else None


def _read_chunk(chunk: bytes, controls: int, form: LogForm, exact: bool) -> Piece:
    """Read whole lines."""
    text = np.frombuffer(chunk + b"\0" * PADDING, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    regular = Regular(text, starts, ends, controls)
    values: Numbers = regular.values
    if exact:
        spans = zip(regular.begins.tolist(), ends[regular.lines].tolist(), strict=True)
        fields_of = [chunk[begin:end].split(b",") for begin, end in spans]
        values = np.array([list(map(float, each)) for each in fields_of], np.float64).reshape(-1, controls)
    performer = int(regular.performer.sum())
    counts = Counts(len(ends), performer, len(regular.lines) - performer)
    piece = Piece(regular.times, values, regular.performer, starts[regular.lines], len(chunk), counts)
    others = np.delete(np.arange(len(ends)), regular.lines)
    others = others[ends[others] > starts[others]]
    if len(others):
        _add_lines(piece, chunk, starts[others], ends[others], others, controls, form)
    return piece


def _add_lines(
    piece: Piece,
    chunk: bytes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    numbers: NDArray[np.int64],
    controls: int,
    form: LogForm,
) -> None:
    """Read these lines of a chunk one by one, and add them to those that were read in bulk."""
    found: list[tuple[int, LogRow]] = []
    malformed = others = 0
    for number, start, end in zip(numbers.tolist(), starts.tolist(), ends.tolist(), strict=True):
        try:
            row = decode_row(_text(chunk[start:end]), controls, form)
        except PeerError as error:
            problem = str(error)
            malformed += 1
            piece.undecided |= {error.kind} & _UNDECIDED
        else:
            if row is None:
                continue
            if row.source in (PERFORMER, MODEL):
                found.append((start, row))
                continue
            problem = f"its source is “{row.source[:40]}”, neither {PERFORMER} nor {MODEL}"
            others += 1
        if len(piece.problems) < PROBLEMS_KEPT:
            piece.problems.append(Problem(number + 1, problem))
    rows = [row for _, row in found]
    performer = np.array([row.source == PERFORMER for row in rows], np.bool_)
    values = np.array([row.values for row in rows], np.float64).reshape(-1, controls).clip(-_LARGEST, _LARGEST)
    played = int(performer.sum())
    piece.counts += Counts(0, played, len(rows) - played, others, malformed, sum(row.wider for row in rows))
    offsets = np.concatenate([piece.offsets, np.array([start for start, _ in found], np.int64)])
    order = np.argsort(offsets)
    times = np.array([(row.time - EPOCH) // _MICROSECOND for row in rows], np.int64)
    piece.offsets = offsets[order]
    piece.times = np.concatenate([piece.times, times])[order]
    piece.values = np.concatenate([piece.values, values.astype(piece.values.dtype)])[order]
    piece.performer = np.concatenate([piece.performer, performer])[order]

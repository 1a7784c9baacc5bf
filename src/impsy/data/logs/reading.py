"""Reading the log of a performance: the one reader of all who read logs.

Lines that are written as the recorder writes them are read in bulk, by NumPy, all others one by one, by
:func:`impsy.codecs.log.decode_row`. Both ways give the same rows. Of 200,000 rows with eight values, NumPy reads
all in 0.5 s, ``decode_row`` in 1.6 s.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import LINE_LIMIT, MODEL, PERFORMER, ROW_ALONE, LogForm, date_of, decode_row
from impsy.codecs.logtime import day_comes_first, short_dates
from impsy.errors import DataError, PeerError, refusal
from impsy.limits import MOST_DIMENSION

__all__ = ["EPOCH", "PROBLEMS_KEPT", "Counts", "Log", "Problem", "log_lines", "parse_log", "read_log"]

CHUNK = 1 << 20
"""Bytes that are looked at together: some thousand rows."""

_FEW_LINES = 32
"""So many lines are read one by one if NumPy cannot read them together."""

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
        with path.open("rb") as file:
            return parse_log(file, controls, path, exact=exact, answers=answers)
    except OSError as error:
        raise DataError(f"{path}: cannot be read {refusal(error, 'leave it out with --exclude')}") from error


def parse_log(file: IO[bytes], controls: int, path: Path, *, exact: bool = False, answers: bool = False) -> Log:
    """As :func:`read_log`, from where ``file`` stands to its end; ``path`` is what it is called.

    Raises:
        DataError: no log has so many values in a row.
        OSError: the file cannot be read.
    """
    if not 0 < controls < MOST_DIMENSION:
        raise DataError(f"{path}: a row of a log has 1 to {MOST_DIMENSION - 1:,} values, not {controls:,}")
    start = file.tell()

    def read(form: LogForm) -> _Piece:
        file.seek(start)
        pieces = (_read_lines(list(map(_text, chunk[:-1].split(b"\n"))), controls, form) for chunk in _chunks(file))
        kind: Any = np.float64 if exact else np.float32
        return _joined([replace(piece, values=piece.values.astype(kind)) for piece in pieces], controls, kind)

    piece, remarks = read(ROW_ALONE), []
    undecided = piece.undecided
    if undecided:
        file.seek(start)
        day_first, sentence = day_comes_first(short_dates(_texts(file)), date_of(path.name))
        if "date-order" in undecided:
            remarks.append(sentence)
        # With a decimal comma no value begins with a whole number above 1, and none has a decimal point.
        columns = bool((piece.values % 1 != 0).any() or (piece.values[:, :1] > 1).any())
        piece = read(LogForm(day_first, columns))
    if piece.counts.wider:
        remarks.append(
            f"{piece.counts.wider:,} of its rows have more columns than {controls} values; the first count"
        )
    remarks += _on_rounding(piece.times[piece.performer])
    chosen = slice(None) if answers or piece.performer.all() else piece.performer
    return Log(
        path,
        piece.times[chosen],
        piece.values[chosen],
        piece.performer[chosen],
        piece.counts,
        tuple(piece.problems[:PROBLEMS_KEPT]),
        tuple(remarks),
        not undecided,
    )


def log_lines(path: Path) -> Iterator[str]:
    """The lines of a log as text, whatever program saved it.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        yield from _texts(file)


def _texts(file: IO[bytes]) -> Iterator[str]:
    for chunk in _chunks(file):
        yield from map(_text, chunk[:-1].split(b"\n"))


def _text(line: bytes) -> str:
    """Latin-1 where it is not UTF-8: of what lies beyond ASCII, rows have at most a blank that does not break."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _on_rounding(times: NDArray[np.int64]) -> list[str]:
    """What is to be said of times that were rounded, so that some became the same."""
    for unit, microseconds in (("minutes", 60_000_000), ("seconds", 1_000_000)):
        if len(times) > 1 and not (times % microseconds).any():
            same = int((np.diff(times) == 0).sum())
            if same:
                return [
                    f"its times are whole {unit}, as a spreadsheet saves them, and {same:,} rows have the time of "
                    "the row before: the rhythm is lost; use the log as it was recorded"
                ]
    return []


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


@dataclass(eq=False, slots=True)
class _Piece:
    """What some lines say, as in :class:`Log`, but that lines are counted from the beginning of the piece."""

    times: NDArray[np.int64]
    values: Numbers
    performer: NDArray[np.bool_]
    counts: Counts
    problems: list[Problem] = field(default_factory=list)
    undecided: set[str] = field(default_factory=set)


def _joined(pieces: list[_Piece], controls: int, kind: Any = np.float64) -> _Piece:
    whole = _Piece(
        np.concatenate([np.zeros(0, np.int64), *(piece.times for piece in pieces)]),
        np.concatenate([np.zeros((0, controls), kind), *(piece.values for piece in pieces)]),
        np.concatenate([np.zeros(0, np.bool_), *(piece.performer for piece in pieces)]),
        Counts(),
    )
    for piece in pieces:
        whole.problems += [Problem(whole.counts.lines + each.line, each.text) for each in piece.problems]
        whole.undecided |= piece.undecided
        whole.counts += piece.counts
    return whole


def _read_lines(lines: list[str], controls: int, form: LogForm) -> _Piece:
    """Read whole lines; values are float64."""
    rows = _regular_rows(lines, controls)
    if rows is None and len(lines) > _FEW_LINES:
        half = len(lines) // 2
        return _joined([_read_lines(part, controls, form) for part in (lines[:half], lines[half:])], controls)
    if rows is None:
        rows = np.zeros(len(lines), _row_type(controls)), np.zeros(len(lines), np.bool_)
    table, sound = rows
    problems: list[Problem] = []
    undecided: set[str] = set()
    malformed = others = wider = 0
    for number in np.flatnonzero(~sound).tolist():
        try:
            row = decode_row(lines[number], controls, form)
        except PeerError as error:
            problem = str(error)
            malformed += 1
            undecided |= {error.kind} & _UNDECIDED
        else:
            if row is None:
                continue
            if row.source in (PERFORMER, MODEL):
                table[number] = (row.time, row.source, row.values)
                sound[number] = True
                wider += row.wider
                continue
            problem = f"its source is “{row.source[:40]}”, neither {PERFORMER} nor {MODEL}"
            others += 1
        if len(problems) < PROBLEMS_KEPT:
            problems.append(Problem(number + 1, problem))
    table = table[sound]
    performer = table["source"] == PERFORMER
    played = int(performer.sum())
    return _Piece(
        table["time"].astype(np.int64),
        table["values"].clip(-_LARGEST, _LARGEST),
        performer,
        Counts(len(lines), played, len(table) - played, others, malformed, wider),
        problems,
        undecided,
    )


def _row_type(controls: int, time: str = "datetime64[us]") -> np.dtype[np.void]:
    return np.dtype([("time", time), ("source", "U10"), ("values", np.float64, (controls,))])


def _regular_rows(lines: list[str], controls: int) -> tuple[NDArray[np.void], NDArray[np.bool_]] | None:
    """The rows in these lines (of type ``_row_type``), and which of them are as the recorder writes them.

    None if NumPy cannot read all of them as rows of any kind.
    """
    if not all(0 < len(line) < LINE_LIMIT and "\0" not in line for line in lines):
        return None
    try:
        # One character more than a time and a source have, since longer texts are cut off.
        read = np.loadtxt(lines, _row_type(controls, "U27"), comments=None, delimiter=",", ndmin=1)
        codes = np.ascontiguousarray(read["time"]).view(np.uint32).reshape(-1, 27)
        regular = (np.where((codes >= ord("0")) & (codes <= ord("9")), ord("0"), codes) == _TIME_CODES).all(axis=1)
        regular &= (codes[:, :4] != ord("0")).any(axis=1)  # the calendar of decode_row has no year 0
        regular &= (read["source"] == PERFORMER) | (read["source"] == MODEL)
        regular &= np.isfinite(read["values"]).all(axis=1)
        rows = np.zeros(len(lines), _row_type(controls))
        rows["time"][regular] = read["time"][regular].astype("datetime64[us]")
    except ValueError:
        return None
    rows["source"], rows["values"] = read["source"], read["values"]
    return rows, regular


_TIME_CODES = np.array([*map(ord, "0000-00-00T00:00:00.000000"), 0], np.uint32)

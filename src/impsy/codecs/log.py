"""Rows of a performance log <-> text.

One row a line, ``2026-09-26T10:00:00.500000,interface,0.5,0.25``: local time with microseconds, whose row it
is (``interface`` is the performer, ``rnn`` the model), then x_1 … x_n.

That is what is written. What is read is also what spreadsheets and editors make of it: blanks, quotes, semicolons or
tabs between the fields, decimal commas, dates in another form, more columns, a line of column names.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

from impsy.codecs.logtime import read_time
from impsy.errors import PeerError
from impsy.text import counted

__all__ = [
    "LINE_LIMIT",
    "MODEL",
    "PERFORMER",
    "LogForm",
    "LogRow",
    "date_of",
    "decode_row",
    "dimension_of",
    "encode_row",
    "log_name",
]

PERFORMER = "interface"
"""The source of the rows that the performer played; the model's own are not learned from."""

MODEL = "rnn"
"""The source of those."""

LINE_LIMIT = 100_000
"""Characters of a line; a longer one is no row of ours."""

_NAME = re.compile(r"(?!\.).*-(\d{1,5})d-mdrnn(?:[ _.(-].*)?\.(?:log|txt|csv|tsv)", re.IGNORECASE)
_NAMED_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DELIMITER = re.compile(r"[,;\t]")
_FRACTION_THEN = re.compile(r'\d++[^\S\t]*+"?[^\S\t]*+([;\t])', re.ASCII)
_BLANKS_THEN_QUOTE = {",": re.compile(r',\s+"'), ";": re.compile(r';\s+"'), "\t": re.compile(r'\t[^\S\t]+"')}


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row. ``values`` are x_1 … x_n, usually in [0, 1], dt excluded: it is the difference of times.

    wider: whether the line has more columns, which do not count.
    """

    time: datetime
    source: str
    values: tuple[float, ...]
    wider: bool = False


@dataclass(frozen=True, slots=True)
class LogForm:
    """What a single row does not say about the form of its file; None: not known.

    day_first: whether 03.01.2023 is in January. comma_separates: whether in ``0,5,1`` each comma ends a column, even
    though decimal commas would make fewer.
    """

    day_first: bool | None = None
    comma_separates: bool | None = None


ROW_ALONE = LogForm()
"""Nothing is known of the file but the row."""


def log_name(start: datetime, dimension: int) -> str:
    """The file name of a session that started at ``start`` (local time)."""
    return f"{start.strftime('%Y-%m-%dT%H-%M-%S')}-{dimension}d-mdrnn.log"


def dimension_of(name: str) -> int | None:
    """The dimension that a log's name says (``…-9d-mdrnn.log``); None if it is not named like a log.

    Copies (``… (1).log``, ``… - Copy.log``) and what other programs save (``.LOG``, ``.log.txt``, ``.csv``) are logs.
    """
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def date_of(name: str) -> date | None:
    """The date that a log's name says."""
    match = _NAMED_DATE.match(name)
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


def encode_row(time: datetime, source: str, values: Sequence[float]) -> str:
    """One line, newline included. Values are written so that reading gives the same float64."""
    return f"{time.isoformat(timespec='microseconds')},{source},{','.join(map(repr, values))}\n"


def decode_row(line: str, controls: int | None, form: LogForm = ROW_ALONE) -> LogRow | None:
    """Read one line of a log with ``controls`` values; None: with as many as the line has.

    Returns:
        The row; its source in lower case. None if the line is blank, a comment (``#``) or names the columns.

    Raises:
        PeerError: too few values, something that is no time or no number, or what only the whole file can decide
            (kinds ``date-order`` and ``decimal-comma``).
    """
    if len(line) > LINE_LIMIT:
        raise PeerError("long-line", f"a line of {len(line)} characters")
    if "\0" in line:
        raise PeerError("zeros", f"{line.count(chr(0))} zero bytes, as a power cut leaves them")
    fields, quoted = _fields(line)
    if not fields or fields[0].startswith("#") or fields[0].lower().startswith("sep="):
        return None
    source = fields[1].lower() if len(fields) > 1 else ""
    if fields[0][:1].isalpha() and _names_columns(fields) and source not in (PERFORMER, MODEL):
        return None
    values = fields[2:]
    count = len(values) if controls is None else controls
    if len(values) < count or not count:
        raise PeerError("length", f"{counted(len(values), 'value')} instead of {count or 'one or more'}")
    if not quoted and not form.comma_separates and _may_have_decimal_commas(values, count, line):
        raise PeerError(
            "decimal-comma",
            f"{len(values)} whole numbers instead of {count} values: more columns, or decimal commas in a file that "
            "separates columns by commas? Save it with semicolons or decimal points",
        )
    time = read_time(fields[0], form.day_first)
    return LogRow(time, source, _numbers(values[:count]), len(values) > count)


def _fields(line: str) -> tuple[list[str], bool]:
    """The columns without blanks around them and empty ones at the end, and whether there were quotes."""
    text = line.replace("\ufeff", "").strip().rstrip(",;\t\xa0 ")
    fields = [text]
    quoted = '"' in text
    if first := _DELIMITER.search(text):
        delimiter = first[0]
        fraction = _FRACTION_THEN.match(text, first.end()) if delimiter == "," else None
        if fraction:  # 12:00:00,5;interface: the comma belongs to the time
            delimiter = fraction[1]
        if quoted:
            try:
                close = _BLANKS_THEN_QUOTE[delimiter].sub(f'{delimiter}"', text)
                fields = next(csv.reader([close], delimiter=delimiter))
            except csv.Error as error:
                raise PeerError("quotes", f"its quotes are damaged ({error})") from None
        else:
            fields = text.split(delimiter)
    fields = [field.strip() for field in fields]
    while fields and not fields[-1]:
        fields.pop()
    if quoted and len(fields) == 1 and len(fields[0]) < len(text):  # the whole line became one cell
        return _fields(fields[0])
    if len(fields) > 2 and ":" in fields[0] and fields[1].isdecimal() and fields[2][:1].isalpha():
        fields[:2] = [f"{fields[0]}.{fields[1]}"]  # 12:00:00,5,interface
    return fields, quoted


def _names_columns(fields: Sequence[str]) -> bool:
    """Whether these are words, or words and running numbers, as above a table."""
    return len(fields) > 2 and all(
        field[:1].isalpha() or (place > 1 and field.isdecimal()) for place, field in enumerate(fields)
    )


def _may_have_decimal_commas(values: Sequence[str], count: int, line: str) -> bool:
    """Whether ``0,5,1`` could be 0.5 and 1 as well as three columns."""
    return (
        count < len(values) <= 2 * count
        and values[0] in ("0", "1")
        and ";" not in line
        and "\t" not in line
        and all(value.isdecimal() for value in values)
    )


def _numbers(texts: Sequence[str]) -> tuple[float, ...]:
    """Numbers with a decimal point, or with one comma in its place (where commas do not separate columns)."""
    try:
        numbers = tuple(map(float, texts))
    except ValueError:
        numbers = tuple(map(_number, texts))
    if not all(map(isfinite, numbers)):
        raise PeerError("number", "a value that is not finite")
    return numbers


def _number(text: str) -> float:
    try:
        return float(text.replace(",", ".", 1) if "." not in text else text)
    except ValueError:
        raise PeerError("number", f"“{text[:40]}” is not a number" if text else "a value is missing") from None

"""The time of a log's row, as IMPSY writes it and as spreadsheets write it when they save a log.

IMPSY writes ISO 8601. A spreadsheet writes the form of its country: ``03.01.2023 12:00:01,5``, ``1/3/2023 12:00 PM``.
Which number is the day and which the month is decided for the whole file, by :func:`day_comes_first`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise

from impsy.errors import PeerError

__all__ = ["day_comes_first", "read_time", "short_dates"]

_DATE = r"(?P<a>\d{1,4})(?P<dash>[-/.])(?P<b>\d{1,2})(?P=dash)(?P<c>\d{4}|\d{1,2})\.?"
_CLOCK = r"(?P<hour>\d{1,2})(?P<colon>[:.])(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,:](?P<fraction>\d+))?)?"
_OTHER_FORM = re.compile(rf"{_DATE}(?:T|,? ){_CLOCK} ?(?:(?P<half>[AaPp])\.? ?[Mm]\.?)?", re.ASCII)
_SHORT_DATE = re.compile(r"\W*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d\d)\b", re.ASCII)

_MOST_DATES = 1000
"""Different dates that are looked at to tell days from months."""

ShortDate = tuple[int, int, int]
"""Numbers of a date whose year comes last, in the order in which they are written."""


def read_time(text: str, day_first: bool | None = None) -> datetime:
    """A row's time, in local time without a zone.

    Args:
        text: the field, without blanks around it.
        day_first: whether the day comes first in dates such as 03.01.2023; None if that is not known.

    Raises:
        PeerError: it is no time (kind ``time``), or day and month cannot be distinguished (``date-order``).
    """
    text = " ".join(text.split())
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return _other_form(text, day_first)
    if time.tzinfo is None:
        return time
    try:
        return time.astimezone().replace(tzinfo=None)
    except (OverflowError, OSError, ValueError) as error:
        raise PeerError("time", f"“{text[:40]}” is not a time ({error})") from None


def _other_form(text: str, day_first: bool | None) -> datetime:
    refused = PeerError("time", f"“{text[:40]}” is not a time")
    found = _OTHER_FORM.fullmatch(text)
    if found is None:
        raise refused
    a, b, c = int(found["a"]), int(found["b"]), int(found["c"])
    if len(found["a"]) == 4 and len(found["c"]) <= 2:
        year, month, day = a, b, c
    elif len(found["a"]) <= 2 and len(found["c"]) != 1:
        year, month, day = _in_order((a, b, c), day_first, text)
    else:
        raise refused
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise refused
        hour = hour % 12 + 12 * (found["half"] in "pP")
    microsecond = int((found["fraction"] or "0")[:6].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, int(found["minute"]), int(found["second"] or 0), microsecond)
    except ValueError:
        raise refused from None


def _in_order(short: ShortDate, day_first: bool | None, text: str) -> ShortDate:
    """Year, month, day."""
    a, b, year = short
    if year >= 100 and a != b and max(a, b) > 12:
        day_first = a > 12  # the row decides by itself
    elif year >= 100 and a == b:
        day_first = True
    if day_first is None:
        raise PeerError("date-order", f"“{text[:40]}” does not say which number is the day and which the month")
    return (_whole_year(year), b, a) if day_first else (_whole_year(year), a, b)


def _whole_year(year: int) -> int:
    return year if year >= 100 else 2000 + year


def short_dates(lines: Iterable[str]) -> list[ShortDate]:
    """The different dates with the year last at the beginnings of lines, in the order of the file."""
    found: dict[ShortDate, None] = {}
    for line in lines:
        match = _SHORT_DATE.match(line)
        if match is not None and len(found) < _MOST_DATES:
            found[int(match[1]), int(match[2]), int(match[3])] = None
    return list(found)


def day_comes_first(dates: Sequence[ShortDate], named: date | None) -> tuple[bool | None, str]:
    """Whether the day comes before the month in a file, and how that is known: a sentence for the user.

    None if the file contradicts itself: then the rows that do not decide by themselves cannot be read.

    Args:
        dates: see :func:`short_dates`.
        named: the date that the file's name tells.
    """
    both = [(_date(each, True), _date(each, False)) for each in dates]
    both = [each for each in both if each != (None, None)]
    days, months = ([each[place] for each in both] for place in (0, 1))
    if None in days and None in months:
        return None, "in some of its dates the day comes first, in others the month"
    if None in days or None in months:
        return None not in days, _sentence(None not in days, "as other dates in it show")
    if (named in days) != (named in months):
        return named in days, _sentence(named in days, "as its name says")
    steps, other_steps = _steps(days), _steps(months)
    if steps == other_steps:
        return True, _sentence(True, "though it may be the other way round; the time between events is the same")
    day_first = sum(map(abs, steps)) <= sum(map(abs, other_steps))
    return day_first, _sentence(
        day_first, "because the session is shorter so; check that, or write the dates as 2023-01-31"
    )


def _date(short: ShortDate, day_first: bool) -> date | None:
    a, b, year = short
    try:
        return date(_whole_year(year), b, a) if day_first else date(_whole_year(year), a, b)
    except ValueError:
        return None


def _steps(dates: Sequence[date | None]) -> list[int]:
    """Days from each date to the next."""
    numbers = [each.toordinal() for each in dates if each is not None]
    return [later - earlier for earlier, later in pairwise(numbers)]


def _sentence(day_first: bool, reason: str) -> str:
    return f"its dates are read as {'day, month, year' if day_first else 'month, day, year'}, {reason}"

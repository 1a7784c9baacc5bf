"""Logs as spreadsheets, editors and power cuts leave them: each form, and what must be read of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import strategies as st

from impsy.codecs.log import LogRow

TIMES = {
    "iso": lambda time: time.isoformat(timespec="microseconds"),
    "iso with a blank": lambda time: time.isoformat(" ", "microseconds"),
    "milliseconds": lambda time: time.isoformat(" ", "milliseconds"),
    "slashes, year first": lambda time: f"{time:%Y/%m/%d %H:%M:%S.%f}",
    "dots": lambda time: f"{time:%d.%m.%Y %H:%M:%S.%f}",
    "dots, short": lambda time: f"{time.day}.{time.month}.{time:%Y %H:%M:%S.%f}",
    "slashes, month first": lambda time: f"{time:%m/%d/%Y %H:%M:%S.%f}",
    "half days": lambda time: f"{time.month}/{time.day}/{time:%Y} {time.hour % 12 or 12}:{time:%M:%S.%f %p}",
    "comma in the second": lambda time: time.isoformat(timespec="microseconds").replace(".", ","),
}
"""How a time is written; all but "iso" as some spreadsheet or program writes it. Milliseconds lose the rest."""

CELLS = {
    "plain": repr,
    "few decimals": lambda value: f"{value:.6g}",
    "scientific": lambda value: f"{value:.17E}",
    "no zero": lambda value: repr(value).removeprefix("0") if "." in repr(value)[1:] and value else repr(value),
}

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1")

NO_ROWS = (
    "",
    "   ",
    "#",
    "# IMPSY 1.2, dimension 3",
    "#,,,",
    "time,source,x1,x2",
    "Zeit;Quelle;x_1;x_2",
    "sep=;",
    ",,,",
    ";;;",
)
"""Lines that are no rows: blank, comments, names of columns."""

OTHER_SOURCES = ("mic", "interfaces", "rnn2", "übung", "")

BAD_ROWS = (
    "nonsense",
    "2026-09-26T10:00:01,interface,0.5",
    "2026-09-26T10:00:01,interface,abc,0.25",
    "2026-09-26T10:00:01,interface,,0.25",
    "2026-09-26T10:00:01,interface,nan,inf",
    "2026-13-26T10:00:01,interface,0.5,0.25",
    "not-a-timestamp,interface,0.5,0.25",
    "12:00.5,interface,0.5,0.25",
    "2026-09-26T10:00:01,interface,0.5,0.2" + "\0" * 30,
    "\0" * 50,
    '"2026-09-26T10:00:01,"interface",0.5',
    "2026-09-26T10:0",
)
"""Rows of two values that cannot be read."""


@dataclass(frozen=True)
class Form:
    """How a program writes a log."""

    time: str = "iso"
    cell: str = "plain"
    delimiter: str = ","
    after: str = ""
    quotes: str = "none"
    decimal: str = "."
    case: str = "lower"
    tail: str = ""
    end: str = "\n"
    encoding: str = "utf-8"
    last_end: bool = True

    def line(self, row: LogRow) -> str:
        """One row, without its end."""
        values = [CELLS[self.cell](value).replace(".", self.decimal) for value in row.values]
        source = {"lower": str, "upper": str.upper, "title": str.title}[self.case](row.source)
        fields = [TIMES[self.time](row.time), source, *values]
        if self.quotes == "line":
            return '"' + self.delimiter.join(fields) + '"' + self.tail
        if self.quotes == "all":
            fields = [f'"{each}"' for each in fields]
        elif self.quotes == "needed":
            fields = [f'"{each}"' if self.delimiter in each else each for each in fields]
        return (self.delimiter + self.after).join(fields) + self.tail

    def bytes(self, lines: list[str]) -> bytes:
        """A file of these lines."""
        text = self.end.join(lines) + (self.end if self.last_end and lines else "")
        # Without its mark, UTF-16 is recognised by characters of ASCII at the beginning.
        plain = len(text) > 1 and text[:2].isascii() and "\0" not in text[:2]
        wide = self.encoding.startswith("utf-16")
        return text.encode("utf-16" if wide and not plain else self.encoding, "replace")


@st.composite
def forms(draw) -> Form:
    """Any form in which no row has two meanings."""
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    quotes = draw(st.sampled_from(["none", "needed", "all", "line"]))
    commas = delimiter != "," or quotes in ("needed", "all")
    time = draw(
        st.sampled_from([name for name in TIMES if commas or name != "comma in the second" or quotes == "none"])
    )
    return Form(
        time=time,
        cell=draw(st.sampled_from(list(CELLS))),
        delimiter=delimiter,
        after=draw(st.sampled_from(["", "", " ", "\t" if delimiter == "," else " ", "\xa0"]))
        if quotes != "line"
        else "",
        quotes=quotes,
        decimal=draw(st.sampled_from([".", ","])) if commas else ".",
        case=draw(st.sampled_from(["lower", "upper", "title"])),
        tail=draw(st.sampled_from(["", "", delimiter, delimiter * 4, " ", "\t"])),
        end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        encoding=draw(st.sampled_from(ENCODINGS)),
        last_end=draw(st.booleans()),
    )


@dataclass
class Content:
    """A log's lines, and what must become of them."""

    lines: list[str] = field(default_factory=list)
    performer: list[LogRow] = field(default_factory=list)
    model: int = 0
    others: int = 0
    malformed: int = 0

    @property
    def rows(self) -> int:
        """All rows."""
        return len(self.performer) + self.model + self.others + self.malformed


@st.composite
def contents(draw, form: Form, start: datetime, most: int = 25) -> Content:
    """Lines of every kind, mixed; rows have two values. Times rise, on a day later than the 12th."""
    content = Content()
    time = start
    for kind in draw(
        st.lists(st.sampled_from(["performer"] * 5 + ["model", "other", "bad", "none", "wider"]), max_size=most)
    ):
        time += timedelta(milliseconds=draw(st.integers(0, 2000)))
        values = tuple(draw(st.integers(0, 127)) / 127 for _ in range(2))
        if kind in ("performer", "wider"):
            row = LogRow(time, "interface", values)
            content.performer.append(row)
            more = form.delimiter + draw(st.sampled_from(["0.5", "7", "a note"])) if kind == "wider" else ""
            whole = form.line(row)
            quote = '"' if form.quotes == "line" else ""
            content.lines.append(whole.removesuffix(form.tail).removesuffix(quote) + more + quote)
        elif kind == "model":
            content.lines.append(form.line(LogRow(time, "rnn", values)))
            content.model += 1
        elif kind == "other":
            content.lines.append(form.line(LogRow(time, draw(st.sampled_from(OTHER_SOURCES)), values)))
            content.others += 1
        elif kind == "bad":
            content.lines.append(draw(st.sampled_from(BAD_ROWS)))
            content.malformed += 1
        else:
            content.lines.append(draw(st.sampled_from(NO_ROWS)))
    return content

"""The figures of a report as CSV, in links that hold the whole file: the page needs no server and runs no script."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from impsy.evaluation.report.data import Result
from impsy.evaluation.report.figures import Figure

__all__ = ["as_csv", "download_link"]

_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes as the beginning of a formula (OWASP, "CSV Injection"): a name may come from anyone."""


def as_csv(figures: Sequence[Figure], rows: Sequence[Result]) -> str:
    """A line for each result, with all digits; a figure that has a standard error has a column for that, too.

    Empty cells: the result does not have the figure.
    """
    erring = {figure.path for figure in figures if any(figure.error(row) is not None for row in rows)}
    head = ["name", "kind"]
    for figure in figures:
        head += [figure.name, *([f"{figure.name} ±"] if figure.path in erring else [])]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        line: list[str | float | None] = [_plain(row.name), row.kind]
        for figure in figures:
            line += [figure.of(row), figure.error(row)] if figure.path in erring else [figure.of(row)]
        writer.writerow(line)
    return file.getvalue()


def download_link(name: str, content: str, about: str) -> str:
    """HTML of a link that saves ``content`` as the file ``name``.csv; ``about``: what it is, for screen readers."""
    file = f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-')}.csv"
    href = f"data:text/csv;charset=utf-8,{quote(content)}"
    label = escape(f"Download {about} as CSV")
    return f'<a class="csv" download="{escape(file)}" href="{href}" aria-label="{label}">CSV</a>'


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

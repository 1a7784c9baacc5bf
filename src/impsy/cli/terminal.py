"""Output to a terminal: characters that its encoding lacks are replaced, control characters are shown as text.

Names of files and devices, values of configurations, and what peers and libraries report are outside data. In them
the codes that move a cursor, set a title, fill the clipboard or turn the direction of writing are shown as text.
:mod:`impsy.cli.console` does the same for what rich prints.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from impsy.text import counted, visible

if TYPE_CHECKING:
    from impsy.cli.console import Console
    from impsy.data.logs.reading import Log

__all__ = ["Context", "echo", "echo_left_out", "finish_streams", "prepare_streams", "report_error", "terminal"]

_ERRORS = "impsy.terminal"
"""The name of our handler of characters that an encoding lacks."""

#: What our own output draws with, for encodings that lack it: one character for one, so that columns stay.
_ALIKE: dict[int, int | str] = {
    **str.maketrans("█▉▊▋▌▍▎▏▁▂▃▄▅▆▇·●▸→←–−“”‘’×±µ♯─━│┃✓", "####==--__--==#.*>><--\"\"''x~u#--||v"),
    ord("…"): "...",
}


def _instead(error: UnicodeError) -> tuple[str, int]:
    """Characters that look alike where there are some, else escapes; for :func:`codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_ALIKE)
    return text.encode("ascii", "backslashreplace").decode(), error.end


def prepare_streams() -> None:
    """Have standard output and standard error take any text; a stream that is closed becomes the null device."""
    codecs.register_error(_ERRORS, _instead)
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # else the next file that is opened, such as a log, would be written to as that stream
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def finish_streams() -> None:
    """Flush both; if the reader has closed its end, discard the rest, so that Python reports no error at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, stream.fileno())
                os.close(null)


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a line as :func:`click.echo` does, made :func:`visible`.

    The stream is named: click would replace one of ASCII by one of UTF-8.
    """
    click.echo(visible(text), file=sys.stderr if err else sys.stdout, nl=nl)


def echo_left_out(log: Log, remarks: Iterable[str]) -> None:
    """Print to standard error which rows of a log were left out, and how the rest was read."""
    for each in log.problems:
        echo(f"{log.path}, line {each.line}: {each.text}; left out", err=True)
    more = log.counts.malformed + log.counts.others - len(log.problems)
    if more:
        echo(f"{log.path}: {counted(more, 'more row')} left out, malformed or of another source", err=True)
    for remark in remarks:
        echo(f"{log.path}: {remark}", err=True)


def report_error(text: str) -> None:
    """Print an error message to standard error, if that can be written."""
    with suppress(OSError):
        click.echo(f"{click.style('Error', fg='red', bold=True)}: {visible(text)}", file=sys.stderr)


def terminal(*, stderr: bool = False, soft_wrap: bool = True) -> Console:
    """A console that takes no text for markup, emoji codes or something to colour.

    Names of devices and files may hold brackets and colons. Where a text is to have a style, it is given one by
    ``style`` or as ``Text``. ``soft_wrap``: long lines are left to the terminal, so that they can be copied whole.
    """
    from impsy.cli.console import Console

    return Console(stderr=stderr, soft_wrap=soft_wrap, markup=False, emoji=False, highlight=False)


class _HelpFormatter(click.HelpFormatter):
    """Uses only characters that standard output has, as click may write help without our error handler."""

    def getvalue(self) -> str:
        """The text of the help."""
        encoding = sys.stdout.encoding or "utf-8"
        codecs.register_error(_ERRORS, _instead)
        return super().getvalue().encode(encoding, _ERRORS).decode(encoding)


class Context(click.Context):
    """A command's context, with our help formatter."""

    formatter_class = _HelpFormatter

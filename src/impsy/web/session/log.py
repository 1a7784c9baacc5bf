"""What a session printed: kept for the page and, up to a size, on disk."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Literal

from impsy.files import append_regular
from impsy.protocol.session import Line, LineLevel

__all__ = ["SessionLog", "parse_line"]

LINES = 1000
FILE_BYTES = 1 << 20
"""A larger file takes the place of the previous one, and a new file follows."""
SENTENCE_LIMIT = 600
LINES_OF_A_REASON = 20
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")

_RECORD = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING|ERROR|CRITICAL) +(.*)", re.DOTALL)
_UNPRINTABLE = re.compile(r"\x1b\[[0-9;?]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")
_LEVELS: dict[str, LineLevel] = {
    "DEBUG": "debug",
    "INFO": "info",
    "WARNING": "warning",
    "ERROR": "error",
    "CRITICAL": "error",
}


def parse_line(text: str, before: Line | None, time: str) -> Line:
    """One line of ``impsy run``. Those without a head of their own are information, or go on with an error above."""
    text = _UNPRINTABLE.sub("", text.rstrip("\r\n"))
    record = _RECORD.fullmatch(text)
    if record is not None:
        return {"time": time, "level": _LEVELS[record[1]], "text": record[2]}
    wrong = text.startswith(("Error: ", "Traceback ", "Fatal ")) or _goes_on(text, before)
    return {"time": time, "level": "error" if wrong else "info", "text": text}


def _goes_on(text: str, before: Line | None) -> bool:
    if before is None or before["level"] != "error":
        return False
    return text.startswith((" ", "\t")) or before["text"].startswith((" ", "\t", "Traceback "))


class _Reason:
    """Finds the lines that state why one session ended.

    These are the error that a command prints at its end, or the stack trace of an unhandled exception. A trace that
    follows a record of the log or the head of a thread's exception does not count: the session went on after it.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._within = self._is_trace = False
        self._owner: Literal["", "head", "trace"] = ""
        """Whether the previous lines are a head that a trace may follow, or a trace that belongs to one."""
        self._chained = False

    def add(self, line: Line, *, is_record: bool) -> None:
        """Take a line into account; ``is_record``: it has the head of a record of the log."""
        text, trace = line["text"], line["text"].startswith("Traceback ")
        if is_record or text.startswith(("Exception in thread ", "Exception ignored ")):
            self._owner = "head" if line["level"] == "error" or not is_record else ""
            self._within = False
        elif trace and (self._owner == "head" or (self._owner == "trace" and self._chained)):
            self._owner, self._within = "trace", False
        elif trace or text.startswith(("Error: ", "Fatal ")):
            self._lines, self._within, self._owner, self._is_trace = [text], True, "", trace
        elif self._within and line["level"] == "error":
            self._lines = [*self._lines, text][-LINES_OF_A_REASON:]
        else:
            self._within = False
            self._owner = "" if self._owner == "head" else self._owner
        self._chained = text.startswith(_CHAINED) or (self._chained and not text)

    def text(self) -> str:
        """The reason, in up to ``SENTENCE_LIMIT`` characters; "" if there is none."""
        lines = self._lines
        if self._is_trace:
            last = [text for text in lines if text and not text.startswith((" ", "\t", "Traceback "))]
            return f"it failed ({last[-1] if last else 'without a reason'})"[:SENTENCE_LIMIT]
        return "\n".join(lines).removeprefix("Error: ")[:SENTENCE_LIMIT]


class SessionLog:
    """The last lines in memory, and all of them in a file, of which two parts of ``FILE_BYTES`` are kept.

    Args:
        path: the file; its folder is made when there is something to write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._lock = threading.Lock()
        self._end = _Reason()
        self.error = ""
        """Why the file could not be written the last time; "": it could."""

    def begin(self) -> None:
        """From here on it is another session's output."""
        with self._lock:
            self._end = _Reason()

    def add(self, text: str) -> Line:
        """Keep one line."""
        time = datetime.now().isoformat(timespec="milliseconds")
        with self._lock:
            line = parse_line(text, self._lines[-1] if self._lines else None, time)
            self._lines.append(line)
            self._end.add(line, is_record=_RECORD.match(_UNPRINTABLE.sub("", text)) is not None)
            self._write(line)
        return line

    def lines(self) -> list[Line]:
        """The last ones, oldest first."""
        with self._lock:
            return list(self._lines)

    def cause(self) -> str:
        """The reason that the present session printed when it ended, without any stack trace; "" if there is none.

        Errors that it logged before, and went on after, do not count.
        """
        with self._lock:
            return self._end.text()

    def _write(self, line: Line) -> None:
        try:
            self._path.parent.mkdir(exist_ok=True)
            with append_regular(self._path) as file:
                file.write(f"{line['time']} {line['level']:<7} {line['text']}\n".encode("utf-8", "replace"))
                size = file.tell()
            if size > FILE_BYTES:
                os.replace(self._path, self._path.with_suffix(".previous.log"))
            self.error = ""
        except OSError as error:  # a full disk, a vanished folder: the lines in memory remain
            self.error = error.strerror or str(error)

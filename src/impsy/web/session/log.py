"""What a session printed: kept for the page and, up to a size, on disk."""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from datetime import datetime
from pathlib import Path

from impsy.files import append_regular
from impsy.protocol.session import Line, LineLevel

__all__ = ["SessionLog", "parse_line"]

LINES = 1000
FILE_BYTES = 1 << 20
"""A larger file takes the place of the previous one, and a new file follows."""
SENTENCE_LIMIT = 600

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


class SessionLog:
    """The last lines in memory, and all of them in a file, of which two parts of ``FILE_BYTES`` are kept.

    Args:
        path: the file; its folder is made when there is something to write.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._lock = threading.Lock()
        self._run: list[Line] = []
        self.error = ""
        """Why the file could not be written the last time; "": it could."""

    def begin(self) -> None:
        """From here on it is another session's output."""
        with self._lock:
            self._run = []

    def add(self, text: str) -> Line:
        """Keep one line."""
        time = datetime.now().isoformat(timespec="milliseconds")
        with self._lock:
            line = parse_line(text, self._lines[-1] if self._lines else None, time)
            self._lines.append(line)
            if line["level"] == "error":
                self._run = [*self._run, line][-20:]
            self._write(line)
        return line

    def lines(self) -> list[Line]:
        """The last ones, oldest first."""
        with self._lock:
            return list(self._lines)

    def last_error(self) -> str:
        """The text of the present session's last error, without any stack trace; "": there was none."""
        with self._lock:
            lines = [line["text"] for line in self._run]
        trace = next((number for number, text in enumerate(lines) if text.startswith("Traceback ")), None)
        if trace is not None:
            found = [text for text in lines[trace:] if text and not text.startswith((" ", "\t", "Traceback "))]
            return f"it failed ({found[-1] if found else 'without a reason'})"[:SENTENCE_LIMIT]
        start = max((number for number, text in enumerate(lines) if not text.startswith((" ", "\t"))), default=0)
        return "\n".join(lines[start:]).removeprefix("Error: ")[:SENTENCE_LIMIT]

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

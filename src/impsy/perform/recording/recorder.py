"""Writes the log during a performance; rows that the disk refuses are kept until it takes them."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from impsy.codecs.log import encode_row, log_name
from impsy.events import Record, Report
from impsy.io.adapter import SendReport
from impsy.perform.recording.syncing import Syncing
from impsy.threads import lasting

__all__ = ["FLUSH_SECONDS", "Recorder"]

FLUSH_SECONDS = 0.1
"""Rows are gathered for this long, then written: a crash loses no more."""

RETRY_SECONDS = 1.0
"""How long after a failed write the next is tried."""

KEPT_BYTES = 64 << 20
"""Rows kept in memory while the disk refuses them; of more, the oldest are dropped and counted as lost. So much
again waits while the disk neither takes nor refuses any; of more, the newest are."""

NUMBER_BYTES = 32
"""Of memory for a number in a row that waits; the row itself takes as much as six."""

PIECE_BYTES = 1 << 20
"""Most that is written at once."""

CLOSE_SECONDS = 0.3
"""For so long ``close`` waits for the disk to take more rows."""


class Recorder:
    """Writes rows to ``{folder}/{start}-{dimension}d-mdrnn.log`` in a thread of its own, and syncs them in another.

    The file is created with the first row. If it or its folder is deleted during the performance, both are created
    again and all rows are written again. If the disk is full, rows wait in memory; those that still wait at the end
    are written to the system's folder for temporary files, and a report names the file.

    Each row that was added is counted in one of ``rows`` (it is in the log), ``waiting`` (in memory), ``rescued`` (in
    the file ``rescue``) and ``lost``.

    Args:
        folder: where logs go; made if it is not there.
        dimension: n + 1, part of the file's name.
        date: turns a row's time (monotonic seconds) into local date and time.
        started_at: when the session started: the file's name.
        report: takes reports of errors.
    """

    def __init__(
        self,
        folder: Path,
        dimension: int,
        date: Callable[[float], datetime],
        started_at: datetime,
        report: SendReport,
    ) -> None:
        self._folder = folder
        self._dimension = dimension
        self._date = date
        self._started_at = started_at
        self._report = report
        self._queue: SimpleQueue[Record | None] = SimpleQueue()
        self._most_waiting = KEPT_BYTES // (NUMBER_BYTES * (dimension + 6))
        self._buffer = bytearray()
        """Rows that are not completely in the file; the first ``_sent`` bytes are in it."""
        self._sent = 0
        self._file: int | None = None
        self._syncing: Syncing | None = None
        self._refused = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.path: Path | None = None
        self.rescue: Path | None = None
        self.rows = 0
        self.rescued = 0
        self._dropped = 0
        self.error = ""

    @property
    def waiting(self) -> int:
        """Rows that are in no file yet. Any thread may read it; it is approximate while rows are being written."""
        return self._queue.qsize() + self._buffer.count(b"\n")

    @property
    def lost(self) -> int:
        """Rows that no disk took. Any thread may read it."""
        return self._dropped + self._refused

    def open(self) -> None:
        """Start the thread; report at once if the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self._folder, os.W_OK):
                raise PermissionError(13, "Permission denied", str(self._folder))
        except OSError as error:
            self._complain(error)
        self._closing.clear()
        self._thread = lasting("impsy recorder", self._run)
        self._thread.start()

    def add(self, record: Record) -> None:
        """Write this row soon. Returns at once; one thread calls it."""
        if self._queue.qsize() < self._most_waiting:
            self._queue.put(record)
            return
        self._refused += 1
        text = f"the disk has not answered for {self._most_waiting:,} rows: those that follow are lost until it does"
        self._report(Report("log-stuck", text, "error"))

    def close(self) -> None:
        """Write what waits and close the file. A disk that takes no row for ``CLOSE_SECONDS`` is not waited for."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._closing.set()
        self._queue.put(None)
        before = -1
        while thread.is_alive() and (now := self.waiting) != before:
            before = now
            thread.join(CLOSE_SECONDS)
        if self._syncing is not None:
            self._syncing.close()

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            self._take(self._queue.get())
            self._closing.wait(FLUSH_SECONDS)
            self._drain()
            while self._buffer and not self._write() and not self._closing.wait(RETRY_SECONDS):
                self._drain()
        self._drain()
        if self._buffer and not self._write():
            self._rescue()
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError as error:  # a network drive may report an error only now
                self._complain(error)

    def _drain(self) -> None:
        for _ in range(self._queue.qsize()):
            try:
                self._take(self._queue.get_nowait())
            except Empty:
                return
        if len(self._buffer) > KEPT_BYTES:
            begin = (
                self._buffer.index(b"\n") + 1 if self._sent else 0
            )  # a row that is partly in the file must be completed
            cut = self._buffer.index(b"\n", min(begin + len(self._buffer) - KEPT_BYTES, len(self._buffer) - 1)) + 1
            self._dropped += self._buffer.count(b"\n", begin, cut)
            del self._buffer[begin:cut]

    def _take(self, record: Record | None) -> None:
        if record is not None:
            self._buffer += encode_row(self._date(record.time), record.source, record.values).encode()

    def _write(self) -> bool:
        """Write the buffer; whether all of it was written. The rest stays in the buffer."""
        try:
            file = self._ready_file()
            while self._buffer:
                self.rows += self._send(file)
                if self._syncing is not None:
                    self._syncing.wrote()
        except OSError as error:
            self._complain(error)
            return False
        if self.error:
            self.error = ""
            self._report(Report("log-again", f"the log is being written again: {self.path}", "info", always=True))
        return True

    def _send(self, file: int) -> int:
        """Write a piece of the buffer; returns how many rows it completed in the file. Raises OSError."""
        with memoryview(self._buffer) as whole, whole[self._sent : self._sent + PIECE_BYTES] as piece:
            written = os.write(file, piece)
        if not written:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._sent += written
        end = self._buffer.rfind(b"\n", 0, self._sent) + 1
        rows = self._buffer.count(b"\n", 0, end)
        del self._buffer[:end]
        self._sent -= end
        return rows

    def _truncate_partial_row(self, file: int) -> None:
        """Remove from the file the row that is only partly in it; the buffer has all of it."""
        if self._sent:
            with contextlib.suppress(OSError):
                os.ftruncate(file, os.fstat(file).st_size - self._sent)
            self._sent = 0

    def _ready_file(self) -> int:
        """The log's file descriptor; a new file if there is none yet, or if the old one was deleted."""
        if self._file is not None and self.path is not None:
            if _is_file(self._file, self.path):
                return self._file
            text = f"the log {self.path} was deleted or moved; it is written again"
            self._report(Report("log-vanished", text, always=True))
            old, self._file = self._file, None
            if self._syncing is not None:
                self._syncing.close(0.0)
            rows, self.rows, self._sent = self.rows, 0, 0
            try:  # the system keeps the content as long as it is open
                content = _read_all(old)
                self._buffer[:0] = content[: content.rfind(b"\n") + 1]
            except OSError:
                self._dropped += rows
                raise
            finally:
                os.close(old)
        self._file, self.path = self._create()
        self._syncing = Syncing(self._file, self.path, self._report)
        return self._file

    def _create(self) -> tuple[int, Path]:
        """Open a new file. Where its name exists (two starts in one second), the next second is used."""
        self._folder.mkdir(parents=True, exist_ok=True)
        started_at = self._started_at
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
        while True:
            path = self._folder / log_name(started_at, self._dimension)
            try:
                return os.open(path, flags, 0o644), path
            except FileExistsError:
                started_at += timedelta(seconds=1)

    def _complain(self, error: OSError) -> None:
        text = error.strerror or str(error)
        if text != self.error:
            self.error = text
            self._report(
                Report(
                    "log-unwritable",
                    f"the log cannot be written in {self._folder} ({text}): the music goes on, rows are kept in "
                    "memory and written when it can be; free some space, or give another folder with --logdir",
                    "error",
                    always=True,
                )
            )

    def _rescue(self) -> None:
        name = self.path.name if self.path else log_name(self._started_at, self._dimension)
        if self._file is not None:
            self._truncate_partial_row(self._file)
        text = ""
        try:
            handle, rescue = tempfile.mkstemp(prefix="impsy-rescued-", suffix=f"-{name}")
            try:
                while self._buffer:
                    self.rescued += self._send(handle)
            finally:
                self._truncate_partial_row(handle)
                os.close(handle)
                self.rescue = Path(rescue)
        except OSError as error:
            lost = self._buffer.count(b"\n")
            self._buffer.clear()
            self._dropped += lost
            text = (
                f"{lost} rows of the log are lost: neither {self._folder} nor a temporary file takes them ({error})"
            )
        if self.rescued:
            saved = f"{self.rescued} rows that could not be written to {self._folder} are in {self.rescue}"
            text = f"{saved}; {text}" if text else saved
        self._report(Report("log-rescue", text, "error", always=True))


def _is_file(file: int, path: Path) -> bool:
    """Whether ``path`` still is this open file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _read_all(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    content = bytearray()
    while chunk := os.read(file, 1 << 20):
        content += chunk
    return bytes(content)

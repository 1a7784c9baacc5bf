"""Writes the log and the journal during a performance; what the disk refuses is kept until it takes it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from impsy.codecs.journal import SUFFIX, Call
from impsy.codecs.log import encode_row, log_name
from impsy.events import Record, Report
from impsy.io.adapter import SendReport
from impsy.perform.recording import linefile
from impsy.perform.recording.journal import Journal
from impsy.perform.recording.linefile import LineFile
from impsy.perform.recording.syncing import Syncing
from impsy.threads import lasting

__all__ = ["FLUSH_SECONDS", "Recorder"]

FLUSH_SECONDS = 0.1
"""Rows are gathered for this long, then written: a crash loses no more."""

RETRY_SECONDS = 1.0
"""How long after a failed write the next is tried."""

NUMBER_BYTES = 32
"""Of memory for a number in a row that waits; the row itself takes as much as six. Of all together ``KEPT_BYTES``
wait while the disk neither takes nor refuses any; of more, the newest are lost."""

CLOSE_SECONDS = 0.3
"""For so long ``close`` waits for the disk to take more rows."""

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)


class Recorder:
    """Writes rows to ``{folder}/{start}-{dimension}d-mdrnn.log`` in a thread of its own, and syncs them in another.

    The file is created with the first row, and with it the journal, ``….jsonl`` beside it, which always is written
    first: it has all that a row came of. If the log or its folder is deleted during the performance, both are created
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
        journal: makes lines of what the engine is given; None: there is no journal.
    """

    def __init__(
        self,
        folder: Path,
        dimension: int,
        date: Callable[[float], datetime],
        started_at: datetime,
        report: SendReport,
        journal: Journal | None = None,
    ) -> None:
        self._folder = folder
        self._dimension = dimension
        self._date = date
        self._started_at = started_at
        self._report = report
        self._journal = journal
        self._queue: SimpleQueue[Record | Sequence[Call] | None] = SimpleQueue()
        self._most_waiting = linefile.KEPT_BYTES // (NUMBER_BYTES * (dimension + 6))
        self._syncing = Syncing(report)
        self._log = LineFile("log", folder, self._create, self._syncing, report)
        self._lines = LineFile("journal", folder, self._create_journal, self._syncing, report)
        self._refused = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def path(self) -> Path | None:
        """The log; None: there is none yet."""
        return self._log.path

    @property
    def rescue(self) -> Path | None:
        """The file of rows that the log could not take."""
        return self._log.rescue

    @property
    def rows(self) -> int:
        """In the log."""
        return self._log.rows

    @property
    def rescued(self) -> int:
        """In the file ``rescue``."""
        return self._log.rescued

    @property
    def error(self) -> str:
        """What the disk said last; "" if it takes rows."""
        return self._log.error

    @property
    def waiting(self) -> int:
        """Rows that are in no file yet. Any thread may read it; it is approximate while rows are being written."""
        return self._queue.qsize() + self._log.waiting

    @property
    def lost(self) -> int:
        """Rows that no disk took. Any thread may read it."""
        return self._log.dropped + self._refused

    def open(self) -> None:
        """Start the thread; report at once if the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self._folder, os.W_OK):
                raise PermissionError(13, "Permission denied", str(self._folder))
        except OSError as error:
            self._log.complain(error)
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

    def note(self, calls: Sequence[Call]) -> None:
        """Write these to the journal soon. Returns at once; any thread may call it."""
        if self._journal is None:
            return
        if self._queue.qsize() < self._most_waiting:
            self._queue.put(calls)
        else:
            self._journal.cut()

    def close(self) -> None:
        """Write what waits and close the files. A disk that takes no row for ``CLOSE_SECONDS`` is not waited for."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._closing.set()
        self._queue.put(None)
        before = -1
        while thread.is_alive() and (now := self.waiting + self._lines.waiting) != before:
            before = now
            thread.join(CLOSE_SECONDS)
        self._syncing.close()

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            self._take(self._queue.get())
            self._closing.wait(FLUSH_SECONDS)
            self._drain()
            while self._log.size and not self._write() and not self._closing.wait(RETRY_SECONDS):
                self._drain()
            self._write_journal()
        self._drain()
        if self._log.size:
            self._write()
        self._write_journal()
        name = self.path.name if self.path else log_name(self._started_at, self._dimension)
        self._log.close(name)
        if self.path is None and self.rescue is None:
            return  # a journal without rows is of no use
        self._lines.close(Path(name).with_suffix(SUFFIX).name)

    def _drain(self) -> None:
        for _ in range(self._queue.qsize()):
            try:
                self._take(self._queue.get_nowait())
            except Empty:
                break
        self._log.trim()

    def _take(self, item: Record | Sequence[Call] | None) -> None:
        if isinstance(item, Record):
            self._log.add(encode_row(self._date(item.time), item.source, item.values).encode())
        elif item is not None and self._journal is not None:
            self._lines.add(self._journal.lines(item, self._lines.size))

    def _write(self) -> bool:
        """Write what waits; whether all rows were written."""
        if not self._log.open():
            return False
        self._write_journal()
        return self._log.write()

    def _write_journal(self) -> None:
        """Write what waits of the journal, if there is a log."""
        if self._journal is None or self.path is None:
            return
        self._journal.save(self._folder, self._report)
        if self._lines.size:
            self._lines.write()

    def _create(self) -> tuple[int, Path]:
        """Open a new log. Where its name exists (two starts in one second), the next second is used."""
        self._folder.mkdir(parents=True, exist_ok=True)
        started_at = self._started_at
        while True:
            path = self._folder / log_name(started_at, self._dimension)
            try:
                if path.with_suffix(SUFFIX).exists() and self._lines.path is None:
                    raise FileExistsError
                return os.open(path, _FLAGS, 0o644), path
            except FileExistsError:
                started_at += timedelta(seconds=1)

    def _create_journal(self) -> tuple[int, Path]:
        assert self.path is not None
        path = self.path.with_suffix(SUFFIX)
        return os.open(path, _FLAGS, 0o644), path

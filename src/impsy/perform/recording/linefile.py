"""A file of lines that is written while something plays; lines that the disk refuses are kept until it takes them."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from impsy.events import Report
from impsy.io.adapter import SendReport
from impsy.perform.recording.syncing import SyncedFile, Syncing

__all__ = ["KEPT_BYTES", "LineFile"]

KEPT_BYTES = 64 << 20
"""Lines kept in memory while the disk refuses them; of more, the oldest are dropped and counted as lost."""

PIECE_BYTES = 1 << 20
"""Most that is written at once."""


class LineFile:
    """Writes whole lines to a file that is made with the first of them, in the thread that calls it.

    If it is deleted meanwhile, it is made again and all lines are written again. Each line is counted in one of
    ``rows`` (it is in the file), ``waiting`` (in memory), ``rescued`` (in the file ``rescue``) and ``dropped``.

    Args:
        what: the file is to the performer: ``"log"``; begins the kinds of its reports, too.
        folder: where it is, for messages.
        create: makes a new file and opens it; returns the descriptor and the path.
        syncing: keeps it on the disk, and closes it.
        report: takes reports of errors.
    """

    def __init__(
        self,
        what: str,
        folder: Path,
        create: Callable[[], tuple[int, Path]],
        syncing: Syncing,
        report: SendReport,
    ) -> None:
        self._what = what
        self._folder = folder
        self._create = create
        self._syncing = syncing
        self._report = report
        self._buffer = bytearray()
        """Lines that are not completely in the file; the first ``_sent`` bytes are in it."""
        self._sent = 0
        self._file: SyncedFile | None = None
        self.path: Path | None = None
        self.rescue: Path | None = None
        self.rows = 0
        self.rescued = 0
        self.dropped = 0
        self.error = ""

    @property
    def waiting(self) -> int:
        """Lines that are in no file yet. Any thread may read it; it is approximate while lines are being written."""
        return self._buffer.count(b"\n")

    @property
    def size(self) -> int:
        """Bytes of those."""
        return len(self._buffer)

    def add(self, lines: bytes) -> None:
        """Keep these lines, to be written."""
        self._buffer += lines

    def trim(self) -> None:
        """Drop the oldest lines that wait, of more than ``KEPT_BYTES``."""
        if len(self._buffer) <= KEPT_BYTES:
            return
        # a line that is partly in the file must be completed
        begin = self._buffer.index(b"\n") + 1 if self._sent else 0
        cut = self._buffer.index(b"\n", min(begin + len(self._buffer) - KEPT_BYTES, len(self._buffer) - 1)) + 1
        self.dropped += self._buffer.count(b"\n", begin, cut)
        del self._buffer[begin:cut]

    def open(self) -> bool:
        """Make the file if it is not there; whether it is."""
        try:
            self._ready_file()
        except OSError as error:
            self.complain(error)
            return False
        return True

    def write(self) -> bool:
        """Write what waits; whether all of it was written. The rest goes on waiting."""
        try:
            file = self._ready_file()
            while self._buffer:
                self.rows += self._send(file.descriptor)
                self._syncing.wrote(file)
        except OSError as error:
            self.complain(error)
            return False
        if self.error:
            self.error = ""
            text = f"the {self._what} is being written again: {self.path}"
            self._report(Report(f"{self._what}-again", text, "info", always=True))
        return True

    def close(self, name: str) -> None:
        """Close the file. What still waits goes to a file in the system's folder for temporary ones, by this name."""
        if self._buffer:
            self._rescue(name)
        file, self._file = self._file, None
        if file is not None:
            self._syncing.end(file)

    def complain(self, error: OSError) -> None:
        """Report what the disk says, once."""
        text = error.strerror or str(error)
        if text != self.error:
            self.error = text
            self._report(
                Report(
                    f"{self._what}-unwritable",
                    f"the {self._what} cannot be written in {self._folder} ({text}): the music goes on, "
                    "rows are kept in memory and written when it can be; free some space, or give another folder "
                    "with --logdir",
                    "error",
                    always=True,
                )
            )

    def _send(self, file: int) -> int:
        """Write a piece of the buffer; returns how many lines it completed in the file. Raises OSError."""
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
        """Remove from the file the line that is only partly in it; the buffer has all of it."""
        if self._sent:
            with contextlib.suppress(OSError):
                os.ftruncate(file, os.fstat(file).st_size - self._sent)
            self._sent = 0

    def _ready_file(self) -> SyncedFile:
        """The file; a new one if there is none yet, or if the old one was deleted."""
        if self._file is not None and self.path is not None:
            if _is_file(self._file.descriptor, self.path):
                return self._file
            text = f"the {self._what} {self.path} was deleted or moved; it is written again"
            self._report(Report(f"{self._what}-vanished", text, always=True))
            old, self._file = self._file, None
            rows, self.rows, self._sent = self.rows, 0, 0
            try:  # the system keeps the content as long as it is open
                content = _read_all(old.descriptor)
                self._buffer[:0] = content[: content.rfind(b"\n") + 1]
            except OSError:
                self.dropped += rows
                raise
            finally:
                self._syncing.end(old)
        descriptor, self.path = self._create()
        self._file = self._syncing.add(descriptor, self.path)
        return self._file

    def _rescue(self, name: str) -> None:
        if self._file is not None:
            self._truncate_partial_row(self._file.descriptor)
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
            self.dropped += lost
            text = (
                f"{lost} rows of the {self._what} are lost: neither {self._folder} nor a temporary file takes them "
                f"({error})"
            )
        if self.rescued:
            saved = f"{self.rescued} rows that could not be written to {self._folder} are in {self.rescue}"
            text = f"{saved}; {text}" if text else saved
        self._report(Report(f"{self._what}-rescue", text, "error", always=True))


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

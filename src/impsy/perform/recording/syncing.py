"""Makes files durable while they are written, in one thread: a power cut costs at most a second of them."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from impsy.events import Report
from impsy.files import sync, sync_folder
from impsy.io.adapter import SendReport
from impsy.threads import lasting

__all__ = ["LAST_SECONDS", "SLOW_SECONDS", "SYNC_SECONDS", "SyncedFile", "Syncing"]

SYNC_SECONDS = 0.5
"""From the end of one sync to the beginning of the next, if anything was written in between."""

SLOW_SECONDS = 1.0
"""A sync that takes longer is reported: a power cut then costs more than is promised."""

LAST_SECONDS = 0.7
"""For so long the end waits for the last sync."""


@dataclass(slots=True, eq=False)
class SyncedFile:
    """A file that is kept on the disk, by its descriptor."""

    descriptor: int
    path: Path
    is_new: bool = True
    written: bool = False
    ended: bool = False


class Syncing:
    """Asks the system, at intervals, to bring what was written to the disk. Nobody waits for it but ``close``.

    Args:
        report: takes reports of a disk that is slow or refuses.
    """

    def __init__(self, report: SendReport) -> None:
        self._report = report
        self._files: list[SyncedFile] = []
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._since: tuple[float, Path] | None = None
        self._thread: threading.Thread | None = None

    def add(self, descriptor: int, path: Path) -> SyncedFile:
        """A new file is written. Its descriptor is closed by :meth:`end`."""
        file = SyncedFile(descriptor, path)
        self._files.append(file)
        if self._thread is None:
            self._closing.clear()
            self._thread = lasting("impsy sync", self._run, self._closing.is_set)
            self._thread.start()
        self._woken.set()
        return file

    def wrote(self, file: SyncedFile) -> None:
        """Something was written. Returns at once."""
        file.written = True
        self._woken.set()
        self._tell_if_slow()

    def end(self, file: SyncedFile) -> None:
        """Nothing more will be written: it is synced and closed. Returns at once."""
        file.ended = True
        self._woken.set()

    def close(self, seconds: float = LAST_SECONDS) -> None:
        """Sync and close what has ended, and wait for that at most so long."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._closing.set()
        self._woken.set()
        thread.join(seconds)
        self._tell_if_slow()

    def _tell_if_slow(self) -> None:
        since = self._since
        if since is not None and time.monotonic() - since[0] > SLOW_SECONDS:
            text = (
                f"the disk takes more than {SLOW_SECONDS:g} s to keep what is written to {since[1]}: the music and "
                "the log go on, but a power cut would cost that much of it; a faster disk, or --logdir, helps"
            )
            self._report(Report("log-sync-slow", text))

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            last = self._closing.is_set()
            for file in tuple(self._files):
                self._keep(file)
            if last:
                return
            self._closing.wait(SYNC_SECONDS)

    def _keep(self, file: SyncedFile) -> None:
        ended = file.ended
        if file.is_new:
            file.is_new = False
            for folder in file.path.parents[:2]:  # the one with logs may be new, too
                sync_folder(folder)
        self._since = time.monotonic(), file.path
        try:
            if file.written:
                file.written = False
                sync(file.descriptor)
            if ended:
                self._files.remove(file)
                os.close(file.descriptor)
        except OSError as error:
            text = (
                f"the disk does not keep what is written to {file.path} ({error.strerror or error}): a power cut "
                "would cost it; give another folder with --logdir"
            )
            self._report(Report("log-sync-failed", text, "error"))
        self._tell_if_slow()
        self._since = None

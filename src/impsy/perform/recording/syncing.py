"""Makes a file durable while it is written, in a thread of its own: a power cut costs at most a second of it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from impsy.events import Report
from impsy.files import sync, sync_folder
from impsy.io.adapter import SendReport
from impsy.threads import lasting

__all__ = ["LAST_SECONDS", "SLOW_SECONDS", "SYNC_SECONDS", "Syncing"]

SYNC_SECONDS = 0.5
"""From the end of one sync to the beginning of the next, if anything was written in between."""

SLOW_SECONDS = 1.0
"""A sync that takes longer is reported: a power cut then costs more than is promised."""

LAST_SECONDS = 0.7
"""For so long the end waits for the last sync."""


class Syncing:
    """Asks the system, at intervals, to bring what was written to the disk. Nobody waits for it but ``close``.

    Args:
        file: a descriptor of a new file, of which it uses a copy.
        path: the file.
        report: takes reports of a disk that is slow or refuses.
    """

    def __init__(self, file: int, path: Path, report: SendReport) -> None:
        self._file = os.dup(file)
        self._path = path
        self._report = report
        self._written = threading.Event()
        self._closing = threading.Event()
        self._since: float | None = None
        self._thread = lasting("impsy sync", self._run, self._closing.is_set)
        self._thread.start()

    def wrote(self) -> None:
        """Something was written. Returns at once."""
        self._written.set()
        self._tell_if_slow()

    def close(self, seconds: float = LAST_SECONDS) -> None:
        """Sync for the last time, and wait for it at most so long."""
        self._closing.set()
        self._written.set()
        self._thread.join(seconds)
        self._tell_if_slow()

    def _tell_if_slow(self) -> None:
        since = self._since
        if since is not None and time.monotonic() - since > SLOW_SECONDS:
            text = (
                f"the disk takes more than {SLOW_SECONDS:g} s to keep what is written to {self._path}: the music and "
                "the log go on, but a power cut would cost that much of it; a faster disk, or --logdir, helps"
            )
            self._report(Report("log-sync-slow", text))

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        for folder in self._path.parents[:2]:  # the one with logs may be new, too
            sync_folder(folder)
        while not self._closing.is_set():
            self._written.wait()
            self._written.clear()
            self._sync()
            self._closing.wait(SYNC_SECONDS)
        self._sync()
        os.close(self._file)

    def _sync(self) -> None:
        self._since = time.monotonic()
        try:
            sync(self._file)
        except OSError as error:
            text = (
                f"the disk does not keep what is written to {self._path} ({error.strerror or error}): a power cut "
                "would cost it; give another folder with --logdir"
            )
            self._report(Report("log-sync-failed", text, "error"))
        self._tell_if_slow()
        self._since = None

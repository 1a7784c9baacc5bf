"""Watches a configuration file, in a thread of its own. Looking costs one system call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from impsy.threads import lasting

__all__ = ["ConfigWatcher"]

LOOK_SECONDS = 0.5
SETTLED_SECONDS = 0.05
"""An editor may be half-way through: a change counts once the file has not changed for so long."""


class ConfigWatcher:
    """Notices in a ``with`` that a file was saved since this was made.

    Make it before the file is read for the first time, so that no change is missed.

    Args:
        path: the file; it need not exist.
        removed_too: whether the file's removal counts as a change.
    """

    def __init__(self, path: Path, *, removed_too: bool = False) -> None:
        self._path = path
        self._removed_too = removed_too
        self._seen = self._mark()
        self._changed: Callable[[Path], None] = lambda _path: None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def then(self, changed: Callable[[Path], None]) -> ConfigWatcher:
        """Call this, with the path, in the watcher's thread."""
        self._changed = changed
        return self

    def saved_here(self) -> None:
        """The last change was this process's own: it is not reported."""
        self._seen = self._mark()

    def __enter__(self) -> ConfigWatcher:
        self._stop.clear()
        self._thread = lasting("impsy config", self._run, self._stop.is_set)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(0.2)

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except (OSError, ValueError):  # ValueError: no file can have such a name
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            now = self._mark()
            if now == self._seen or (now is None and not self._removed_too):
                continue
            if self._stop.wait(SETTLED_SECONDS) or self._mark() != now or now == self._seen:
                continue
            self._seen = now
            self._changed(self._path)

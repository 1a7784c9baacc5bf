"""Ending a command early and in order, by Ctrl-C or by a signal."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impsy.cli.terminal import echo

__all__ = ["Ending", "stopping"]

SAME_REQUEST_SECONDS = 1.0


@contextmanager
def _handling(handler: Callable[[int, object], None], *names: str) -> Iterator[None]:
    """Those of the named signals that there are on this system call ``handler``."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def stopping(message: str) -> Iterator[Callable[[], bool]]:
    """``stop()`` is true from the first Ctrl-C (or SIGTERM) on, which prints ``message``; the second ends
    the process as usual."""
    requested = False

    def request(_number: int, _frame: object) -> None:
        nonlocal requested
        if requested:
            raise KeyboardInterrupt
        requested = True
        echo(f"\n{message}", err=True)

    with _handling(request, "SIGINT", "SIGTERM", "SIGBREAK"):  # the last: Windows, to a process in another console
        yield lambda: requested


class Ending:
    """The end of a command, requested by a signal or by any other thread, or come after a time."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._end = math.inf

    def limit(self, seconds: float | None) -> None:
        """The end comes by itself in so many seconds; None: it does not."""
        self._end = math.inf if seconds is None else time.monotonic() + seconds

    def request(self) -> None:
        """Request the end."""
        self._event.set()

    def wait(self, seconds: float | None) -> bool:
        """Wait for the end; whether it came within ``seconds`` (None: no limit)."""
        left = max(0.0, self._end - time.monotonic())
        least = min(left, threading.TIMEOUT_MAX if seconds is None else seconds)
        return self._event.wait(least) or time.monotonic() >= self._end

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM request the end; a second one ends the process at once.

        A SIGTERM within a second of another is the same request: a service manager sends one to every process, and
        the parent of this process may send it another.
        """
        requested: dict[int, float] = {}

        def handle(number: int, _frame: object) -> None:
            now = time.monotonic()
            since = now - requested.setdefault(number, now)
            if since > SAME_REQUEST_SECONDS or (since > 0 and number == signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self.request()

        with _handling(handle, "SIGINT", "SIGTERM"):
            yield

"""Threads that live as long as what they serve: no exception ends one that watches, listens or records."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType

__all__ = ["Failures", "lasting", "once"]

logger = logging.getLogger(__name__)

TOLD_SECONDS = 60.0
"""Between two log lines about failures of the same thing."""

AGAIN_SECONDS = 0.2
"""After which a thread's work starts again."""


class Failures:
    """A ``with`` that no exception leaves: it is logged, the first with its traceback, others by their number.

    One may be entered again and again, by several threads at once.

    Args:
        what: fails, as the object of "an error in …".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lock = threading.Lock()
        self._quiet_until = float("-inf")
        self._untold = 0
        self.count = 0

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        """Log an exception, and go on after it."""
        if not isinstance(error, Exception):
            return False
        self.add(error)
        return True

    def add(self, error: Exception, about: str = "") -> None:
        """Count this one, and log it, with what it is about, unless one was logged within the last minute."""
        now = time.monotonic()
        with self._lock:
            self.count += 1
            self._untold += 1
            if now < self._quiet_until:
                return
            self._quiet_until = now + TOLD_SECONDS
            untold, self._untold = self._untold, 0
        what = f"{self._what} ({about})" if about else self._what
        if self.count == 1:
            logger.error("an error in %s: it goes on", what, exc_info=error)
        else:
            logger.error("%d more errors in %s: it goes on. The last: %r", untold, what, error)


def lasting(name: str, work: Callable[[], object], over: Callable[[], bool] = lambda: False) -> threading.Thread:
    """A thread, not started yet, for what is to go on: if ``work`` raises, that is logged and it is called again.

    It ends when ``work`` returns, or has raised and ``over()`` is true.
    """

    def run() -> None:
        failures = Failures(f"the thread “{name}”")
        while True:
            with failures:
                work()
                return
            if over():
                return
            time.sleep(AGAIN_SECONDS)

    return threading.Thread(target=run, name=name, daemon=True)


def once(name: str, work: Callable[[], object]) -> threading.Thread:
    """A thread, not started yet, for what is done one time; if it raises, that is logged."""
    return lasting(name, work, lambda: True)

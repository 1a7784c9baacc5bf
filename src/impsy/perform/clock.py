"""One clock for a performance."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """Monotonic seconds, and the local date and time that they stand for.

    The wall clock is read once: if the system sets it right in mid performance, times between events stay true.
    """

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.started_at = datetime.now()

    def now(self) -> float:
        """Seconds, monotonic."""
        return time.monotonic()

    def date(self, seconds: float) -> datetime:
        """Local date and time of a moment given in monotonic seconds."""
        return self.started_at + timedelta(seconds=seconds - self.start)

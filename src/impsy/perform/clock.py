"""One clock for a performance."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """Monotonic seconds, and the local date and time that they correspond to.

    The wall clock is read once, so that times between events stay right if the system sets it during a performance.
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

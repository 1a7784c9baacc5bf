"""Waiting for what happens in another thread or process, and judging how long something took."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which something will not happen: only a failing test waits so long, on a busy machine too."""
SAMPLE = 0.02
"""Seconds of computing by which it is measured how busy the machine is."""


def wait_until(
    condition: Callable[[], T],
    seconds: float = PATIENCE,
    what: str | Callable[[], object] = "it",
    every: float = 0.005,
) -> T:
    """Wait until ``condition()`` is true, and return what it then returned.

    Args:
        seconds: less than :data:`PATIENCE` only where the time itself is what is tested; on a machine that is busy
            with other work, as much longer as that work takes from this.
        what: what is waited for, or a function that returns what is known when it did not happen.
        every: seconds between two calls of ``condition``.
    """
    began = time.monotonic()
    while not (found := condition()):
        if time.monotonic() - began > seconds and if_idle(time.monotonic() - began) > seconds:
            raise AssertionError(f"{what() if callable(what) else what} did not happen within {seconds:g} s")
        time.sleep(every)
    return found


def if_idle(seconds: float) -> float:
    """How long what took ``seconds`` just now would have taken if the machine did nothing else.

    For tests of how fast something is, which must not fail because the machine is busy. Some computing is measured by
    the clock on the wall and by that of the processor: what the first shows more, others took. That is now; the load
    of the last minute says what they took before. Who measures coverage makes Python twice as slow.
    """
    wall, processor = time.perf_counter(), time.thread_time()
    while time.thread_time() - processor < SAMPLE:
        pass
    share = (time.thread_time() - processor) / (time.perf_counter() - wall)
    if hasattr(os, "getloadavg"):
        share = min(share, (os.cpu_count() or 1) / max(os.getloadavg()[0], 1e-9))
    return seconds * min(1.0, share) * (0.5 if sys.gettrace() else 1.0)

"""Asking the system that what keeps time comes before other programs' work.

A page that is drawn, a training and a synthesiser want the same processors. Waking up costs a tenth of a millisecond
where one is free, and tens of milliseconds where all are busy, unless the system is told what is urgent.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["ADVICE", "first_in_line"]

REALTIME = 5
"""Of 1 to 99: above all usual work, and below JACK's own threads (10), which come before whatever they call."""

ADVICE = (
    "Let yourself use it: on Linux as a rule by joining the group audio and a line “@audio - rtprio 20” in "
    "/etc/security/limits.d/audio.conf"
)


@contextmanager
def first_in_line() -> Iterator[bool]:
    """While the context lasts, this thread and all that it starts come first; whether the system permits it.

    All of them, not only the one that keeps time: the interpreter runs one at a time, so the one that keeps time
    waits for whichever does. On Linux by real-time scheduling (SCHED_RR), which the system bounds to 95 % of a
    processor; on Windows by the priority of the process.
    """
    if sys.platform == "win32":
        import psutil

        process = psutil.Process()
        before = process.nice()
        process.nice(psutil.HIGH_PRIORITY_CLASS)
        try:
            yield True
        finally:
            process.nice(before)
    elif hasattr(os, "sched_setscheduler"):
        policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
        permitted = _realtime()
        try:
            yield permitted
        finally:
            if permitted:
                os.sched_setscheduler(0, policy, parameters)
    else:
        yield False


def _realtime() -> bool:
    with suppress(PermissionError, OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
        return True
    return False

"""Settings of the process and of the interpreter under which playing is on time. They belong to the program.

Drawing a page, a training and a synthesiser use the same processors. Waking up takes a tenth of a millisecond where
one is free, and tens of milliseconds where all are busy, unless the system knows what is urgent.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["ADVICE", "realtime_priority", "responsive_interpreter"]

REALTIME = 5
"""Of 1 to 99: above all usual work, and below JACK's own threads (10), which come before whatever they call."""

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter while another waits for it; the default is 5 ms."""

ADVICE = (
    "Let yourself use it: on Linux as a rule by joining the group audio and a line “@audio - rtprio 20” in "
    "/etc/security/limits.d/audio.conf"
)


@contextmanager
def responsive_interpreter() -> Iterator[None]:
    """While the context lasts, the interpreter switches threads sooner and its garbage collector has less to visit.

    All objects that exist on entry are left out of collections: visiting them takes milliseconds, at any moment.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(interval)


@contextmanager
def realtime_priority() -> Iterator[bool]:
    """While the context lasts, this thread and all that it starts run before others; whether the system permits it.

    All of them, not only the engine's: the interpreter runs one thread at a time, so the engine's waits for whichever
    runs. On Linux by real-time scheduling (SCHED_RR), which the system limits to 95 % of a processor; on Windows by
    the priority of the process.
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
        permitted = _set_realtime()
        try:
            yield permitted
        finally:
            if permitted:
                os.sched_setscheduler(0, policy, parameters)
    else:
        yield False


def _set_realtime() -> bool:
    with suppress(PermissionError, OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME))
        return True
    return False

"""Raises the priority of background jobs and trainings: on a busy machine they would keep tests waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

UNTOUCHED_SECONDS = 5.0
"""For so long a training stays as it was started, so that tests can look at that."""
LOOK_SECONDS = 0.5


@contextmanager
def trainings_get_time() -> Iterator[None]:
    """Meanwhile jobs and trainings have the priority of other programs, where the system permits it."""
    over = threading.Event()
    thread = threading.Thread(target=_raise_until, args=(over,), daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def _raise_until(over: threading.Event) -> None:
    while not over.wait(LOOK_SECONDS):
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.nice() > 0 and _is_waited_for(process):
                    process.nice(0)
                    group = Path(f"/proc/{process.pid}/autogroup")
                    if not group.read_text(encoding="ascii").endswith("nice 0\n"):
                        group.write_text("0", encoding="ascii")


def _is_waited_for(process: psutil.Process) -> bool:
    words = process.cmdline()
    if not any(word.partition(".")[0] == "impsy" for word in words):
        return False
    learns = ("impsy" in words and "train" in words) or "impsy.training.apprentice" in words
    return not learns or time.time() - process.create_time() > UNTOUCHED_SECONDS

"""Trainings that tests wait for get time: where all processors are in use, they step back behind everything else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

UNTOUCHED_SECONDS = 5.0
"""For so long a training stays as it was started, so that tests can look at that."""


@contextmanager
def trainings_get_time() -> Iterator[None]:
    """Meanwhile trainings have the priority of other programs, where the system permits it."""
    over = threading.Event()
    thread = threading.Thread(target=_raise_until, args=(over,), daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def _raise_until(over: threading.Event) -> None:
    while not over.wait(1.0):
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if time.time() - process.create_time() > UNTOUCHED_SECONDS and _is_training(process.cmdline()):
                    if process.nice() > 0:
                        process.nice(0)
                    group = Path(f"/proc/{process.pid}/autogroup")
                    if not group.read_text(encoding="ascii").endswith("nice 0\n"):
                        group.write_text("0", encoding="ascii")


def _is_training(words: list[str]) -> bool:
    return ("impsy" in words and "train" in words) or "impsy.training.apprentice" in words

"""The process that learns, as the performance sees it: started, fed with events, and started again if it ends."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import DataError
from impsy.learning.wire import Message, encode, read
from impsy.processes import LOW, signal_name, start

__all__ = ["ApprenticeProcess", "places_of"]

_MODULE = "impsy.training.apprentice"

Answer = Callable[["ApprenticeProcess", Message | str], None]
"""Is given each message of a process, and at its end how it ended."""


class ApprenticeProcess:
    """One process that learns, at the lowest priority.

    Its pipe is written by the thread that calls :meth:`send`, which may wait, and read by a thread of its own.

    Args:
        begin: the first message, see :mod:`impsy.training.apprentice`.
        blobs: those of that message.
        answer: is given what it sends; it must not wait.

    Raises:
        DeviceError: it cannot be started.
    """

    def __init__(self, begin: Mapping[str, Any], blobs: list[bytes], answer: Answer) -> None:
        self._process = start(
            ["-m", _MODULE],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            niceness=LOW,
            what="the process that learns",
        )
        self._answer = answer
        self.is_over = False
        threading.Thread(target=self._read, name="impsy learnt", daemon=True).start()
        self._write(encode({"do": "begin", **begin}, blobs))

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    def hear(self, events: NDArray[np.float32]) -> None:
        """Give it events (N, D)."""
        self._write(encode({"do": "hear"}, [np.ascontiguousarray(events, "<f4").tobytes()]))

    def end(self) -> None:
        """End it; what it sends from now on is not heard."""
        self.is_over = True
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _write(self, content: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended, as the thread that reads will find
            self._process.stdin.write(content)
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        problem = ""
        with self._process.stdout as answers:
            try:
                while (message := read(answers)) is not None:
                    self._answer(self, message)
            except DataError as error:
                problem = str(error)
        with contextlib.suppress(OSError):
            self._process.kill()
        status = self._process.wait()
        self._answer(self, problem or _how_it_ended(status))


def _how_it_ended(status: int) -> str:
    return f"it was ended by {signal_name(-status)}" if status < 0 else f"it ended with status {status}"


def places_of(take: str, folder: Path, dimension: int, resolve: Callable[[str], Path | None]) -> list[Path]:
    """Where earlier playing is looked for, as ``[learning] take`` says.

    Args:
        take: a path; "" for the usual places, ``"none"`` for none.
        folder: that of the configuration.
        dimension: D.
        resolve: finds a path.
    """
    if take == "none":
        return []
    if take:
        found = resolve(take)
        return [] if found is None else [found]
    usual = [folder / "datasets" / f"training-dataset-{dimension}d.npz", folder / "logs"]
    return [place for place in usual if place.exists()]

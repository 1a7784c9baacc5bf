"""A performer that plays a script."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from impsy.events import Interaction
from impsy.io.adapter import Deliver, Health, SendReport
from impsy.threads import once

__all__ = ["ScriptedPerformer"]

Script = Iterable[tuple[float, tuple[float, ...]]]
"""Seconds since the previous event, and the values x_1 … x_n; none of them: nothing is played, only time passes."""


class ScriptedPerformer:
    """An adapter whose input is a script, played in time; it has no output.

    Args:
        name: of the port.
        script: what to play; each event is due after its seconds, counted from when the previous one was due.
        finished: called when the script is over.
        hears: called with what is played to it, in the engine's thread.
    """

    def __init__(
        self,
        name: str,
        script: Script,
        finished: Callable[[], None] = lambda: None,
        hears: Callable[[Sequence[float]], None] = lambda _values: None,
    ) -> None:
        self.name = name
        self._script = script
        self._finished = finished
        self._hears = hears
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._played = 0

    def open(self, deliver: Deliver, report: SendReport) -> None:  # noqa: ARG002 - nothing can go wrong here
        """Begin to play."""
        self._stop.clear()
        self._thread = once(f"impsy {self.name}", partial(self._run, deliver))
        self._thread.start()

    def _run(self, deliver: Deliver) -> None:
        due = time.monotonic()
        for seconds, values in self._script:
            due += seconds
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            if values:
                deliver(Interaction(values, self.name))
                self._played += 1
        self._finished()

    def send(self, values: Sequence[float]) -> None:
        """Pass them to ``hears``."""
        self._hears(values)

    def silence(self) -> None:
        """It has no sound."""

    def panic(self) -> None:
        """It has no sound."""

    def close(self) -> None:
        """Stop playing."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(0.3)

    def health(self) -> tuple[Health, ...]:
        """One port in."""
        if self._thread is None:
            return (Health(self.name, "closed"),)
        return (Health(self.name, "receiving" if self._played else "open", "a script", received=self._played),)

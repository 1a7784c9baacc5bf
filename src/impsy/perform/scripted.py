"""Performers that need no hands: one that follows a script, and the script of one that plays phrases."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from impsy.events import Interaction
from impsy.io.adapter import Deliver, Health, Tell

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["ScriptedPerformer", "phrases"]

Script = Iterable[tuple[float, tuple[float, ...]]]
"""Seconds since the previous event, and the values x_1 … x_n."""


class ScriptedPerformer:
    """An adapter whose input is a script, played in time; it has no output.

    Args:
        name: of the port.
        script: what to play; each event is due after its seconds, counted from when the previous one was due.
        finished: called when the script is over.
    """

    def __init__(self, name: str, script: Script, finished: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self._script = script
        self._finished = finished
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._played = 0

    def open(self, deliver: Deliver, tell: Tell) -> None:  # noqa: ARG002 - nothing can go wrong here
        """Begin to play."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(deliver,), name=f"impsy {self.name}", daemon=True)
        self._thread.start()

    def _run(self, deliver: Deliver) -> None:
        due = time.monotonic()
        for seconds, values in self._script:
            due += seconds
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            deliver(Interaction(values, self.name))
            self._played += 1
        self._finished()

    def send(self, values: Sequence[float]) -> None:
        """It has no ears."""

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


def phrases(rng: Generator, controls: int) -> Iterator[tuple[float, tuple[float, ...]]]:
    """A simulated performer, without end: phrases of one to two seconds, and pauses to listen to the answer.

    In a phrase one control after another moves, in gestures that begin and end slowly, as hands do.

    Args:
        rng: its imagination.
        controls: n, how many values there are.
    """
    values = rng.uniform(0.2, 0.8, controls)
    pause = 0.3
    while True:
        seconds_left = rng.uniform(1.0, 2.0)
        while seconds_left > 0:
            control = int(rng.integers(controls))
            start, target = float(values[control]), float(rng.uniform(0.0, 1.0))
            steps = max(4, int(30 * abs(target - start)))
            for step in range(1, steps + 1):
                wait = float(rng.uniform(0.02, 0.05))
                eased = 0.5 - 0.5 * math.cos(math.pi * step / steps)
                values[control] = start + (target - start) * eased
                yield pause + wait, tuple(values.tolist())
                pause = 0.0
                seconds_left -= wait
        pause = float(rng.uniform(1.5, 3.0))

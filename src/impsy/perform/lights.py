"""Shows the state on the controllers that command it: a thread that sleeps until something changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from impsy.io.adapter import Adapter
from impsy.io.commands import ShowsState
from impsy.settings import Settings
from impsy.threads import Failures, lasting

__all__ = ["Lights"]

SETTLE_SECONDS = 0.02
"""Changes that come together are shown together."""

CLOSE_SECONDS = 0.2


class Lights:
    """Has the adapters show the state whenever it changed. Any thread may say so.

    The thread starts with the first change while an adapter has commands: without commands there is none.

    Args:
        state: returns the settings, and the scene that is current.
        adapters: returns those there are.
    """

    def __init__(self, state: Callable[[], tuple[Settings, str]], adapters: Callable[[], Sequence[Adapter]]) -> None:
        self._state = state
        self._adapters = adapters
        self._changed = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._failures = Failures("what controllers show")

    def changed(self) -> None:
        """Show the state soon. Returns at once."""
        if self._thread is None and self._with_commands():
            with self._starting:
                if self._thread is None and not self._closed:
                    self._thread = lasting("impsy lights", self._run, lambda: self._closed)
                    self._thread.start()
        self._changed.set()

    def close(self) -> None:
        """Show nothing any more."""
        with self._starting:
            self._closed = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    def _with_commands(self) -> list[ShowsState]:
        return [adapter for adapter in self._adapters() if isinstance(adapter, ShowsState) and adapter.commands]

    def _run(self) -> None:
        again: float | None = None
        while not self._closed:
            self._changed.wait(again)
            self._changed.clear()
            if not self._closed:
                # Not waiting for the event: each press would be shown the state from before it.
                time.sleep(SETTLE_SECONDS)
                again = self._show()

    def _show(self) -> float | None:
        again: list[float] = []
        with self._failures:
            settings, scene = self._state()
            for adapter in self._with_commands():
                with self._failures:
                    seconds = adapter.show(settings, scene)
                    if seconds is not None:
                        again.append(seconds)
        return min(again, default=None)

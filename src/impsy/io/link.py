"""A thread that maintains a connection: it connects, serves, and connects again when the device is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Literal

from impsy.errors import DeviceError
from impsy.events import Report
from impsy.io.adapter import SendReport
from impsy.threads import Failures, lasting

__all__ = ["RETRY_SECONDS", "Link", "Opened"]

logger = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
"""Between a failure and the next attempt."""

CLOSE_SECONDS = 0.4
"""How long closing waits for the thread."""

Opened = Callable[[str], None]
"""Called with what was opened, as the end of a sentence: ``listening on 127.0.0.1 port 6000``."""


class Link:
    """Runs ``serve`` in a thread for as long as the link is open.

    ``serve(opened)`` connects, calls ``opened``, and returns when the link is closed, or raises ``DeviceError`` when
    the device is lost. ``interrupt`` makes a waiting ``serve`` return.
    """

    def __init__(
        self,
        name: str,
        serve: Callable[[Opened], None],
        interrupt: Callable[[], None],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._name = name
        self._serve = serve
        self._interrupt = interrupt
        self._retry_seconds = retry_seconds
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.state: Literal["closed", "waiting", "open"] = "closed"
        self.error = ""
        self.detail = ""
        self._failures = Failures(f"the port “{name}”")
        self.on_lost: Callable[[], None] = lambda: None
        """Called in the thread when an open device is lost."""

    @property
    def stopping(self) -> bool:
        """Whether the link is being closed; ``serve`` returns when it is."""
        return self._stop.is_set()

    def open(self, report: SendReport) -> None:
        """Start the thread."""
        self._stop.clear()
        self._thread = lasting(f"impsy {self._name}", partial(self._run, report), self._stop.is_set)
        self.state = "waiting"
        self._thread.start()

    def close(self) -> None:
        """End the thread; one that the system blocks is not waited for."""
        self._stop.set()
        self._interrupt()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_SECONDS)
            if thread.is_alive():
                logger.warning("%s did not close in time; its thread may still run", self._name)
        self.state = "closed"

    def _run(self, report: SendReport) -> None:
        lost = False

        def opened(detail: str) -> None:
            nonlocal lost
            self.state = "open"
            self.error = ""
            self.detail = detail
            again = " again" if lost else ""
            report(Report(f"{self._name}:open", f"{self._name} is{again} {detail}", "info", always=True))
            lost = False

        while not self._stop.is_set():
            try:
                self._serve(opened)
            except Exception as error:  # noqa: BLE001 - whatever it is, the port is to come back
                if not isinstance(error, DeviceError | OSError):
                    self._failures.add(error)
                if self.state == "open":
                    self.on_lost()
                self.state = "waiting"
                if not lost or str(error) != self.error:
                    text = f"{self._name}: {error}. Trying again every {self._retry_seconds:g} s"
                    report(Report(f"{self._name}:lost", text, "error", always=True))
                lost = True
                self.error = str(error)
            self._stop.wait(self._retry_seconds)

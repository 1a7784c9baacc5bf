"""A thread for calls into a driver, which may never return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

from impsy.errors import DeviceError
from impsy.threads import lasting

__all__ = ["Worker"]

T = TypeVar("T")


class Worker:
    """Runs calls one after the other in one thread of its own, started with the first.

    macOS reports MIDI devices that are plugged in or out only to the thread that first listed them. And a driver that
    hangs does not block the caller.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def call(self, function: Callable[[], T], seconds: float) -> T:
        """Run ``function`` in the thread and return what it returns, or raise what it raises.

        Raises:
            DeviceError: it, or the call before it, did not return within ``seconds``. It may still run.
        """
        future: Future[T] = Future()
        self._start()
        self._calls.put((future, function))
        try:
            return future.result(seconds)
        except TimeoutError as error:
            if future.cancel():
                raise DeviceError(f"the {self._name} system is busy and does not answer") from error
            raise DeviceError(f"the {self._name} system does not answer") from error

    def end(self) -> None:
        """Let the thread end after the calls so far; a later call starts it again."""
        with self._lock:
            if self._thread is not None:
                self._thread = None
                self._calls.put(None)
                self._calls = SimpleQueue()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                name = f"impsy {self._name} driver"
                self._thread = lasting(name, partial(_work, self._calls))
                self._thread.start()


def _work(calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]) -> None:
    while (call := calls.get()) is not None:
        future, function = call
        if not future.set_running_or_notify_cancel():
            continue
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - raised in the caller
            future.set_exception(error)
        else:
            future.set_result(result)

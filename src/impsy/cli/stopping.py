"""Ending long work early and in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impsy.cli.terminal import echo

__all__ = ["stopping"]

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is what Windows has for a process in another console
    if hasattr(signal, name)
]


@contextmanager
def stopping(message: str) -> Iterator[Callable[[], bool]]:
    """``stop()`` is true from the first Ctrl-C (or SIGTERM) on, which prints ``message``; the second ends
    the process as usual."""
    requested = False

    def request(number: int, frame: object) -> None:  # noqa: ARG001 - as signal calls it
        nonlocal requested
        if requested:
            raise KeyboardInterrupt
        requested = True
        echo(f"\n{message}", err=True)

    before = {number: signal.signal(number, request) for number in _SIGNALS}
    try:
        yield lambda: requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

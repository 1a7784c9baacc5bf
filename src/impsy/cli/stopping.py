"""Ending long work early, but in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impsy.cli.terminal import echo

__all__ = ["stopping"]

_ASKING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGBREAK")  # the last is what Windows has for a process in another console
    if hasattr(signal, name)
]


@contextmanager
def stopping(message: str) -> Iterator[Callable[[], bool]]:
    """``stop()`` is true from the first Ctrl-C (or SIGTERM) on, which prints ``message``; the second is as rude as
    usual."""
    asked = False

    def ask(number: int, frame: object) -> None:  # noqa: ARG001 - as signal calls it
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        echo(f"\n{message}", err=True)

    before = {number: signal.signal(number, ask) for number in _ASKING}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

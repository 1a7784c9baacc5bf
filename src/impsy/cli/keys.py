"""Single keys while the live view is shown."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator

from impsy.engine import MODES, Snapshot
from impsy.events import Event, PanicButton, Reset, Set

__all__ = ["HELP", "event_for", "keyboard"]

_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[@-~]|O.|.)?")

HELP = f"space pause · 1-{len(MODES)} mode · r reset · p panic · Ctrl-C ends"


def event_for(key: str, now: Snapshot) -> Event | None:
    """The event of a key, given the present state."""
    modes = dict(enumerate(MODES, start=1))
    if key == " ":
        return Set("paused", not now.settings.paused)
    if key.isdecimal() and int(key) in modes:
        return Set("mode", modes[int(key)])
    others: dict[str, Event] = {"r": Reset(), "p": PanicButton()}
    return others.get(key.lower())


@contextlib.contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """Gives a function that returns the keys pressed since it was last called, and never waits.

    Without a keyboard (input from a file or a pipe) there are none.
    """
    if not sys.stdin.isatty():
        yield lambda: ""
    elif sys.platform == "win32":
        yield _read_windows
    else:
        with _single_keys():
            yield _read_posix


def _read_windows() -> str:
    import msvcrt

    keys = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
        keys += msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
    return keys


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """A terminal that hands over each key at once and does not print it; Ctrl-C stays Ctrl-C."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _read_posix() -> str:
    import os
    import select

    keys = ""
    while select.select([sys.stdin], [], [], 0)[0]:
        read = os.read(sys.stdin.fileno(), 64)
        if not read:  # the terminal is gone
            break
        keys += read.decode(errors="replace")
    # Arrow and function keys come as several characters, some of them letters that mean something here.
    return _SEQUENCE.sub("", keys)

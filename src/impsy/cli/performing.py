"""Runs a performance from the command line: with a live view on a terminal, with plain lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator

from rich.live import Live

from impsy.cli.console import Console
from impsy.cli.keys import event_for, keyboard
from impsy.cli.live import Rates, render
from impsy.cli.output import logging_to
from impsy.cli.terminal import echo, terminal
from impsy.models.litert import litert_is_installed, prepare_litert
from impsy.perform import Session, SessionView
from impsy.perform.notify import alive_to_service_manager
from impsy.perform.priority import realtime_priority, responsive_interpreter

__all__ = ["Ending", "perform"]

FRAME_SECONDS = 0.1
IDLE_SECONDS = 1.0
SAME_REQUEST_SECONDS = 1.0


class Ending:
    """The end of a command, requested by a signal, or by any other thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Request the end."""
        self._event.set()

    def wait(self, seconds: float | None) -> bool:
        """Wait for the request; whether it came within ``seconds`` (None: no limit)."""
        return self._event.wait(seconds)

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM request the end; a second one ends the process at once.

        A SIGTERM within a second of another is the same request: a service manager sends one to every process, and
        the parent of this process may send it another.
        """
        requested: dict[int, float] = {}

        def handle(number: int, _frame: object) -> None:
            now = time.monotonic()
            since = now - requested.setdefault(number, now)
            if since > SAME_REQUEST_SECONDS or (since > 0 and number == signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self.request()

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def perform(
    session: Session,
    ending: Ending,
    *,
    verbose: bool = False,
    quiet: bool = False,
    seconds: float | None = None,
    announce: Callable[[], None] = lambda: None,
    lines: Callable[[SessionView], str | None] | None = None,
    beside: contextlib.AbstractContextManager[object] | None = None,
) -> SessionView:
    """Perform until the end is requested, or ``seconds`` have passed.

    Args:
        session: not yet entered.
        ending: the request to end.
        verbose: a line for each event, where there is no live view.
        quiet: no live view, and only warnings and errors.
        seconds: None: no limit.
        announce: logs what is about to be played.
        lines: called ten times a second where there is no live view; returns a line to print, or None.
        beside: entered while the performance lasts.

    Returns:
        The state at the end, after the log has been written.
    """
    if litert_is_installed():
        prepare_litert()
    console = terminal(soft_wrap=False)
    live = console.is_terminal and not quiet
    level = logging.WARNING if quiet else logging.DEBUG if verbose and not live else logging.INFO
    end = None if seconds is None else time.monotonic() + seconds
    # The live view shows the reports itself, so their log records are dropped.
    with ending.on_signals(), logging_to(logging.NullHandler() if live else None, level):
        announce()
        with (
            realtime_priority(),
            responsive_interpreter(),
            session,
            beside or contextlib.nullcontext(),
            alive_to_service_manager(session.answers),
        ):
            if live:
                _live(session, ending, console, end)
            else:
                _plain(session, ending, end, lines)
    return session.view()


def _until(end: float | None, most: float | None) -> float | None:
    left = None if end is None else max(0.0, end - time.monotonic())
    return most if left is None else left if most is None else min(left, most)


def _plain(
    session: Session, ending: Ending, end: float | None, lines: Callable[[SessionView], str | None] | None
) -> None:
    frame = None if lines is None else FRAME_SECONDS
    while not ending.wait(_until(end, frame)):
        if end is not None and time.monotonic() >= end:
            return
        line = lines(session.view()) if lines is not None else None
        if line is not None:
            echo(line)


def _live(session: Session, ending: Ending, console: Console, end: float | None) -> None:
    rates = Rates()
    shown: SessionView | None = None
    shown_at = 0.0
    with keyboard() as pressed, Live(console=console, auto_refresh=False, transient=True) as screen:
        while True:
            now = time.monotonic()
            view = session.view()
            for key in pressed():
                event = event_for(key, view.engine)
                if event is not None:
                    session.deliver(event)
            current = rates.update(now, view.engine.counters.heard, view.engine.counters.played)
            # Drawing takes more time than all the rest: it is done only where something has changed.
            if view != shown or now - shown_at >= IDLE_SECONDS:
                screen.update(render(view, current, min(console.width, 110)), refresh=True)
                shown, shown_at = view, now
            if ending.wait(_until(end, FRAME_SECONDS)) or (end is not None and time.monotonic() >= end):
                return

"""Runs a performance from the command line until it is over: live view on a terminal, plain lines elsewhere."""

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
from impsy.perform import Session, SessionView
from impsy.perform.notify import alive_to_service_manager
from impsy.perform.priority import first_in_line

__all__ = ["Curtain", "on_stage"]

FRAME_SECONDS = 0.1
IDLE_SECONDS = 1.0
SAME_WISH_SECONDS = 1.0


class Curtain:
    """Falls once, for any reason: a signal, a time that is up, a script that is over."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def fall(self) -> None:
        """End the performance."""
        self._event.set()

    def wait(self, seconds: float | None) -> bool:
        """Wait for the end; whether it came."""
        return self._event.wait(seconds)

    @contextlib.contextmanager
    def on_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the performance; a later one kills at once, should the first not be enough.

        A second SIGTERM within a second is the same wish: a service manager tells all processes, and whoever started
        this one tells it too.
        """
        asked: dict[int, float] = {}

        def handle(number: int, _frame: object) -> None:
            now = time.monotonic()
            since = now - asked.setdefault(number, now)
            if since > SAME_WISH_SECONDS or (since > 0 and number == signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            self.fall()

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def on_stage(
    session: Session,
    curtain: Curtain,
    *,
    verbose: bool = False,
    quiet: bool = False,
    seconds: float | None = None,
    announce: Callable[[], None] = lambda: None,
    lines: Callable[[SessionView], str | None] | None = None,
    beside: contextlib.AbstractContextManager[object] | None = None,
) -> SessionView:
    """Perform until the curtain falls, or ``seconds`` have passed.

    Args:
        session: not yet entered.
        curtain: whatever ends it.
        verbose: a line for each event, where there is no live view.
        quiet: no live view, and only warnings and errors.
        seconds: None: no limit.
        announce: logs what is about to be played.
        beside: entered while the performance lasts.
        lines: where there is no live view, asked ten times a second for a line to print.

    Returns:
        How things stood at the end, when all that could be written was.
    """
    console = terminal(soft_wrap=False)
    live = console.is_terminal and not quiet
    level = logging.WARNING if quiet else logging.DEBUG if verbose and not live else logging.INFO
    end = None if seconds is None else time.monotonic() + seconds
    # On a terminal the view shows the reports themselves; a handler that drops them keeps them out of its way.
    with curtain.on_signals(), logging_to(logging.NullHandler() if live else None, level):
        announce()
        with (
            first_in_line(),
            session,
            beside or contextlib.nullcontext(),
            alive_to_service_manager(session.answers),
        ):
            if live:
                _live(session, curtain, console, end)
            else:
                _plain(session, curtain, end, lines)
    return session.view()


def _until(end: float | None, most: float | None) -> float | None:
    left = None if end is None else max(0.0, end - time.monotonic())
    return most if left is None else left if most is None else min(left, most)


def _plain(
    session: Session, curtain: Curtain, end: float | None, lines: Callable[[SessionView], str | None] | None
) -> None:
    frame = None if lines is None else FRAME_SECONDS
    while not curtain.wait(_until(end, frame)):
        if end is not None and time.monotonic() >= end:
            return
        line = lines(session.view()) if lines is not None else None
        if line is not None:
            echo(line)


def _live(session: Session, curtain: Curtain, console: Console, end: float | None) -> None:
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
            # Drawing costs more than all the rest together: nothing new, nothing drawn.
            if view != shown or now - shown_at >= IDLE_SECONDS:
                screen.update(render(view, current, min(console.width, 110)), refresh=True)
                shown, shown_at = view, now
            if curtain.wait(_until(end, FRAME_SECONDS)) or (end is not None and time.monotonic() >= end):
                return

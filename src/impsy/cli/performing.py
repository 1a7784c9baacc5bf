"""Runs a performance from the command line: with a live view on a terminal, with plain lines elsewhere.

Log lines never delay the engine's thread: another thread prints them.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue

from rich.live import Live

from impsy.cli.console import Console
from impsy.cli.live import Rates, event_for, keyboard, render
from impsy.cli.stopping import Ending
from impsy.cli.terminal import echo, terminal
from impsy.models.litert import litert_is_installed, prepare_litert
from impsy.perform import Session, SessionView
from impsy.perform.notify import alive_to_service_manager
from impsy.perform.priority import realtime_priority, responsive_interpreter
from impsy.text import visible

__all__ = ["logging_to", "perform"]

FRAME_SECONDS = 0.1
IDLE_SECONDS = 1.0
WAITING_LIMIT = 10_000


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
    ending.limit(seconds)
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
                _live(session, ending, console)
            else:
                _plain(session, ending, lines)
    return session.view()


def _plain(session: Session, ending: Ending, lines: Callable[[SessionView], str | None] | None) -> None:
    while not ending.wait(None if lines is None else FRAME_SECONDS):
        line = lines(session.view()) if lines is not None else None
        if line is not None:
            echo(line)


def _live(session: Session, ending: Ending, console: Console) -> None:
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
                    session.deliver(event, "keyboard")
            current = rates.update(now, view.engine.counters.heard, view.engine.counters.played)
            # Drawing takes more time than all the rest: it is done only where something has changed.
            if view != shown or now - shown_at >= IDLE_SECONDS:
                screen.update(render(view, current, min(console.width, 110)), refresh=True)
                shown, shown_at = view, now
            if ending.wait(FRAME_SECONDS):
                return


# --- log lines --------------------------------------------------------------------------------------


class _Handler(QueueHandler):
    """Queues records as they are; another thread formats and prints them."""

    def __init__(self, queue: SimpleQueue[logging.LogRecord]) -> None:
        super().__init__(queue)
        self._waiting = queue

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._waiting.qsize() < WAITING_LIMIT:
            self._waiting.put_nowait(record)


class _Lines(logging.StreamHandler):  # type: ignore[type-arg]
    """Records as lines of text without control characters: reports contain names of devices and peers.

    The further lines of a record are indented, so that none can be mistaken for another record.
    """

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record)).replace("\n", "\n    ")

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError | ValueError):  # the stream is closed
            super().handleError(record)


@contextlib.contextmanager
def logging_to(handler: logging.Handler | None = None, level: int = logging.INFO) -> Iterator[None]:
    """Send IMPSY's log records to ``handler`` (default: lines on standard output) through a queue and a thread."""
    if handler is None:
        handler = _Lines(sys.stdout)
        handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%H:%M:%S"))
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logger = logging.getLogger("impsy")
    # Otherwise a library that logs would print each bad packet; those are counted and reported once.
    logging.getLogger().addHandler(logging.NullHandler())
    entrance = _Handler(queue)
    listener = QueueListener(queue, handler)
    before = logger.level
    logger.setLevel(level)
    logger.addHandler(entrance)
    propagate, logger.propagate = logger.propagate, False
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        logger.removeHandler(entrance)
        logger.setLevel(before)
        logger.propagate = propagate

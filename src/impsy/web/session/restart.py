"""Starts a session at once and, when it ends by itself, again: for unattended machines."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from impsy.errors import ImpsyError
from impsy.threads import Failures, once
from impsy.web.live.link import SessionLink
from impsy.web.session.supervisor import SessionSupervisor

__all__ = ["keep_running"]

logger = logging.getLogger(__name__)

PRESENT_SECONDS = 1.2
"""A session that runs already sends its state once a second."""

LOOK_SECONDS = 0.25
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
STABLE_SECONDS = 60.0
"""After a session that ran for so long, the pause before a start is the shortest again."""


@contextmanager
def keep_running(
    supervisor: SessionSupervisor, link: SessionLink, report: Callable[[str], None] = logger.warning
) -> Iterator[None]:
    """While the context lasts, start the session unless one runs, and again when it ended by itself.

    One that is stopped on purpose stays stopped. The pause before each further start doubles, up to a minute.

    Args:
        supervisor: starts it.
        link: receives the state of one that runs already.
        report: called with a sentence when a session could not be started, or is started again.
    """
    over = threading.Event()
    thread = once("impsy restart", partial(_keep, supervisor, link, report, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PRESENT_SECONDS)


def _keep(
    supervisor: SessionSupervisor, link: SessionLink, report: Callable[[str], None], over: threading.Event
) -> None:
    end = time.monotonic() + PRESENT_SECONDS
    while link.state is None and time.monotonic() < end:
        if over.wait(LOOK_SECONDS):
            return
    failures = Failures("keeping the session running")
    with failures:
        _start(supervisor, report)
    pause, started = FIRST_PAUSE, time.monotonic()
    while not over.wait(LOOK_SECONDS):
        with failures:
            status = supervisor.status()
            if status["status"] != "failed":
                continue
            if time.monotonic() - started > STABLE_SECONDS:
                pause = FIRST_PAUSE
            report(f"{status['sentence'].rstrip('.')}. In {pause:g} s it is started again.")
            if over.wait(pause):
                return
            pause, started = min(LONGEST_PAUSE, 2 * pause), time.monotonic()
            # It may have been started or stopped on the page meanwhile.
            if supervisor.status()["status"] == "failed":
                _start(supervisor, report)
                started = time.monotonic()


def _start(supervisor: SessionSupervisor, report: Callable[[str], None]) -> None:
    try:
        supervisor.start()
    except ImpsyError as error:
        report(f"The session was not started: {error}")

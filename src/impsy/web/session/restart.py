"""Starts a session at once and, should it end by itself, again: for machines that nobody sits at."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impsy.errors import ImpsyError
from impsy.web.live.link import SessionLink
from impsy.web.session.supervisor import SessionSupervisor

__all__ = ["kept_playing"]

logger = logging.getLogger(__name__)

HEARING_SECONDS = 1.2
"""A session that plays already is heard once a second."""

LOOK_SECONDS = 0.25
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
PLAYED_LONG = 60.0
"""Seconds. What played so long before it ended is started again as soon as the first time."""


@contextmanager
def kept_playing(
    supervisor: SessionSupervisor, link: SessionLink, tell: Callable[[str], None] = logger.warning
) -> Iterator[None]:
    """While the context lasts, start the session unless one plays, and again when it ended by itself.

    One that is stopped on purpose stays so. The pause before each further start is twice as long, up to a minute.

    Args:
        supervisor: starts it.
        link: hears whether one plays already.
        tell: called with a sentence when a session could not be started, or is started again.
    """
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(supervisor, link, tell, over), name="impsy keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(HEARING_SECONDS)


def _keep(
    supervisor: SessionSupervisor, link: SessionLink, tell: Callable[[str], None], over: threading.Event
) -> None:
    end = time.monotonic() + HEARING_SECONDS
    while link.state is None and time.monotonic() < end:
        if over.wait(LOOK_SECONDS):
            return
    _start(supervisor, tell)
    pause, started = FIRST_PAUSE, time.monotonic()
    while not over.wait(LOOK_SECONDS):
        status = supervisor.status()
        if status["status"] != "failed":
            continue
        if time.monotonic() - started > PLAYED_LONG:
            pause = FIRST_PAUSE
        tell(f"{status['sentence'].rstrip('.')}. In {pause:g} s it is started again.")
        if over.wait(pause):
            return
        # Somebody may have started or stopped it on the page meanwhile.
        if supervisor.status()["status"] == "failed":
            _start(supervisor, tell)
        pause, started = min(LONGEST_PAUSE, 2 * pause), time.monotonic()


def _start(supervisor: SessionSupervisor, tell: Callable[[str], None]) -> None:
    try:
        supervisor.start()
    except ImpsyError as error:
        tell(f"The session was not started: {error}")

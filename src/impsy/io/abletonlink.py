"""Ableton Link: tempo and beat shared with other programs on the network.

The package that speaks it, LinkPython-extern, contains Ableton's library, which is under the GPL (version 2 or
later). It is optional, and imported only when an adapter is opened.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Sequence
from typing import Any

from impsy.errors import DeviceError
from impsy.events import LinkBeat
from impsy.io.adapter import Deliver, Health, SendReport
from impsy.io.link import Link, Opened
from impsy.timing.line import Line

__all__ = ["LinkAdapter", "link_library"]

LOOK_SECONDS = 0.1
"""Between two looks at the session. In between it goes on at its tempo."""

QUANTUM = 4.0
"""Beats of a bar, which the members of a session have in common."""

MISSING = "Ableton Link needs a package that is not installed: pip install 'impsy[link]'"


class LinkAdapter:
    """Takes part in the session of Link on this network: its beat becomes events; it plays nothing.

    Args:
        tempo: beats a minute, where there are no others yet.
    """

    name = "link"

    def __init__(self, tempo: float) -> None:
        self._tempo = tempo
        self._wanted: float | None = None
        self._wake = threading.Event()
        self._deliver: Deliver = lambda _event: None
        self._peers = 0
        self.link = Link(self.name, self._serve, self._wake.set)

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Join the session."""
        self._deliver = deliver
        self._wake.clear()
        self.link.open(report)

    def set_tempo(self, tempo: float) -> None:
        """Give the session another tempo."""
        self._wanted = tempo
        self._wake.set()

    def send(self, values: Sequence[float]) -> None:
        """Link carries no values."""

    def silence(self) -> None:
        """Nothing sounds here."""

    def panic(self) -> None:
        """Nothing sounds here."""

    def close(self) -> None:
        """Leave the session."""
        self.link.close()

    def health(self) -> tuple[Health, ...]:
        """The session: how many others take part."""
        link = self.link
        others = f", {self._peers} other{'' if self._peers == 1 else 's'}" if link.state == "open" else ""
        return (Health(self.name, link.state, link.detail + others, link.error),)

    # --- in the link's thread ----------------------------------------------------------------------

    def _serve(self, opened: Opened) -> None:
        session = link_library().Link(self._tempo)
        session.enabled = True
        try:
            opened("in the session of this network")
            while not self.link.stopping:
                self._look(session)
                self._wake.wait(LOOK_SECONDS)
                self._wake.clear()
        finally:
            session.enabled = False

    def _look(self, session: Any) -> None:
        micros, now = session.clock().micros(), time.monotonic()
        state = session.captureAppSessionState()
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self._tempo = wanted
            state.setTempo(wanted, micros)
            session.commitAppSessionState(state)
        self._peers = session.numPeers()
        self._deliver(LinkBeat(Line(now, state.beatAtTime(micros, QUANTUM), state.tempo()), self._peers))


def link_library() -> Any:
    """The package that speaks Link, imported.

    Raises:
        DeviceError: it is not installed.
    """
    try:
        library = importlib.import_module("link")
    except ImportError as error:
        raise DeviceError(MISSING) from error
    if not hasattr(library, "Link"):  # another package has this name, too
        raise DeviceError(MISSING)
    return library

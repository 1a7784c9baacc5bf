"""What the parts of the web interface share, by the doors that they use of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from impsy.protocol.pages import ServerMessage, Topic
from impsy.protocol.session import Line, Session
from impsy.web.workspace import Workspace

__all__ = ["Hub", "Link", "Site", "Supervisor"]


class Hub(Protocol):
    """Sends to every page. All methods may be called by any thread and return at once."""

    def send(self, message: ServerMessage) -> None:
        """Send a JSON message to every page."""
        ...

    def changed(self, what: Topic) -> None:
        """Announce to every page that ``what`` is out of date."""
        ...


class Link(Protocol):
    """The way to the session, wherever it runs. Any thread may call it."""

    @property
    def state(self) -> dict[str, Any] | None:
        """The session's last ``/monitor/state``; None: none has been heard of for a while."""
        ...

    def send(self, address: str, types: str, values: Sequence[float | str]) -> None:
        """Send a command to the session; ``types`` holds an OSC type tag for each value."""
        ...

    def configure(self, monitor_port: int, command_port: int) -> None:
        """Talk over these ports from now on."""
        ...


class Supervisor(Protocol):
    """Starts and stops the session. Any thread may call it."""

    def start(self) -> None:
        """Start one, unless one runs; raises Clash with a sentence if it cannot."""
        ...

    def stop(self) -> None:
        """End the one that runs, and wait until it has."""
        ...

    def restart(self) -> None:
        """End it and start it again."""
        ...

    def status(self) -> Session:
        """How the session is."""
        ...

    def lines(self) -> list[Line]:
        """What it printed last."""
        ...


@dataclass
class Site:
    """One web process: a workspace, the pages that look at it, and the session that plays it.

    ``parts`` are what API modules keep between calls (running jobs, a playback), by name; ``close`` is called on each
    when the process ends, if it has one.
    """

    workspace: Workspace
    hub: Hub
    link: Link
    supervisor: Supervisor
    demo: bool = False
    parts: dict[str, Any] = field(default_factory=dict)

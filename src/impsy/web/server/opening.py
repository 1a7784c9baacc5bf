"""Puts a web process together: the workspace, the link, the supervisor, the hub and the performer."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impsy.config import WebuiConfig
from impsy.processes import end_all_in
from impsy.protocol.pages import ServerMessage
from impsy.web.jobs.api import trainings_of
from impsy.web.live.hub import PageHub
from impsy.web.live.link import LinkMessage, SessionLink
from impsy.web.session.api import PERFORMER
from impsy.web.session.performer import SimulatedPerformer
from impsy.web.session.supervisor import SessionSupervisor, local_ports
from impsy.web.site import Site
from impsy.web.workspace import Workspace

__all__ = ["House", "open_house"]

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often the configuration file is looked at; it costs one system call."""


@dataclass(frozen=True)
class House:
    """All parts of a web process, by their own types; ``site`` is what the endpoints see of them."""

    site: Site
    hub: PageHub
    link: SessionLink
    supervisor: SessionSupervisor
    performer: SimulatedPerformer


@contextlib.contextmanager
def open_house(
    workspace: Workspace, *, demo: bool = False, seed: int | None = None, arguments: Sequence[str] = ()
) -> Iterator[House]:
    """Listen to the session and watch the configuration while the context lasts; at its end, our session ends too.

    Args:
        workspace: the folder; it may be empty.
        demo: whether the pages should say that nothing here is serious.
        seed: of the simulated performer.
        arguments: more for ``impsy run``.

    Raises:
        DataError: what the web interface keeps in the workspace leads out of it.
    """
    workspace.check_private()
    hub = PageHub()
    default = WebuiConfig()
    ports = local_ports(workspace) or (default.monitor_port, default.command_port)
    herald = _Herald(hub)
    link = SessionLink(*ports, herald.hear)
    supervisor = SessionSupervisor(workspace, link, herald.tell, arguments)
    herald.supervisor = supervisor
    performer = SimulatedPerformer(link, hub, seed)
    herald.performer = performer
    site = Site(workspace, hub, link, supervisor, demo, {PERFORMER: performer})
    with link, _watching(workspace, link, supervisor, hub):
        trainings_of(site)  # takes up looking at those that still run
        try:
            yield House(site, hub, link, supervisor, performer)
        finally:
            for part in list(site.parts.values()):
                _close(part)
            supervisor.close()
            end_all_in(workspace.root)


def _close(part: Any) -> None:
    close = getattr(part, "close", None)
    if close is None:
        return
    try:
        close()
    except Exception:  # the session and the other parts must end too
        logger.exception("a part of the web interface did not end in order")


class _Herald:
    """Passes on to the pages what the link hears, and what that makes of the session."""

    def __init__(self, hub: PageHub) -> None:
        self._hub = hub
        self._status: tuple[str, Any] = ("", None)
        self.supervisor: SessionSupervisor | None = None
        self.performer: SimulatedPerformer | None = None

    def hear(self, message: LinkMessage) -> None:
        """From the link."""
        if message["type"] != "state":
            self._hub.send(message)
            if message["type"] == "out" and self.performer is not None:
                self.performer.ears.hear(message["values"])
        elif self.supervisor is not None:
            self.tell({"type": "session", **self.supervisor.status()})

    def tell(self, message: ServerMessage) -> None:
        """From the link or the supervisor."""
        self._hub.send(message)
        if message["type"] == "session":
            status = (message["status"], message["pid"])
            before, self._status = self._status, status
            if before != status:
                # A log begins or ends with a session.
                self._hub.changed("session")
                self._hub.changed("takes")


@contextlib.contextmanager
def _watching(workspace: Workspace, link: SessionLink, supervisor: SessionSupervisor, hub: PageHub) -> Iterator[None]:
    """Notice when the configuration is written or removed, by whomever."""
    stop = threading.Event()
    first = _mark(workspace.config)

    def look() -> None:
        before = first
        while not stop.wait(LOOK_SECONDS):
            now = _mark(workspace.config)
            if now == before:
                continue
            before = now
            hub.changed("config")
            ports = local_ports(workspace)
            # A session that runs keeps its ports until it ends; the next one is heard on the new ones.
            if ports is not None and supervisor.status()["status"] in {"stopped", "failed"}:
                link.configure(*ports)

    thread = threading.Thread(target=look, name="impsy web config", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(1.0)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino

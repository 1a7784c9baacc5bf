"""What the configuration asks for at the machine's ports, how that does, and the check-up around it."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from typing import Any

from impsy.config import Config
from impsy.perform.diagnostics.checkup import CHECKS, Finding, Workspace
from impsy.perform.diagnostics.portcheck import check_ports
from impsy.protocol.workspace import Way
from impsy.web.live.link import SessionLink
from impsy.web.session.supervisor import SessionSupervisor
from impsy.web.workspace import Workspace as WebWorkspace

__all__ = ["CheckUps", "ports_of_session", "ways_now", "ways_of_session"]

CACHE_SECONDS = 3.0
"""A check-up takes about a second and keeps a processor busy."""

_IDLE = ("stopped", "failed")
"""States of a session that holds no ports."""


def ways_now(
    config: Config | None, state: dict[str, Any] | None, status: str, pages: Collection[int] = ()
) -> list[Way]:
    """What the configuration asks for, and how that does: by the session while one plays, as it has the ports.

    Nothing while one starts or ends: to try a port then could take it from that. ``pages``: as
    :func:`impsy.perform.diagnostics.portcheck.check_ports` takes it.
    """
    if state is not None:
        return ways_of_session(state)
    return check_ports(config, pages) if config is not None and status in _IDLE else []


def ways_of_session(state: dict[str, Any]) -> list[Way]:
    """The ports of a session that plays, from its ``/monitor/state``."""
    ways = []
    for name, port in ports_of_session(state).items():
        usable = port.get("state") in ("open", "receiving")
        text = " ".join(filter(None, ("works" if usable else "waits", str(port.get("detail") or ""))))
        advice = "" if usable else "It is taken up as soon as it is there"
        hears, plays = not name.startswith("midi out"), not name.startswith("midi in")
        ways.append(Way(name, usable, str(port.get("error") or "") or text, advice, hears, plays))
    return ways


def ports_of_session(state: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """What a session's state says of each of its ports, by name."""
    ports = (state or {}).get("ports")
    listed = ports if isinstance(ports, list) else []
    return {str(port["name"]): port for port in listed if isinstance(port, dict) and "name" in port}


class CheckUps:
    """Findings, kept for three seconds; a caller waits for those that are being looked for. For several threads."""

    def __init__(self, workspace: WebWorkspace, link: SessionLink, supervisor: SessionSupervisor) -> None:
        self._config = workspace.config
        self._link = link
        self._supervisor = supervisor
        self._lock = threading.Lock()
        self._last: tuple[float, bool, list[Finding]] | None = None

    def findings(self) -> list[Finding]:
        """What ``impsy doctor`` would find; the ports by the session's own state, where one plays."""
        with self._lock:
            state = self._link.state
            if self._last is not None:
                when, played, found = self._last
                if time.monotonic() - when < CACHE_SECONDS and played == (state is not None):
                    return found
            found = list(self._look(state))
            self._last = (time.monotonic(), state is not None, found)
            return found

    def _look(self, state: dict[str, Any] | None) -> Iterator[Finding]:
        workspace = Workspace(self._config)
        for check in CHECKS:
            if check.name != "ports":
                yield from check.look(workspace)
            elif workspace.loaded is not None:
                # Here, unlike for `impsy doctor`, the page is an instrument, too: no device need be there.
                status, pages = self._supervisor.status()["status"], self._link.listening
                yield from _ports(ways_now(workspace.loaded.config, state, status, pages))


def _ports(ways: list[Way]) -> Iterator[Finding]:
    for way in ways:
        yield Finding("ports", "ok" if way.usable else "warning", f"{way.key}: {way.text}", way.advice)
    if ways and not any(way.usable and (way.hears or way.plays) for way in ways):
        yield Finding("ports", "ok", "no device takes part now: this page is the instrument")

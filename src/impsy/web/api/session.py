"""The session over HTTP: start, stop, what it printed, and the simulated performer."""

from __future__ import annotations

from impsy.protocol.session import Output, PerformerState, Session
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.site import Site
from impsy.web.workspace import Conflict

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


class Running(Body):
    """Whether the simulated performer plays, or shall."""

    running: bool


@ENDPOINTS.add("GET", "/api/session", "How the session is", anywhere=True)
def session(site: Site) -> Session:
    return site.supervisor.status()


@ENDPOINTS.add("POST", "/api/session/start", "Start a session, unless one runs", anywhere=True)
def start(site: Site) -> Session:
    site.supervisor.start()
    return session(site)


@ENDPOINTS.add("POST", "/api/session/stop", "End the session", anywhere=True)
def stop(site: Site) -> Session:
    site.supervisor.stop()
    return session(site)


@ENDPOINTS.add("POST", "/api/session/restart", "End the session and start it again", anywhere=True)
def restart(site: Site) -> Session:
    site.supervisor.restart()
    return session(site)


@ENDPOINTS.add("GET", "/api/session/output", "What our sessions printed last", anywhere=True)
def output(site: Site) -> Output:
    return {"lines": site.supervisor.lines()}


@ENDPOINTS.add("POST", "/api/performer", "Start or stop the simulated performer", anywhere=True)
def perform(site: Site, body: Running) -> PerformerState:
    if not body.running:
        site.performer.stop()
    elif site.link.state is None:
        raise Conflict("No session runs that the performer could play to. Start one.")
    else:
        site.performer.start()
    return {"running": site.performer.running}

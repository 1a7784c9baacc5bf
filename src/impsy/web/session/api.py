"""The session over HTTP: start, stop, what it printed, and the simulated performer."""

from __future__ import annotations

from impsy.protocol.session import Output, PerformerState, Session
from impsy.web.server.endpoints import Body, Call, Clash, Endpoint
from impsy.web.session.performer import SimulatedPerformer

__all__ = ["ENDPOINTS", "PERFORMER"]

PERFORMER = "performer"
"""Under which name the site keeps the simulated performer."""


class Running(Body):
    """Whether somebody plays, or shall."""

    running: bool


def _session(call: Call) -> Session:
    return call.site.supervisor.status()


def _start(call: Call) -> Session:
    call.site.supervisor.start()
    return _session(call)


def _stop(call: Call) -> Session:
    call.site.supervisor.stop()
    return _session(call)


def _restart(call: Call) -> Session:
    call.site.supervisor.restart()
    return _session(call)


def _output(call: Call) -> Output:
    return {"lines": call.site.supervisor.lines()}


def _perform(call: Call) -> PerformerState:
    wanted = call.body(Running).running
    performer = call.site.parts[PERFORMER]
    if not isinstance(performer, SimulatedPerformer):
        raise TypeError("the site's performer is none")
    if not wanted:
        performer.stop()
    elif call.site.link.state is None:
        raise Clash("No session runs that the performer could play to. Start one.")
    else:
        performer.start()
    return {"running": performer.running}


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/session", _session, "How the session is", returns=Session, anywhere=True),
    Endpoint(
        "POST", "/api/session/start", _start, "Start a session, unless one runs", returns=Session, anywhere=True
    ),
    Endpoint("POST", "/api/session/stop", _stop, "End the session", returns=Session, anywhere=True),
    Endpoint(
        "POST", "/api/session/restart", _restart, "End the session and start it again", returns=Session, anywhere=True
    ),
    Endpoint("GET", "/api/session/output", _output, "What our sessions printed last", returns=Output, anywhere=True),
    Endpoint(
        "POST",
        "/api/performer",
        _perform,
        "Start or stop the simulated performer",
        body=Running,
        returns=PerformerState,
        anywhere=True,
    ),
)

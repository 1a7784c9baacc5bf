"""The web interface as an ASGI application: the HTTP table, the WebSocket, and the built pages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from impsy.version import __version__
from impsy.web.api import (
    config,
    datasets,
    devices,
    invitations,
    manytakes,
    models,
    overview,
    own_model,
    playback,
    session,
    setup,
    system,
    takeorigin,
    takes,
    training,
    trash,
    workshop,
)
from impsy.web.api.endpoints import Endpoint, openapi, problem, routes
from impsy.web.guests.roles import OWNER, Guest
from impsy.web.live.page import serve_page
from impsy.web.server.pages import STATIC, Pages
from impsy.web.server.safety import GUEST, Safety, SafetyRules
from impsy.web.site import Site
from impsy.web.workshop.workshop import Instrument

__all__ = ["API_MODULES", "STATIC", "create_app", "endpoints"]

logger = logging.getLogger(__name__)

API_MODULES = (
    session,
    config,
    setup,
    overview,
    devices,
    system,
    takes,
    manytakes,
    takeorigin,
    playback,
    trash,
    datasets,
    training,
    models,
    own_model,
    invitations,
    workshop,
)
"""Each has a table ``ENDPOINTS``."""

GZIP_BYTES = 1000
GZIP_LEVEL = 5


def endpoints() -> tuple[Endpoint, ...]:
    """The whole HTTP table."""
    return tuple(row for module in API_MODULES for row in module.ENDPOINTS)


def create_app(site: Site, rules: SafetyRules, static: Path = STATIC) -> Starlette:
    """The application of a site.

    Args:
        site: what the endpoints work on; its hub is served by this application's loop.
        rules: who may ask.
        static: the folder of the built pages.
    """
    if rules.token is not None:
        site.invitations.advice = ""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        site.hub.attach(asyncio.get_running_loop())
        try:
            yield
        finally:
            site.hub.attach(None)

    return Starlette(
        routes=_routes(site, static),
        middleware=[
            Middleware(Safety, rules=rules, invitations=site.invitations),
            Middleware(_Unexpected),
            Middleware(GZipMiddleware, minimum_size=GZIP_BYTES, compresslevel=GZIP_LEVEL),
            Middleware(_ToInstrument, site=site, static=static),
        ],
        exception_handlers={HTTPException: _http_problem},
        lifespan=lifespan,
    )


def _routes(site: Site, static: Path) -> list[BaseRoute]:
    """All addresses of a site."""
    table = endpoints()
    pages = Pages(static)

    def describe(_request: Request) -> Response:
        return JSONResponse(openapi(table, __version__))

    api = [*routes(table, site), Route("/api/openapi.json", describe)]

    async def connect(websocket: WebSocket) -> None:
        guest = websocket.scope["extensions"][GUEST]
        await serve_page(websocket, site.hub, site.link, site.standing, guest)

    return [
        *api,
        Route("/api/{path:path}", partial(_not_there, api), methods=_METHODS),
        WebSocketRoute("/ws", connect),
        Route("/{path:path}", pages.answer),
    ]


class _ToInstrument:
    """Middleware that leads the guest of a workshop to the instrument that is theirs."""

    def __init__(self, app: ASGIApp, site: Site, static: Path) -> None:
        self._app = app
        self._site = site
        self._static = static
        self._apps: dict[int, tuple[Instrument, Starlette]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        guest: Guest = scope.get("extensions", {}).get(GUEST, OWNER)
        app = self._app if guest.instrument is None else self._app_of(guest.instrument)
        await app(scope, receive, send)

    def _app_of(self, number: int) -> ASGIApp:
        instrument = self._site.workshop.instrument(number)
        if instrument is None:  # the workshop was closed just now
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The workshop is over.")
        known = self._apps.get(number)
        if known is None or known[0] is not instrument:
            instrument.hub.attach(asyncio.get_running_loop())
            of_it = _routes(cast("Site", instrument), self._static)
            known = (instrument, Starlette(routes=of_it, exception_handlers={HTTPException: _http_problem}))
            self._apps[number] = known
        return known[1]


_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def _not_there(api: Sequence[Route], request: Request) -> Response:
    """An address of the API that is none, or that takes other methods."""
    methods = {
        method for route in api if route.matches(request.scope)[0] is Match.PARTIAL for method in route.methods or ()
    }
    if methods:
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
    raise HTTPException(404)


async def _http_problem(_request: Request, error: Exception) -> Response:
    """What the routing itself refuses: no such address, no such method."""
    refused = cast("HTTPException", error)
    response = problem(refused.status_code, _WORDS.get(refused.status_code, refused.detail))
    response.headers.update(refused.headers or {})
    return response


_WORDS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


class _Unexpected:
    """Logs an unexpected exception with its trace, and answers with a sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, watched)
        except Exception:
            # Its representation: a path may hold what would be another line, or a command to the terminal.
            logger.exception("%s %r failed", scope["method"], scope["path"])
            if not started:
                sentence = "This did not work, by a mistake in IMPSY."
                advice = "The details are where impsy webui was started"
                await problem(HTTPStatus.INTERNAL_SERVER_ERROR, sentence, advice)(scope, receive, send)

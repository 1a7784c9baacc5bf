"""The web interface as an ASGI application: the HTTP table, the WebSocket, and the built pages."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import logging
import mimetypes
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from impsy import __version__
from impsy.web.config import api as api_config
from impsy.web.config import api_setup
from impsy.web.devices import api as api_devices
from impsy.web.jobs import api as api_training
from impsy.web.library import api_datasets, api_models, api_takes
from impsy.web.live.hub import PageHub
from impsy.web.live.socket import serve_page
from impsy.web.server import api_system
from impsy.web.server.endpoints import Endpoint, description, problem, routes
from impsy.web.server.safety import Safety, SafetyRules, plain_page
from impsy.web.session import api as api_session
from impsy.web.session.performer import Performer
from impsy.web.site import Site

__all__ = ["API_MODULES", "STATIC", "create_app", "endpoints"]

logger = logging.getLogger(__name__)

API_MODULES = (
    api_session,
    api_config,
    api_setup,
    api_devices,
    api_system,
    api_takes,
    api_datasets,
    api_training,
    api_models,
)
"""Each has a table ``ENDPOINTS``."""

STATIC = Path(__file__).resolve().parents[1] / "static"
"""The built pages."""

YEAR = "public, max-age=31536000, immutable"
"""For files whose name says what is in them."""

GZIP_BYTES = 1000
GZIP_LEVEL = 5

# Systems differ in what they know, and a script of the wrong type is not run.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".map": "application/json",
}


def endpoints() -> tuple[Endpoint, ...]:
    """The whole HTTP table."""
    return tuple(row for module in API_MODULES for row in module.ENDPOINTS)


def create_app(
    site: Site, hub: PageHub, performer: Performer, rules: SafetyRules, static: Path = STATIC
) -> Starlette:
    """The application of a site.

    Args:
        site: what the endpoints work on.
        hub: the site's, which this application's loop serves.
        performer: the simulated one.
        rules: who may ask.
        static: the folder of the built pages.
    """
    table = endpoints()
    pages = _Pages(static)
    api = routes(table, site)
    described = JSONResponse(description(table, __version__))

    async def describe(_request: Request) -> Response:
        return described

    api.append(Route("/api/openapi.json", describe))

    async def connect(websocket: WebSocket) -> None:
        await serve_page(websocket, site, hub, performer)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        hub.attach(asyncio.get_running_loop())
        try:
            yield
        finally:
            hub.attach(None)

    return Starlette(
        routes=[
            *api,
            Route("/api/{path:path}", partial(_not_there, api), methods=_METHODS),
            WebSocketRoute("/ws", connect),
            Route("/{path:path}", pages.answer),
        ],
        middleware=[
            Middleware(Safety, rules=rules),
            Middleware(_NoTraces),
            Middleware(GZipMiddleware, minimum_size=GZIP_BYTES, compresslevel=GZIP_LEVEL),
        ],
        exception_handlers={HTTPException: _http_problem},
        lifespan=lifespan,
    )


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
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = problem(status, _WORDS.get(status, HTTPStatus(status).phrase))
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


_WORDS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


class _NoTraces:
    """A mistake of ours is told to the log with all its details, and to the page in a sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, watched)
        except Exception:
            # Its representation: a path may hold what would be another line, or a command to the terminal.
            logger.exception("%s %r stumbled", scope["method"], scope["path"])
            if not begun:
                sentence = "This did not work, by a mistake in IMPSY."
                advice = "The details are where impsy webui was started"
                await problem(HTTPStatus.INTERNAL_SERVER_ERROR, sentence, advice)(scope, receive, send)


# --- pages -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _File:
    content: bytes
    zipped: bytes | None
    type: str
    tag: str
    keeps: str

    def answer(self, request: Request) -> Response:
        headers = {"ETag": self.tag, "Cache-Control": self.keeps, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        content = self.content
        if self.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["Content-Encoding"] = self.zipped, "gzip"
        return Response(content, headers=headers, media_type=self.type)


class _Pages:
    """The built files, read once and held: a few hundred kilobytes. Nothing but their exact names leads to them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}
        self._stamp: int | None = None

    async def answer(self, request: Request) -> Response:
        """A file; or, for the pages' own addresses, the one page that they all are."""
        path = str(request.path_params["path"])
        first = path.partition("/")[0]
        if first in {"api", "ws"}:
            raise HTTPException(404)  # the one without more behind it, the other without a WebSocket's handshake
        stamp = _stamp(self._folder / "index.html")
        if stamp is None:
            return HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE, {"Cache-Control": "no-store"})
        if stamp != self._stamp:
            self._files = await run_in_threadpool(partial(_read_all, self._folder))
            self._stamp = stamp
        file = self._files.get(path) or (None if first == "assets" else self._files.get("index.html"))
        if file is None:
            raise HTTPException(404)
        return file.answer(request)


_NOT_BUILT = plain_page(
    "The pages of IMPSY have not been built.",
    "In a checkout, build them in the folder frontend: npm ci, then npm run build. "
    "“pip install .” does so by itself. All else, the addresses under /api and /ws, works without.",
)


def _stamp(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _read_all(folder: Path) -> dict[str, _File]:
    return dict(_read(folder))


def _read(folder: Path) -> Iterator[tuple[str, _File]]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        content = path.read_bytes()
        known = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        zipped = gzip.compress(content, 9, mtime=0) if len(content) >= GZIP_BYTES else None
        keeps = YEAR if name.startswith("assets/") else "no-cache"
        tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
        yield name, _File(content, zipped if zipped and len(zipped) < len(content) else None, known, tag, keeps)

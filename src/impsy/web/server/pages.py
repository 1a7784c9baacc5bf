"""The built pages: the files of the frontend."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import get_args

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from impsy.protocol.pages import Place
from impsy.web.server.doorpage import door_page

__all__ = ["STATIC", "Pages"]

STATIC = Path(__file__).resolve().parents[1] / "static"

_PLACES = frozenset(get_args(Place))

YEAR = "public, max-age=31536000, immutable"
"""For files whose name changes with their content."""

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

_NOT_BUILT = (
    "The pages of IMPSY have not been built.",
    "In a checkout, build them in the folder frontend: npm ci, then npm run build. "
    "“pip install .” does so by itself. All else, the addresses under /api and /ws, works without.",
)


class Pages:
    """The built files; only their exact names lead to them."""

    def __init__(self, folder: Path) -> None:
        self._index = folder / "index.html"
        self._files = StaticFiles(directory=folder, check_dir=False)

    async def answer(self, request: Request) -> Response:
        """A file, or the index page; with status 404 for an address that is none of the pages'."""
        path = PurePosixPath(request.path_params["path"])
        first = path.parts[0] if path.parts else ""
        if first in {"api", "ws"}:
            raise HTTPException(404)  # the one without more behind it, the other without a WebSocket's handshake
        if not self._index.is_file():
            return door_page(*_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            if ".." in path.parts:
                raise HTTPException(404)
            response = await self._files.get_response(str(path), request.scope)
        except HTTPException:
            if first == "assets":
                raise
            response = await self._files.get_response(self._index.name, request.scope)
            if request.url.path not in _PLACES:
                response.status_code = HTTPStatus.NOT_FOUND
            path = PurePosixPath(self._index.name)
        response.headers["Cache-Control"] = YEAR if first == "assets" else "no-cache"
        if path.suffix in _TYPES and "content-type" in response.headers:
            response.headers["Content-Type"] = _TYPES[path.suffix]
        return response

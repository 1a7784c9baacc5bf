"""The built pages: the files of the frontend, held in memory."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from impsy.web.server.safety import plain_page

__all__ = ["STATIC", "Pages"]

STATIC = Path(__file__).resolve().parents[1] / "static"

YEAR = "public, max-age=31536000, immutable"
"""For files whose name changes with their content."""

GZIP_BYTES = 1000

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


class Pages:
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

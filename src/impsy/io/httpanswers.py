"""Answers to HTTP requests at a port of a performance, and which requests are refused."""

from __future__ import annotations

from http import HTTPStatus

from websockets.datastructures import Headers
from websockets.http11 import Response

from impsy.hosts import is_address
from impsy.io.origins import host_allowed, hostname_of, origin_allowed
from impsy.io.owners import of_this_user

__all__ = ["asked_at", "refusal_of", "response"]


def refusal_of(headers: Headers, there: tuple[str, int], here: tuple[str, int], *, loopback: bool) -> str | None:
    """Why a request that came from ``there`` is refused, in a sentence; None: it is not.

    ``loopback``: only this machine reaches the port, and only its user may ask.
    """
    hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
    if len(hosts) > 1 or len(origins) > 1:
        return "More than one Origin or Host.\n"
    if loopback and not of_this_user(there, here):
        return "This port is for the user who opened it.\n"
    if hosts and not host_allowed(hosts[0], loopback=loopback):
        return "This machine has no such name. Ask by its address in numbers.\n"
    if origins and not origin_allowed(origins[0], hosts[0] if hosts else ""):
        return "Pages of other sites may not ask.\n"
    return None


def asked_at(headers: Headers, here: str) -> str:
    """The address by which a client reached this machine: that of its ``Host`` header, or else ``here``.

    They differ where a port is passed on, as into a container.
    """
    hosts = headers.get_all("Host")
    name = hostname_of(f"//{hosts[0]}") if hosts else ""
    return name if is_address(name) else here


def response(status: HTTPStatus, body: str) -> Response:
    """An answer, after which the connection is closed: JSON where ``status`` is 200, else a sentence."""
    kind = "application/json" if status is HTTPStatus.OK else "text/plain; charset=utf-8"
    content = body.encode()
    headers = Headers({"Connection": "close", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
    if status is not HTTPStatus.NO_CONTENT:
        headers.update({"Content-Type": kind, "Content-Length": str(len(content))})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET"
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "1"
    return Response(status.value, status.phrase, headers, content)

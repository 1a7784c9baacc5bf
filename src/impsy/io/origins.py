"""Which web pages may connect: any page that a browser opens could try, from any site.

A browser names the page's origin in each WebSocket handshake (RFC 6455, section 10.2). Programs that are no browsers
name none, or whatever they like, so this keeps out pages, not programs.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from impsy.hosts import is_loopback, is_own

__all__ = ["origin_allowed"]

ANY = "*"
NO_HOST = "null"
"""What browsers send for a page without a host: as a rule, one that was opened from a file."""


def origin_allowed(origin: str | None, host: str, allowed: Iterable[str] | None = None) -> bool:
    """Whether a page of this origin may connect.

    Args:
        origin: the handshake's ``Origin`` header; None: there is none, so it is no page.
        host: the handshake's ``Host`` header, the name and port that the page knows this server by.
        allowed: the origins that may connect, such as ``https://example.org``, ``null`` (pages from files) or ``*``;
            None: pages from files, and those from this machine or from the host that they connect to.
    """
    if origin is None:
        return True
    if allowed is not None:
        known = {entry.lower().rstrip("/") for entry in allowed}
        return ANY in known or origin.lower().rstrip("/") in known
    return origin == NO_HOST or origin.startswith("file:") or _same_host(_hostname(origin), _hostname(f"//{host}"))


def _same_host(page: str, server: str) -> bool:
    return (is_loopback(page) and is_loopback(server)) or (page == server and is_own(server))


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""

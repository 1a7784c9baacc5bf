"""Which web pages may connect: any page that a browser opens could try, from any site.

A browser names the page's origin in each WebSocket handshake (RFC 6455, section 10.2). Programs that are no browsers
name none, or whatever they like, so this keeps out pages, not programs.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

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
    if not page or not server:
        return False
    if _is_loopback(page) and _is_loopback(server):
        return True
    # A name that is not ours may have been made to point here (DNS rebinding): then page and server share it, and
    # yet the page is a stranger's.
    return page == server and (_is_address(server) or server in _own_names())


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


@lru_cache(maxsize=1)
def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    short = name.split(".")[0]
    return frozenset({name, short, f"{short}.local"})

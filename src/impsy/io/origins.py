"""Which web pages may connect: any page that a browser opens could try, from any site.

A browser names the page's origin in each WebSocket handshake (RFC 6455, section 10.2). Programs that are no browsers
name none, or whatever they like, so this keeps out pages, not programs.

A page that was opened from a file has the origin ``null``. So has a frame that any site puts into a sandbox: such a
page needs a key as well: part of the address that it connects to, ``ws://127.0.0.1:5001/?key=…``. Each start makes
another one, and writes the address into a script beside the configuration. A page from a file may load that; pages of
sites and their frames may load no file.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from impsy.errors import DeviceError
from impsy.files import write_whole
from impsy.hosts import WILDCARDS, is_loopback, is_own
from impsy.io.network import shown

__all__ = ["PAGE_SCRIPT", "PageKey", "host_allowed", "hostname_of", "origin_allowed"]

ANY = "*"
NO_HOST = "null"
"""What browsers send for a page without a host: one from a file, or a frame in a sandbox."""

PAGE_SCRIPT = Path(".impsy", "page.js")
"""In the folder of the configuration: a script that sets ``IMPSY_ADDRESS``. Only its user may read it."""


class PageKey:
    """What lets pages from files in, until the process ends."""

    def __init__(self) -> None:
        self._key = secrets.token_urlsafe(18)

    def opens(self, target: str) -> bool:
        """Whether the target of a request, such as ``/?key=…``, holds the key."""
        try:
            given = dict(parse_qsl(urlsplit(target).query)).get("key", "")
        except ValueError:
            return False
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._key.encode())

    def address(self, ip: str, port: int) -> str:
        """What a page on this machine connects to, to reach a server that listens there."""
        return f"ws://{shown('127.0.0.1' if ip in WILDCARDS else ip)}:{port}/?key={self._key}"

    def write(self, folder: Path, address: str) -> bool:
        """Write the script for the pages in this folder; False if that cannot be."""
        script = folder / PAGE_SCRIPT
        try:
            if script.parent.is_symlink():
                return False
            write_whole(script, f"var IMPSY_ADDRESS = {json.dumps(address)};\n".encode(), permissions=0o600)
        except (DeviceError, OSError):
            return False
        return True


def origin_allowed(origin: str | None, host: str, allowed: Iterable[str] | None = None) -> bool:
    """Whether a page of this origin may connect.

    Args:
        origin: the handshake's ``Origin`` header; None: there is none, so it is no page.
        host: the handshake's ``Host`` header, the name and port that the page knows this server by.
        allowed: the origins that may connect, such as ``https://example.org``, ``null`` (pages from files) or ``*``;
            None: those from this machine or from the host that they connect to, and pages from files in programs
            that say so (``file://``); those that say ``null`` need a :class:`PageKey`.
    """
    if origin is None:
        return True
    if allowed is not None:
        known = {entry.lower().rstrip("/") for entry in allowed}
        return ANY in known or origin.lower().rstrip("/") in known
    return origin.startswith("file:") or _same_host(hostname_of(origin), hostname_of(f"//{host}"))


def host_allowed(host: str, *, loopback: bool) -> bool:
    """Whether a server answers requests with this ``Host`` header, such as ``192.168.1.5:6000``.

    A stranger's name can be made to point here (DNS rebinding): then the stranger's page could read the answers.
    ``loopback``: only this machine reaches the server.
    """
    name = hostname_of(f"//{host}")
    return is_loopback(name) if loopback else is_own(name)


def _same_host(page: str, server: str) -> bool:
    return (is_loopback(page) and is_loopback(server)) or (page == server and is_own(server))


def hostname_of(url: str) -> str:
    """The name or address of a URL's host, without its port; "" if it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""

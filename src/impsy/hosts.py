"""Names and addresses of hosts: which of them mean this machine."""

from __future__ import annotations

import re
import socket
from functools import cache
from ipaddress import IPv6Address, ip_address
from zlib import crc32

__all__ = ["EVERYWHERE", "WILDCARDS", "is_address", "is_here", "is_loopback", "is_own", "mdns_name", "own_names"]

EVERYWHERE = "0.0.0.0"  # noqa: S104 - who binds to it was asked to
WILDCARDS = (EVERYWHERE, "::", "")
"""A server listens on all addresses of its machine by these; nothing can be sent to them."""


def is_address(host: str) -> bool:
    """Whether this is an address in numbers."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on this address."""
    return host.lower() == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_here(address: str) -> bool:
    """Whether what comes from this address comes from this machine: by its loopback, or from one of its addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return True
    if found.is_unspecified or found.is_multicast:
        return False
    try:  # only an address of this machine can be bound
        with socket.socket(socket.AF_INET if found.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(socket.getaddrinfo(str(found), 0, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0][4])
    except OSError:
        return False
    return True


@cache
def own_names() -> frozenset[str]:
    """What this machine is called, here and in its network."""
    name = socket.gethostname().lower()
    short = name.split(".")[0]
    return frozenset({"localhost", name, short, f"{short}.local", mdns_name()})


@cache
def mdns_name() -> str:
    """The name that this machine's announced services have, such as ``studio-5f3a9c.local``.

    Another one than its own: machines of one network often have the same, and the system may announce that itself.
    """
    from uuid import getnode  # may start a process

    number = f"{crc32(str(getnode()).encode()):08x}"[:6]
    short = re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().lower().split(".")[0])[:40].strip("-")
    return f"{short or 'impsy'}-{number}.local"


def is_own(host: str) -> bool:
    """Whether a name or address that a browser calls this machine by is no stranger's.

    Any name can be made to point here (DNS rebinding): then a stranger's page and this server look like one site to
    the browser. An address in numbers cannot.
    """
    return is_address(host) or host.lower() in own_names()

"""Which user of this machine is at the other end of a loopback connection, by Linux's tables of sockets.

Every user of a machine reaches what listens on its loopback addresses. ``/proc/net/tcp`` and its like (proc(5)) list
each socket of the network namespace with its owner. Where these tables are missing (macOS, Windows), hidden or empty,
users cannot be told apart, and all are let in.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

from impsy.hosts import is_loopback

__all__ = ["Row", "Senders", "alone", "of_this_user", "rows", "usable"]

TABLES = Path("/proc/net")
CACHE_SECONDS = 1.0
"""How long a sender of datagrams counts as known: its port may then be another program's."""

CACHE_LIMIT = 256
ALONE_SECONDS = 0.1
FIRST_PERSON, FIRST_DYNAMIC, LAST_DYNAMIC = 1000, 61_184, 65_519
"""User numbers: below, the system's own; between the last two, systemd's for services (systemd.exec, DynamicUser)."""

_TRIES = 2
"""The kernel lists a table in parts, and what changes meanwhile may miss a row."""


class Row(NamedTuple):
    """One socket. ``inode`` is 0 where no program has it any more; its ``user`` then means nothing."""

    local: str
    remote: str
    user: int
    inode: int


def rows(table: str, locals_: frozenset[str]) -> Iterator[Row]:
    """The rows of a table whose local address is one of these, written as the table writes them."""
    for line in table.splitlines():
        beginning = line.split(None, 2)
        if len(beginning) < 3 or beginning[1] not in locals_:
            continue
        words = line.split(None, 10)
        try:
            yield Row(words[1], words[2], int(words[7]), int(words[9]))
        except (ValueError, IndexError):
            continue


def _written(ip: str, port: int) -> tuple[str, ...]:
    """How the tables write an address: IPv4 as such and mapped into IPv6, as 32-bit words of this machine."""
    address = ip_address(ip.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    forms = [address.packed] if address.version == 6 else [address.packed, bytes(10) + b"\xff\xff" + address.packed]
    return tuple(
        "".join(f"{int.from_bytes(form[at : at + 4], sys.byteorder):08X}" for at in range(0, len(form), 4))
        + f":{port:04X}"
        for form in forms
    )


def _read(kind: str) -> str:
    """The tables of ``tcp`` or ``udp``, of both families.

    Raises:
        OSError: there is none.
    """
    text = (TABLES / kind).read_text("ascii", "replace")
    try:
        return text + (TABLES / f"{kind}6").read_text("ascii", "replace")
    except FileNotFoundError:  # IPv6 is off
        return text


def _ours(row: Row) -> bool:
    return row.inode != 0 and row.user in {0, os.getuid(), os.geteuid()}


@cache
def usable() -> bool:
    """Whether the tables list a socket of our own as ours; found out once."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket() as other:
            for each, kind in ((one, "udp"), (other, "tcp")):
                each.bind(("127.0.0.1", 0))
                if kind == "tcp":
                    other.listen(1)
                found = rows(_read(kind), frozenset(_written(*each.getsockname())))
                if not any(_ours(row) and row.inode == os.fstat(each.fileno()).st_ino for row in found):
                    return False
    except OSError:
        return False
    return True


def of_this_user(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Whether a TCP connection between these two addresses of this machine was made by our own user, or by root.

    A connection that its program has closed already is nobody's: anyone could send and close.
    """
    if not usable():
        return True
    mine, others = frozenset(_written(*peer)), frozenset(_written(*here))
    try:
        for _ in range(_TRIES):
            found = [row for row in rows(_read("tcp"), mine) if row.remote in others]
            if found:
                return all(map(_ours, found))
    except OSError:  # no descriptor is left
        return False
    return False


class Senders:
    """Which senders of datagrams from this machine's loopback addresses are our own user's programs, or root's.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[bool, float]] = {}
        self._alone = (True, float("-inf"))

    def allowed(self, ip: str, port: int) -> bool:
        """Whether a datagram that came from here is to be read.

        A program that sends and ends is gone before its socket can be looked for. Such a datagram counts as ours
        unless another person's program runs on this machine.
        """
        now = self._clock()
        known = self._known.get((ip, port))
        if known is not None and now < known[1]:
            return known[0]
        if len(self._known) >= CACHE_LIMIT:
            self._known.clear()
        allowed = not usable() or not is_loopback(ip) or self._look(ip, port, now)
        self._known[ip, port] = (allowed, now + CACHE_SECONDS)
        return allowed

    def _look(self, ip: str, port: int, now: float) -> bool:
        # A socket that is bound to no address sends from whichever leads there.
        wanted = frozenset((*_written(ip, port), *_written("0.0.0.0", port), *_written("::", port)))  # noqa: S104
        try:
            found = list(rows(_read("udp"), wanted))
        except OSError:  # no descriptor is left
            return False
        if found:
            return all(map(_ours, found))
        if now >= self._alone[1]:
            self._alone = (alone(), now + ALONE_SECONDS)
        return self._alone[0]


def alone() -> bool:
    """Whether no program of another person runs here, as far as can be seen."""
    mine = {os.getuid(), os.geteuid()}
    try:
        os.stat("/proc/1")  # hidden from us where the processes of others are (proc(5), hidepid)
        with os.scandir("/proc") as entries:
            for entry in entries:
                if not entry.name.isdigit():
                    continue
                try:
                    user = entry.stat().st_uid
                except OSError:  # it has ended
                    continue
                if user >= FIRST_PERSON and not FIRST_DYNAMIC <= user <= LAST_DYNAMIC and user not in mine:
                    return False
    except OSError:
        return False
    return True

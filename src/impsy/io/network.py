"""Host names and their addresses: where to listen, where to send, and what to do if the system refuses.

``localhost`` means this machine by IPv4 and by IPv6 (RFC 6761, section 6.3), whatever the hosts file says: programs
disagree about which of the two they try. Any other name means one address.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from impsy.errors import DeviceError
from impsy.hosts import EVERYWHERE

__all__ = ["Outlet", "Place", "SocketAddress", "bound", "is_localhost", "resolve", "shown"]

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
Place = tuple[socket.AddressFamily, SocketAddress]
"""An address of one family, as sockets take it."""

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
LONGEST_DATAGRAM = 65_536
_PORTS_TRIED = 20
"""Free ports that may turn out to be taken at localhost's other address."""


def is_localhost(host: str) -> bool:
    """Whether this is the name that means both loopback addresses."""
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def resolve(host: str, port: int) -> list[Place]:
    """The addresses that a host name or number means: those of this machine's loopback for ``localhost``, else one.

    IPv4 where there is a choice, and first, as musical software listens there.

    Raises:
        DeviceError: the name cannot be resolved.
    """
    if is_localhost(host):
        found = [(family, (ip, port)) for family, ip in _LOOPBACK if _exists(family, ip)]
        return found or [(socket.AF_INET, ("127.0.0.1", port))]  # type: ignore[return-value]
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, ValueError) as error:  # ValueError: it holds characters that no name may hold
        reason = getattr(error, "strerror", None) or error
        raise DeviceError(
            f"there is no host called “{host}” ({reason}): correct the name, or give its address in numbers"
        ) from error
    family, _type, _protocol, _name, address = min(entries, key=lambda entry: entry[0] != socket.AF_INET)
    return [(family, address)]  # type: ignore[list-item]


def shown(host: str) -> str:
    """The host as it stands before a port: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def _exists(family: socket.AddressFamily, ip: str) -> bool:
    """Whether this machine has the address; IPv6 may be switched off."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((ip, 0))
    except OSError:
        return False
    return True


@contextmanager
def bound(host: str, port: int, kind: socket.SocketKind) -> Iterator[list[socket.socket]]:
    """Sockets bound to every address of ``host`` ("": any), all at one port (0: one that is free).

    They are closed at the end, unless they were detached.

    Raises:
        DeviceError: there is no such host.
        OSError: the system refused an address; the text names it.
    """
    for attempt in range(_PORTS_TRIED):
        with ExitStack() as sockets:
            try:
                made = _bind(resolve(host or EVERYWHERE, port), port, kind, sockets)
            except OSError as error:
                if port == 0 and error.errno == errno.EADDRINUSE and attempt < _PORTS_TRIED - 1:
                    continue
                raise
            yield made
            return


def _bind(places: list[Place], port: int, kind: socket.SocketKind, sockets: ExitStack) -> list[socket.socket]:
    made: list[socket.socket] = []
    # asyncio sends small messages at once (TCP_NODELAY) only where the socket names its protocol.
    protocol = socket.IPPROTO_TCP if kind == socket.SOCK_STREAM else 0
    for family, address in places:
        one = sockets.enter_context(socket.socket(family, kind, protocol))
        if kind == socket.SOCK_STREAM and os.name == "posix":
            # Take over what a server that ended has left; Windows would share the port with a live one.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if made:
            port = made[0].getsockname()[1]
        try:
            one.bind((address[0], port, *address[2:]))
        except OSError as error:
            reason = error.strerror or str(error)
            if len(places) > 1:
                reason = f"{reason}: {address[0]}"
            raise OSError(error.errno, reason) from error
        made.append(one)
    return made


# --- sending ----------------------------------------------------------------------------------------

_REMEDIES = {
    errno.EACCES: "it is a broadcast address, or a firewall forbids it. Name the one machine that is to hear it",
    errno.EPERM: "a firewall of this machine forbids it. Permit it there",
    errno.ENETUNREACH: "this machine is in no network that leads there. Connect it, or correct the address",
    errno.EHOSTUNREACH: "nothing answers for that address. Switch the other machine on, or correct the address",
    errno.EHOSTDOWN: "nothing answers for that address. Switch the other machine on, or correct the address",
    errno.ENETDOWN: "the network is down. Connect this machine to it",
    errno.EADDRNOTAVAIL: "this machine has no address of that kind. Give the other's IPv4 address",
    errno.EAFNOSUPPORT: "this machine has no address of that kind. Give the other's IPv4 address",
    errno.EINVAL: "that address or port takes no messages. Correct it; one that begins with fe80 needs the name of "
    "the network after it, such as fe80::1%eth0",
    errno.EMSGSIZE: "the message is too long for one packet. Send fewer values",
    errno.ENOBUFS: "the network takes no more just now. Use a cable, or play less densely",
    errno.EAGAIN: "the network takes no more just now. Use a cable, or play less densely",
}
_CONCLUSIVE = {errno.EACCES, errno.EPERM, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETDOWN}
"""Errors of connecting that sending would have, too."""


class Outlet:
    """Sends datagrams to one place; sending never waits.

    ``localhost`` has two addresses. A datagram goes to one of them: to the one that last had a listener, and at once
    to the other if the system reports that there is none. Never to both: a program that listens at both would receive
    it twice.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._open: tuple[tuple[socket.socket, Place], ...] = ()
        self._current = 0
        self.is_heard = True
        """Whether a program listened to the last datagram, where the system says so; else True."""

    def open(self) -> None:
        """Resolve the name, which may take its time, and make the sockets.

        Raises:
            DeviceError: there is no such host, or nothing can be sent to it.
        """
        if self.port == 0:
            raise DeviceError("nothing can be sent to port 0: write the number of the port that the other listens on")
        places = resolve(self.host, self.port)
        opened: list[tuple[socket.socket, Place]] = []
        with ExitStack() as sockets:
            for family, address in places:
                try:
                    _try(family, address)
                    one = sockets.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                    one.setblocking(False)
                    if one.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) < LONGEST_DATAGRAM:  # macOS: 9,216 bytes
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST_DATAGRAM)
                    if len(places) > 1:  # so that the system reports whether a program listens
                        one.connect(address)
                except OSError as error:
                    raise DeviceError(self.refusal(error)) from error
                opened.append((one, (family, address)))
            sockets.pop_all()
        self.close()
        self._current = 0
        self._open = tuple(opened)

    def send(self, packet: bytes) -> bool:
        """Send one datagram; False if this is not open.

        Raises:
            OSError: the system refused; this stays usable. ``refusal`` says what to do.
        """
        ways = self._open
        if len(ways) == 1:
            ((one, (_family, address)),) = ways
            one.sendto(packet, address)
            return True
        for _ in ways:
            one = ways[self._current][0]
            try:
                one.send(packet)
                if not one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                    self.is_heard = True
                    return True
            except (ConnectionRefusedError, ConnectionResetError):  # an earlier datagram had no listener
                pass
            self._current = (self._current + 1) % len(ways)
        self.is_heard = not ways
        return bool(ways)

    def refusal(self, error: OSError) -> str:
        """The end of a sentence: what cannot be done, the system's reason, and what to do."""
        remedy = _REMEDIES.get(error.errno or 0, "Correct the address, or see to the network")
        reason = error.strerror or str(error)
        return f"nothing can be sent to {self.host or '“”'} port {self.port} ({reason}): {remedy}"

    def close(self) -> None:
        """Close the sockets."""
        ways, self._open = self._open, ()
        for one, _place in ways:
            one.close()


def _try(family: socket.AddressFamily, address: SocketAddress) -> None:
    """Check that the system has a route there; nothing is sent.

    Raises:
        OSError: there is none.
    """
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)
        except OSError as error:
            if error.errno in _CONCLUSIVE:
                raise

"""UDP in and out: a listener with a thread of its own, and a sender that never waits."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable

from impsy.errors import DeviceError
from impsy.io.adapter import Tell
from impsy.io.link import Link, Opened

__all__ = ["UdpListener", "UdpSender", "resolve"]

PACKET_LIMIT = 65_536
BUFFER_BYTES = 1 << 20
RESOLVE_SECONDS = 5.0
READY_SECONDS = 0.1

SocketAddress = tuple[str, int] | tuple[str, int, int, int]


def resolve(host: str, port: int) -> tuple[socket.AddressFamily, SocketAddress]:
    """The address of a host name or number; IPv4 where there is a choice, as musical software listens there.

    Raises:
        DeviceError: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DeviceError(
            f"there is no host called “{host}” ({reason}): correct the name, or give its address in numbers"
        ) from error
    family, _type, _protocol, _name, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address  # type: ignore[return-value]


class UdpListener:
    """Receives datagrams on ``ip:port`` and hands each to ``receive(packet, sender)`` in its thread."""

    def __init__(self, name: str, ip: str, port: int, receive: Callable[[bytes, str], None]) -> None:
        self._ip = ip or "0.0.0.0"  # noqa: S104 - an empty address is the configuration's word for all of them
        self._port = port
        self._receive = receive
        self._wake: socket.socket | None = None
        self.link = Link(name, self._serve, self._interrupt)
        self.address: SocketAddress | None = None
        """Where it listens, once it does (the port is the one that the system gave, if 0 was asked for)."""

    def open(self, tell: Tell) -> None:
        """Start listening; a port that is taken is tried again and again."""
        self.link.open(tell)

    def close(self) -> None:
        """Stop listening."""
        self.link.close()

    def _interrupt(self) -> None:
        wake = self._wake
        if wake is not None:
            try:
                wake.send(b"x")
            except OSError:  # it ended by itself just now
                return

    def _serve(self, opened: Opened) -> None:
        family, address = resolve(self._ip, self._port)
        inner, outer = socket.socketpair()
        with inner, outer, socket.socket(family, socket.SOCK_DGRAM) as server:
            try:
                server.bind(address)
            except OSError as error:
                raise DeviceError(
                    f"cannot listen on {self._ip} port {self._port} ({error.strerror}): another program, perhaps a "
                    "second IMPSY, has it, or this machine does not have that address"
                ) from error
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            server.setblocking(False)
            address = self.address = server.getsockname()
            self._wake = outer
            opened(f"listening on {address[0]} port {address[1]}")
            try:
                while not self.link.stopping:
                    select.select([server, inner], [], [])
                    self._drain(server)
            finally:
                self._wake = None

    def _drain(self, server: socket.socket) -> None:
        while not self.link.stopping:
            try:
                packet, sender = server.recvfrom(PACKET_LIMIT)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionResetError:  # Windows: an earlier answer found nobody
                continue
            self._receive(packet, f"{sender[0]}:{sender[1]}")


class UdpSender:
    """Sends datagrams to ``host:port``. Resolves the name in a thread, so that sending never waits for it."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._address: SocketAddress | None = None
        self._closing = threading.Event()
        self._ready = threading.Event()
        self.link = Link(name, self._serve, self._closing.set, RESOLVE_SECONDS)

    def open(self, tell: Tell) -> None:
        """Look up the host. Numbers are ready on return, so nothing is lost at the start; names take their time."""
        self._closing.clear()
        self._ready.clear()
        self.link.open(tell)
        self._ready.wait(READY_SECONDS)

    def send(self, packet: bytes) -> bool:
        """Send one datagram; False if it could not be sent (yet).

        Raises:
            OSError: the system refused; the sender stays usable.
        """
        if self._socket is None or self._address is None:
            return False
        self._socket.sendto(packet, self._address)
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self.link.close()

    def _serve(self, opened: Opened) -> None:
        family, address = resolve(self._host, self._port)
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            self._address, self._socket = address, sender
            self._ready.set()
            opened(f"sending to {self._host} port {self._port}")
            try:
                self._closing.wait()
            finally:
                self._socket = None

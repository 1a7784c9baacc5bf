"""UDP in and out: a listener with a thread of its own, and a sender that never waits."""

from __future__ import annotations

import errno
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import cast

from impsy.errors import DeviceError
from impsy.hosts import is_loopback
from impsy.io.adapter import Complaints, SendReport
from impsy.io.link import Link, Opened
from impsy.io.network import Outlet, SocketAddress, bound, shown
from impsy.io.owners import Senders
from impsy.threads import Failures

__all__ = ["UdpListener", "UdpSender"]

STRANGER = (
    "another user of this machine, or a program that ended at once while another user's programs run. "
    "On 0.0.0.0 instead of a loopback address, a port of the configuration is open to all users and machines"
)

PACKET_LIMIT = 65_536
BUFFER_BYTES = 1 << 20
RESOLVE_SECONDS = 5.0
READY_SECONDS = 0.1


class UdpListener:
    """Receives datagrams on ``ip:port`` and hands each to ``receive(packet, sender)`` in its thread.

    On a loopback address, those of other users of this machine are refused, where the system tells them apart.
    ``or_any``: any free port does, if another program has that one.
    """

    def __init__(
        self, name: str, ip: str, port: int, receive: Callable[[bytes, str], None], *, or_any: bool = False
    ) -> None:
        self._ip = ip
        self._port = port
        self._receive = receive
        self._or_any = or_any
        self._wake: socket.socket | None = None
        self._failures = Failures(f"packets at the port “{name}”")
        self._report: SendReport = lambda _report: None
        self._refusals = Complaints(name)
        self.link = Link(name, self._serve, self._interrupt)
        self.address: SocketAddress | None = None
        """Where it listens, once it does (the port is the one that the system gave, if 0 was asked for)."""

    def open(self, report: SendReport) -> None:
        """Start listening; a port in use is tried again and again."""
        self._report = report
        self.link.open(report)

    def close(self) -> None:
        """Stop listening."""
        self.link.close()

    def _interrupt(self) -> None:
        wake = self._wake
        if wake is not None:
            try:
                wake.send(b"x")
            except OSError:  # it has just ended
                return

    def _serve(self, opened: Opened) -> None:
        with ExitStack() as sockets:
            try:
                servers = self._bind(sockets)
            except OSError as error:
                raise DeviceError(
                    f"cannot listen on {self._ip} port {self._port} ({error.strerror}): another program, perhaps a "
                    "second IMPSY, has it, or this machine does not have that address"
                ) from error
            inner, outer = map(sockets.enter_context, socket.socketpair())
            self._listen(servers, inner, outer, opened)

    def _bind(self, sockets: ExitStack) -> list[socket.socket]:
        try:
            return sockets.enter_context(bound(self._ip, self._port, socket.SOCK_DGRAM))
        except OSError as error:
            if not self._or_any or error.errno != errno.EADDRINUSE:
                raise
            return sockets.enter_context(bound(self._ip, 0, socket.SOCK_DGRAM))

    def _listen(
        self, servers: list[socket.socket], inner: socket.socket, outer: socket.socket, opened: Opened
    ) -> None:
        for server in servers:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            server.setblocking(False)
        addresses = [server.getsockname() for server in servers]
        address = self.address = addresses[0]
        self._wake = outer
        other = f", as another program has {self._port}" if self._port not in (0, address[1]) else ""
        opened(f"listening on {' and '.join(each[0] for each in addresses)} port {address[1]}{other}")
        try:
            with selectors.DefaultSelector() as selector:  # select() takes no descriptor above 1,023
                for server, (ip, *_) in zip(servers, addresses, strict=True):
                    selector.register(server, selectors.EVENT_READ, Senders() if is_loopback(ip) else None)
                selector.register(inner, selectors.EVENT_READ)
                while not self.link.stopping:
                    for key, _events in selector.select():
                        if key.fileobj is not inner:
                            self._drain(cast("socket.socket", key.fileobj), key.data)
        finally:
            self._wake = None

    def _drain(self, server: socket.socket, senders: Senders | None) -> None:
        while not self.link.stopping:
            try:
                packet, sender = server.recvfrom(PACKET_LIMIT)
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionResetError:  # Windows: an earlier answer had no listener
                continue
            shown_as = f"{shown(sender[0])}:{sender[1]}"
            with self._failures:  # what one packet does to its receiver keeps no other from being received
                if senders is None or senders.allowed(sender[0], sender[1]):
                    self._receive(packet, shown_as)
                else:
                    self._refusals.add("stranger", f"{shown_as} was refused: {STRANGER}", self._report)


class UdpSender:
    """Sends datagrams to ``host:port``. Resolves the name in a thread, so that sending never waits for it."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self.outlet = Outlet(host, port)
        self._closing = threading.Event()
        self._ready = threading.Event()
        self.link = Link(name, self._serve, self._closing.set, RESOLVE_SECONDS)

    def open(self, report: SendReport) -> None:
        """Look up the host. Numbers are ready on return, so nothing is lost at the start; names take their time."""
        self._closing.clear()
        self._ready.clear()
        self.link.open(report)
        self._ready.wait(READY_SECONDS)

    def send(self, packet: bytes) -> bool:
        """Send one datagram; False if it could not be sent (yet).

        Raises:
            OSError: the system refused; the sender stays usable.
        """
        return self.outlet.send(packet)

    def close(self) -> None:
        """Close the socket."""
        self.link.close()

    def _serve(self, opened: Opened) -> None:
        try:
            self.outlet.open()
        finally:
            self._ready.set()
        opened(f"sending to {self.outlet.host} port {self.outlet.port}")
        try:
            self._closing.wait()
        finally:
            self.outlet.close()

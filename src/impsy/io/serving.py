"""What the servers of a performance share, each of which serves all its clients by asyncio in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from websockets.asyncio.server import Server

from impsy.errors import DeviceError
from impsy.io.door import ACCEPTED_AT_ONCE, BACKLOG
from impsy.io.entrance import ServedClient
from impsy.io.network import bound

__all__ = ["BUFFER_BYTES", "SERVED", "disconnect", "listening"]

BUFFER_BYTES = 1 << 16
"""What may wait for one client, in the system's buffer and as much in ours; a slower client is disconnected."""

OPEN_SECONDS = 5.0
PING_SECONDS = 10.0
"""A client that does not answer a ping for so long is disconnected."""

CLOSE_SECONDS = 0.15
"""How long a client may take to close its connection."""

_quiet = logging.Logger("impsy.io.serving.library", logging.CRITICAL)
"""For the library, which would log each failed handshake with its traceback. We count and report those ourselves."""

SERVED: dict[str, Any] = {
    "compression": None,  # frames of 20 bytes do not shrink
    "open_timeout": OPEN_SECONDS,
    "ping_interval": PING_SECONDS,
    "ping_timeout": PING_SECONDS,
    "close_timeout": CLOSE_SECONDS,
    "logger": _quiet,
    "backlog": ACCEPTED_AT_ONCE,
}
"""Options of ``websockets.asyncio.server.serve``."""


@contextmanager
def listening(ip: str, port: int) -> Iterator[list[socket.socket]]:
    """Sockets that listen there.

    Raises:
        DeviceError: the address is not this machine's, or is taken.
    """
    with ExitStack() as stack:
        try:
            listeners = stack.enter_context(bound(ip, port, socket.SOCK_STREAM))
            for listener in listeners:
                # Clients inherit it. The system would buffer megabytes for one that does not read.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
                listener.listen(BACKLOG)
        except OSError as error:
            raise DeviceError(
                f"cannot listen on {ip} port {port} ({error.strerror}): another program, perhaps a second IMPSY, has "
                "it, or this machine does not have that address"
            ) from error
        yield listeners


async def disconnect(servers: Sequence[Server], clients: set[ServedClient]) -> None:
    """Close every connection; abort those that do not close in time or have not completed their handshake."""
    # What was accepted a moment ago would be lost, not closed, where the server closes first.
    with suppress(NotImplementedError):  # Windows
        for listener in [each for server in servers for each in server.sockets]:
            asyncio.get_running_loop().remove_reader(listener.fileno())
    await asyncio.sleep(0)
    for server in servers:
        server.close()
    closed = [asyncio.ensure_future(server.wait_closed()) for server in servers]
    await asyncio.wait(closed, timeout=CLOSE_SECONDS)
    for client in tuple(clients):
        client.transport.abort()
    await asyncio.wait(closed, timeout=CLOSE_SECONDS)

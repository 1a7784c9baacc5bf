"""Serves an application by uvicorn in the calling thread, until it is stopped.

Each connection waits at a :class:`~impsy.io.door.Door`, which the application finds as ``scope["extensions"][DOOR]``
and lets it in by.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

import psutil
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from impsy.errors import DeviceError
from impsy.hosts import WILDCARDS
from impsy.io.door import ACCEPTED_AT_ONCE, BACKLOG, DOOR, WAITING_LIMIT, Door, raise_descriptor_limit
from impsy.io.network import bound, shown

__all__ = ["Listener", "Serving", "addresses", "listen", "serve"]

logger = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 2
"""How long requests that are being answered may take at the end."""

PING_SECONDS = 10.0
"""A page that does not answer for so long is gone."""

FRAME_BYTES = 1 << 20
SHOWN_ADDRESSES = 3

_ADVICE = {
    errno.EADDRNOTAVAIL: "This machine has no such address: --host 0.0.0.0 listens on all that it has",
    errno.EACCES: "Ports below 1024 are the system's: choose another, such as --port 4000",
}


class Listener(socket.socket):
    """A listening socket. That of ``localhost`` has another, at the other loopback address, and closes it too."""

    others: tuple[socket.socket, ...] = ()

    def close(self) -> None:
        """Close them all."""
        for other in self.others:
            other.close()
        super().close()


def listen(host: str, port: int) -> Listener:
    """A socket that listens there; port 0 takes any that is free.

    Raises:
        DeviceError: the port is taken, or the address is not this machine's.
    """
    try:
        with bound(host, port, socket.SOCK_STREAM) as sockets:
            for each in sockets:
                each.listen(BACKLOG)
            # Sockets of the same kind that outlive the context.
            listener, *others = (Listener(each.family, each.type, each.proto, each.detach()) for each in sockets)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        advice = _ADVICE.get(getattr(error, "errno", None) or 0) or (
            f"Perhaps one runs already: open http://{shown(host)}:{port}/ in a browser. Or choose another port: "
            f"--port {port + 1 if 0 < port < 65535 else 4000}"
        )
        raise DeviceError(f"the web interface cannot listen on {host} port {port} ({reason}). {advice}") from error
    listener.others = tuple(others)
    return listener


def addresses(host: str, port: int) -> list[str]:
    """The addresses by which a browser reaches a server that listens on ``host``, the likeliest first."""
    if host not in WILDCARDS:
        return [f"http://{shown(host)}:{port}/"]
    found = [
        address.address
        for entries in psutil.net_if_addrs().values()
        for address in entries
        if address.family == socket.AF_INET and not address.address.startswith("127.")
    ]
    return [f"http://{each}:{port}/" for each in [*found[:SHOWN_ADDRESSES], "127.0.0.1"]]


class Serving(threading.Event):
    """Stops a server, from any thread, and before it has started too."""

    stop = threading.Event.set


class _Http(H11Protocol):
    """A connection that waits at the door until its request is let in."""

    door: ClassVar[Door]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            self.door.enter(self.client, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self.door.leave(self.client)
        super().connection_lost(exc)


class _WebSocket(WebSocketsSansIOProtocol):
    """What such a connection becomes by an upgrade."""

    door: ClassVar[Door]

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client is not None:
            self.door.leave(self.client)
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """Leaves signals to :func:`_ending`: uvicorn would raise them again before the cleaning up."""

    ready: Callable[[], None]
    serving: Serving
    door: Door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self.door.loop_failed)
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(BACKLOG)  # asyncio has one number for this and for the next
        self.ready()

    async def on_tick(self, counter: int) -> bool:
        return self.serving.is_set() or await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(
    app: ASGIApp,
    listener: Listener,
    *,
    ready: Callable[[], None] = lambda: None,
    serving: Serving | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM comes (if this is the main thread), or ``serving.stop`` is called.

    Args:
        app: the application.
        listener: where; it is closed at the end.
        ready: called once requests are answered. It must not wait.
        serving: to stop it by.
    """
    door = Door(logger.warning, min(WAITING_LIMIT, raise_descriptor_limit() // 2))

    class Http(_Http):
        door: ClassVar[Door]

    class WebSocket(_WebSocket):
        door: ClassVar[Door]

    async def at_the_door(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("extensions", {})[DOOR] = door
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http" or not server.serving.is_set():
                raise
            with contextlib.suppress(RuntimeError):  # part of the response was sent before
                await send({"type": "http.response.start", "status": 503, "headers": []})
                await send({"type": "http.response.body"})

    Http.door = WebSocket.door = door
    config = uvicorn.Config(
        at_the_door,
        loop="asyncio",
        http=Http,
        ws=WebSocket,
        backlog=ACCEPTED_AT_ONCE,
        ws_max_size=FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,  # short messages on short ways: compressing takes longer than sending
        lifespan="on",
        log_config=None,
        log_level="error",  # a warning is what strangers cause, as often as they like
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    server.ready, server.serving, server.door = ready, serving or Serving(), door
    with listener, _ending(server.serving):
        # In this order: each is taken out of the loop before it is closed, and the listener closes the others.
        asyncio.run(server.serve([*listener.others, listener]))


@contextlib.contextmanager
def _ending(serving: Serving) -> Iterator[None]:
    """Signals end it in order; a second one ends the process at once, should the first not be enough."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        serving.stop()

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        numbers.remove(signal.SIGHUP)  # by nohup: the process outlasts the terminal
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

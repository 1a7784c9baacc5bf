"""An OSCQuery server: control apps read every address of the OSC port, and build their layout from it.

It answers HTTP requests, and WebSocket connections at the same port: by LISTEN a client receives values that change,
as OSC packets in binary frames, and by such frames it may send OSC. One thread serves all clients.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import ClassVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State

from impsy.codecs.oscquery import AddressSpace, Values, host_info
from impsy.codecs.shown import Shown
from impsy.errors import DeviceError
from impsy.events import Report
from impsy.hosts import is_loopback
from impsy.io.adapter import Complaints, Health, Rate, SendReport
from impsy.io.door import BACKLOG, Door
from impsy.io.entrance import ServedClient
from impsy.io.httpanswers import asked_at, refusal_of, response
from impsy.io.link import Link, Opened
from impsy.io.serving import BUFFER_BYTES, SERVED, disconnect, listening
from impsy.threads import Failures

__all__ = ["CLIENT_LIMIT", "OscQueryServer"]

CLIENT_LIMIT = 32
"""WebSocket clients at once, and as many connections that have not completed their request."""

FRAME_BYTES = 1 << 13
FRAMES_A_SECOND = 10_000
"""Frames that are taken of all clients together, after twice as many at once."""

REQUESTS_A_SECOND = 200
ADDRESSES_A_SECOND = 20_000
"""Addresses that answers describe, after three times as many at once. The tree of n controls has 2n and some 25."""

STREAM_SECONDS = 1 / 30
"""Between two values of one address that are sent."""

Receive = Callable[[bytes, str], None]
"""Takes an OSC packet, and the address of its sender."""

_BUSY = "Too many requests. Try again in a second.\n"


class OscQueryServer:
    """Serves an address space; where its port is taken, at any that is free.

    Args:
        ip, port: where to listen.
        osc_port: returns the UDP port of OSC.
        receive: takes the OSC packets of clients.
    """

    name = "oscquery"

    def __init__(self, ip: str, port: int, osc_port: Callable[[], int], receive: Receive) -> None:
        self._ip, self._port = ip, port
        self._osc_port = osc_port
        self._receive = receive
        self._title = "IMPSY"
        self._space = AddressSpace(1)
        self._weight = Rate(ADDRESSES_A_SECOND, 3 * ADDRESSES_A_SECOND)
        self._read: Callable[[], Shown | None] = lambda: None
        self._requests = Rate(REQUESTS_A_SECOND, 2 * REQUESTS_A_SECOND)
        self._frames = Rate(FRAMES_A_SECOND, 2 * FRAMES_A_SECOND)
        self._complaints = Complaints(self.name)
        self._failures = Failures("what OSCQuery clients receive")
        self._report: SendReport = lambda _report: None
        self._clients: dict[ServedClient, dict[str, Values | None]] = {}
        """Of each the addresses that it listens to, with what it was sent last."""
        self._streaming: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._received = self._sent = 0
        self.link = Link(self.name, self._serve, self._interrupt)
        self.address: tuple[str, int] | None = None
        """Where it listens, once it does."""

    # --- for its owner -----------------------------------------------------------------------------

    def describe(self, title: str, space: AddressSpace) -> None:
        """Serve this address space from now on, under this name; clients are told of the change."""
        self._title, self._space = title, space
        each = max(1, len(space.methods))
        self._weight = Rate(ADDRESSES_A_SECOND / each, max(1.0, 3 * ADDRESSES_A_SECOND / each))

    def watch(self, read: Callable[[], Shown | None]) -> None:
        """Read the performance by this function from now on."""
        self._read = read

    def open(self, report: SendReport) -> None:
        """Start the server."""
        self._report = report
        self.link.open(report)

    def close(self) -> None:
        """Disconnect the clients and stop."""
        self.link.close()

    def health(self) -> Health:
        """The server, and how many clients listen."""
        link, count = self.link, len(self._clients)
        clients = "1 client" if count == 1 else f"{count} clients"
        detail = f"{link.detail}, {clients}" if link.state == "open" else link.detail
        state = "receiving" if link.state == "open" and self._received else link.state
        error = link.error or self._complaints.last
        return Health(self.name, state, detail, error, self._received, self._complaints.count, self._sent)

    def _interrupt(self) -> None:
        loop, ended = self._loop, self._ended
        if loop is not None and ended is not None:
            with suppress(RuntimeError):  # it has just closed
                loop.call_soon_threadsafe(ended.set)

    # --- in the thread -----------------------------------------------------------------------------

    def _serve(self, opened: Opened) -> None:
        with ExitStack() as stack:
            try:
                listeners = stack.enter_context(listening(self._ip, self._port))
            except DeviceError:
                listeners = stack.enter_context(listening(self._ip, 0))
            asyncio.run(self._perform(listeners, opened))

    async def _perform(self, listeners: list[socket.socket], opened: Opened) -> None:
        class Client(ServedClient):
            everyone: ClassVar[set[ServedClient]] = set()
            door = Door(self._tell_refused, CLIENT_LIMIT)

        self._ended = asyncio.Event()
        options = {"create_connection": Client, "max_size": FRAME_BYTES, **SERVED}
        servers = [
            await serve(self._welcome, sock=each, process_request=self._request, **options) for each in listeners
        ]
        for listener in listeners:
            listener.listen(BACKLOG)  # asyncio has one number for this and for its own
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(Client.door.loop_failed)
        addresses = [listener.getsockname()[:2] for listener in listeners]
        self.address = addresses[0]
        other = f", as another program has {self._port}" if self._port not in (0, addresses[0][1]) else ""
        opened(f"listening on {' and '.join(ip for ip, _port in addresses)} port {addresses[0][1]}{other}")
        try:
            if not self.link.stopping:
                await self._ended.wait()
        finally:
            self._loop = self._ended = self.address = None
            if self._streaming is not None:
                self._streaming.cancel()
            Client.door.close()
            await disconnect(servers, Client.everyone)
            self._clients.clear()

    def _tell_refused(self, sentence: str) -> None:
        self._report(Report(f"{self.name}:door", f"{self.name}: {sentence}", always=True))

    # --- requests ----------------------------------------------------------------------------------

    def _request(self, client: ServerConnection, request: Request) -> Response | None:
        """The answer to a request; None: it becomes a WebSocket connection."""
        loopback = is_loopback(self._ip)
        refusal = refusal_of(request.headers, client.remote_address[:2], client.local_address[:2], loopback=loopback)
        if refusal is not None:
            return response(HTTPStatus.FORBIDDEN, refusal)
        if not self._requests.allows():
            return response(HTTPStatus.TOO_MANY_REQUESTS, _BUSY)
        if any(value.lower() == "websocket" for value in request.headers.get_all("Upgrade")):
            return None
        if request.method != "GET":
            return response(HTTPStatus.METHOD_NOT_ALLOWED, "Requests are made by GET.\n")
        ip, port = client.local_address[:2]
        return self._answer(request.path, asked_at(request.headers, ip), port)

    def _answer(self, target: str, ip: str, port: int) -> Response:
        self._received += 1
        shown = self._read()
        if shown is None:
            return response(HTTPStatus.SERVICE_UNAVAILABLE, "The performance has not started. Try again.\n")
        if not self._weight.allows():
            return response(HTTPStatus.TOO_MANY_REQUESTS, _BUSY)
        answer = self._space.answer(target, shown, host_info(self._title, ip, self._osc_port(), port))
        return response(answer.status, answer.body)

    # --- WebSocket clients -------------------------------------------------------------------------

    async def _welcome(self, client: ServerConnection) -> None:
        if not isinstance(client, ServedClient):
            return
        client.door.leave(client.address)
        if len(self._clients) >= CLIENT_LIMIT:
            self._complaints.add("crowded", f"there are {CLIENT_LIMIT} clients already; others wait", self._report)
            await client.close(CloseCode.TRY_AGAIN_LATER, "too many clients")
            return
        self._clients[client] = {}
        if self._streaming is None:
            self._streaming = asyncio.get_running_loop().create_task(self._stream())
        try:
            async for frame in client:
                self._received += 1
                if not self._frames.allows():
                    text = f"more than {FRAMES_A_SECOND} frames a second came; those beyond are left out"
                    self._complaints.add("rate", text, self._report)
                elif isinstance(frame, str):
                    self._command(frame, client)
                else:
                    self._receive(bytes(frame), client.peer)
        except ConnectionClosed:
            pass
        finally:
            self._clients.pop(client, None)
            if not self._clients and self._streaming is not None:
                self._streaming.cancel()
                self._streaming = None

    def _command(self, frame: str, client: ServedClient) -> None:
        """LISTEN or IGNORE, with an address."""
        try:
            found = json.loads(frame)
            command, address = found["COMMAND"], found["DATA"]
        except (ValueError, TypeError, LookupError, RecursionError):
            command = address = None
        listens = self._clients.get(client)
        method = self._space.methods.get(address) if isinstance(address, str) else None
        if listens is None:
            return
        if command == "IGNORE" and method is not None:
            listens.pop(method.address, None)
        elif command == "LISTEN" and method is not None and method.read is not None:
            listens[method.address] = None
        else:
            text = "a text frame was not understood: LISTEN or IGNORE is wanted, with the address of a value"
            self._complaints.add("command", f"{text} (from {client.peer})", self._report)

    async def _stream(self) -> None:
        """Send each client the values that changed, and tell all of a change of the addresses."""
        space, scenes = self._space, None
        while True:
            await asyncio.sleep(STREAM_SECONDS)
            with self._failures:
                shown = self._read()
                if shown is None:
                    continue
                if scenes not in (None, shown.scenes) or space is not self._space:
                    for client in tuple(self._clients):
                        self._write(client, Opcode.TEXT, b'{"COMMAND": "PATH_CHANGED", "DATA": "/"}')
                space, scenes = self._space, shown.scenes
                for client, listens in tuple(self._clients.items()):
                    self._send_changes(client, listens, space, shown)

    def _send_changes(
        self, client: ServedClient, listens: dict[str, Values | None], space: AddressSpace, shown: Shown
    ) -> None:
        for address, before in tuple(listens.items()):
            method = space.methods.get(address)
            if method is None or method.read is None:
                del listens[address]
                continue
            values = method.read(shown)
            if values != before:
                listens[address] = values
                self._write(client, Opcode.BINARY, method.message(values))

    def _write(self, client: ServedClient, opcode: Opcode, payload: bytes) -> None:
        if client.state is not State.OPEN:
            return
        if client.transport.get_write_buffer_size() > BUFFER_BYTES:
            client.transport.abort()
            self._complaints.add("slow", f"{client.peer} does not read what it is sent; it was dropped", self._report)
            return
        client.transport.write(Frame(opcode, payload).serialize(mask=False))
        self._sent += 1

"""A WebSocket server: browsers play and listen, by text frames that stand for MIDI messages.

One thread serves all clients by asyncio, so that they do not cost a thread each beside the engine's. The engine's
thread only hands over what is to be sent.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol

from impsy.codecs.websocket import decode_frame, encode_text
from impsy.errors import PeerError
from impsy.events import Report, ShowState, Unplugged
from impsy.hosts import EVERYWHERE, is_loopback
from impsy.io.adapter import Complaints, Deliver, Health, Overhear, Overheard, Rate, SendReport
from impsy.io.commands import CommandPort
from impsy.io.door import BACKLOG, Door
from impsy.io.entrance import Entrance, ServedClient, who_gives_way
from impsy.io.link import Link, Opened
from impsy.io.serving import BUFFER_BYTES, SERVED, disconnect, listening
from impsy.mapping.entries import MappingEntry
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.settings import Settings
from impsy.text import counted
from impsy.threads import Failures

__all__ = ["CLIENT_LIMIT", "WebSocketAdapter"]

CLIENT_LIMIT = 200
"""Clients at once. One more is refused with “try again later”, unless another address has most of them."""

FRAME_BYTES = 1 << 13
"""The largest frame that is read: some hundred messages. A client that sends more is disconnected."""

PLAYED_A_SECOND = 10_000
"""Messages that are taken of all clients together, after twice as many at once."""

WAITING_LIMIT = 1000
"""Steps that may wait for the thread."""

_Step = Callable[[], list[bytes]]
"""Makes messages to send, by the output mapping. Run in the server's thread."""


class WebSocketAdapter:
    """The transport: every client's messages in, each output to every client.

    Args:
        ip, port: where to listen.
        input_mapping: what the clients' messages mean; empty: they are ignored.
        output_mapping: how outputs are sent; empty: nothing is sent.
        allowed_origins: the web pages that may connect, as ``origin_allowed`` explains.
        client_limit: clients at once, and as many that have not yet completed their handshake.
        folder: of the configuration; the address for pages from files is written there.
        commands: the clients' commands, whose messages are not played; None: they have none.
    """

    name = "websocket"

    def __init__(
        self,
        ip: str,
        port: int,
        input_mapping: Sequence[MappingEntry],
        output_mapping: Sequence[MappingEntry],
        *,
        allowed_origins: Iterable[str] | None = None,
        client_limit: int = CLIENT_LIMIT,
        folder: Path | None = None,
        commands: CommandPort | None = None,
    ) -> None:
        self.commands = commands if commands is not None else CommandPort(self.name)
        self._ip = ip
        self._port = port
        self._entries = tuple(input_mapping)
        self._output = OutputMapping(output_mapping) if output_mapping else None
        self._client_limit = client_limit
        self._complaints = Complaints(self.name)
        self._refusals = Complaints(self.name)
        """Clients that were refused, or dropped."""
        self._entrance = Entrance(allowed_origins, folder, self._refuse)
        self._deliver: Deliver = lambda _event: None
        self._report: SendReport = lambda _report: None
        self.overhear: Overhear | None = None
        self._steps: deque[_Step] = deque()
        self._woken = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._clients: dict[ServedClient, None] = {}  # in the order in which they came
        self._performers: set[ServedClient] = set()
        """Those of the clients that have played something."""
        self._received = self._sent = self._failed = 0
        self._played = Rate(PLAYED_A_SECOND, 2 * PLAYED_A_SECOND)
        self._failures = Failures(f"the port “{self.name}”")
        self.link = Link(self.name, self._serve, self._interrupt)
        self.address: tuple[str, int] | None = None
        """Where it listens, once it does (the port is the one that the system gave, if 0 was asked for)."""

    # --- for the session ---------------------------------------------------------------------------

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start the server; a port that is taken is tried again and again."""
        self._deliver, self._report = deliver, report
        if not is_loopback(self._ip):
            text = f"WebSocket on {self._ip or EVERYWHERE} port {self._port}: others on the network may play"
            orders = "command what [commands] assigns" if self.commands else "command nothing"
            report(Report(f"{self.name}:reach", f"{text}, and {orders}", "info"))
        self.link.open(report)

    def send(self, values: Sequence[float]) -> None:
        """Send one vector to every client."""
        values = tuple(values)
        self._play_soon(lambda mapping: mapping.encode(values))

    def pass_on(self, values: Sequence[float], moved: Sequence[int], origin: str) -> None:
        """Send the values that moved to every client."""
        self._play_soon(lambda mapping: mapping.pass_on(values, moved, origin))

    def end_notes(self, keys: Sequence[tuple[int, float | None]], origin: str) -> None:
        """End what was passed on from ``origin`` for these keys."""
        self._hand_over(partial(self._messages, lambda mapping: mapping.end_notes(keys, origin)))

    def silence(self) -> None:
        """End every sounding note."""
        self._hand_over(partial(self._messages, OutputMapping.all_notes_off))

    def panic(self) -> None:
        """End every note on every channel in use, known to sound or not."""
        self._hand_over(partial(self._messages, OutputMapping.panic))

    def show(self, settings: Settings, scene: str) -> float | None:
        """Show the state to every client."""
        if self._loop is None or not self._clients:
            return None
        messages, again = self.commands.show(settings, scene)
        if messages:
            self._hand_over(lambda: messages)
        return again

    def remap(self, input_mapping: Sequence[MappingEntry], output_mapping: Sequence[MappingEntry]) -> None:
        """Use other mappings; notes that sound by the old one end."""
        self._entries = tuple(input_mapping)
        fresh = OutputMapping(output_mapping) if output_mapping else None
        if not self._hand_over(partial(self._change_output, fresh)):
            self._output = fresh

    def close(self) -> None:
        """Silence, disconnect the clients and stop."""
        self.link.close()

    def health(self) -> tuple[Health, ...]:
        """The server, and how many clients it has."""
        link, count = self.link, len(self._clients)
        state = "receiving" if link.state == "open" and self._received else link.state
        clients = counted(count, "client")
        return (
            Health(
                self.name,
                state,
                f"{link.detail}, {clients}" if link.state == "open" else link.detail,
                link.error or self._complaints.last or self._refusals.last,
                self._received,
                self._complaints.count,
                self._sent,
                self._failed,
            ),
        )

    def _play_soon(self, make: Callable[[OutputMapping], list[bytes]]) -> None:
        if self._output is None:
            return
        if len(self._steps) < WAITING_LIMIT:
            self._hand_over(partial(self._messages, make))
        else:
            self._failed += 1

    def _hand_over(self, step: _Step) -> bool:
        """Run it in the server's thread; False if the server is not running."""
        loop = self._loop
        if loop is None:
            return False
        self._steps.append(step)
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # it has just closed
                loop.call_soon_threadsafe(self._take_steps)
        return True

    def _interrupt(self) -> None:
        loop, ended = self._loop, self._ended
        if loop is not None and ended is not None:
            with suppress(RuntimeError):  # it has just closed
                loop.call_soon_threadsafe(ended.set)

    # --- in the thread: the server -----------------------------------------------------------------

    def _serve(self, opened: Opened) -> None:
        with listening(self._ip, self._port) as listeners:
            asyncio.run(self._perform(listeners, opened))

    async def _perform(self, listeners: list[socket.socket], opened: Opened) -> None:
        class Client(ServedClient):
            everyone: ClassVar[set[ServedClient]] = set()
            door = Door(self._tell_refused, self._client_limit)

        self._ended = asyncio.Event()
        servers = [
            await serve(
                self._welcome,
                sock=listener,
                process_request=self._entrance.check,
                create_connection=Client,
                select_subprotocol=_first_offered,
                max_size=FRAME_BYTES,
                **SERVED,
            )
            for listener in listeners
        ]
        for listener in listeners:
            listener.listen(BACKLOG)  # asyncio has one number for this and for its own
        self._woken = False
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(Client.door.loop_failed)
        addresses = [listener.getsockname()[:2] for listener in listeners]
        port = addresses[0][1]
        self.address = addresses[0]
        opened(f"listening on {' and '.join(ip for ip, _port in addresses)} port {port}")
        self._entrance.tell(addresses[0][0], port, self._report)
        try:
            if not self.link.stopping:
                await self._ended.wait()
        finally:
            self._loop = self._ended = None
            self._take_steps()
            self._play(partial(self._messages, OutputMapping.all_notes_off))
            Client.door.close()
            await disconnect(servers, Client.everyone)
            self._clients.clear()

    def _refuse(self, kind: str, text: str) -> None:
        self._refusals.add(kind, text, self._report)

    def _tell_refused(self, sentence: str) -> None:
        self._report(Report(f"{self.name}:door", f"{self.name}: {sentence}", always=True))

    async def _welcome(self, client: ServerConnection) -> None:
        """Serve one client, from its handshake to its end."""
        if not isinstance(client, ServedClient):
            return
        client.door.leave(client.address)
        if len(self._clients) >= self._client_limit and not self._make_room(client):
            text = f"there are {self._client_limit} clients already; others are refused"
            self._refuse("crowded", text)
            await client.close(CloseCode.TRY_AGAIN_LATER, "too many clients")
            return
        self._clients[client] = None
        self._show_anew()
        entries = self._entries
        mapping = InputMapping(entries)  # its state is per client: parts of messages
        try:
            async for frame in client:
                if entries is not self._entries:
                    entries = self._entries
                    mapping = InputMapping(entries)
                self._received += 1
                with self._failures:
                    self._hear(frame, mapping, client)
        except ConnectionClosed as error:
            if error.sent is not None and error.sent.code in _FAULTS:
                problem = error.sent.reason or CloseCode(error.sent.code).name
                self._complaints.add(
                    f"closed:{error.sent.code}", f"{client.peer} was disconnected: {problem}", self._report
                )
        finally:
            self._clients.pop(client, None)
            self._show_anew()
            if client in self._performers:
                self._performers.discard(client)
                if not self._performers:
                    self._deliver(Unplugged(self.name))

    def _make_room(self, newcomer: ServedClient) -> bool:
        """Take the place of one client for another; returns whether there was one that gives way."""
        leaving = who_gives_way(self._clients, newcomer, self._performers)
        if leaving is None:
            return False
        self._refuse("crowded", f"there are {self._client_limit} clients already: {leaving.peer} had to go")
        del self._clients[leaving]
        leaving.transport.abort()
        return True

    def _show_anew(self) -> None:
        """A client came or went: all are shown the state, and no button is held."""
        if self.commands:
            self.commands.forget()
            self._deliver(ShowState())

    def _hear(self, frame: str | bytes, mapping: InputMapping, client: ServedClient) -> None:
        for message in decode_frame(frame):
            if isinstance(message, PeerError):
                self._complaints.add(message.kind, f"{message} (from {client.peer})", self._report)
                if (overhear := self.overhear) is not None:
                    data = frame if isinstance(frame, bytes) else frame.encode()
                    overhear(Overheard(self.name, "in", data, peer=client.peer, remark=str(message)))
                continue
            if not self._played.allows():
                text = f"more than {PLAYED_A_SECOND} messages a second came; those beyond are left out"
                self._complaints.add("rate", text, self._report)
                return
            if self.commands and self.commands.takes(message, self._deliver, self._report):
                if (overhear := self.overhear) is not None:
                    overhear(Overheard(self.name, "in", message, (), client.peer))
                continue
            changes = mapping.decode(message)
            if (overhear := self.overhear) is not None:
                overhear(Overheard(self.name, "in", message, changes, client.peer))
            event = mapping.event(message, changes, self.name)
            if event is not None:
                self._performers.add(client)
                self._deliver(event)

    # --- in the thread: playing --------------------------------------------------------------------

    def _take_steps(self) -> None:
        self._woken = False
        while self._steps:
            with self._failures:
                self._play(self._steps.popleft())

    def _messages(self, make: Callable[[OutputMapping], list[bytes]]) -> list[bytes]:
        return make(self._output) if self._output is not None else []

    def _change_output(self, fresh: OutputMapping | None) -> list[bytes]:
        messages = self._messages(OutputMapping.all_notes_off)
        self._output = fresh
        return messages

    def _play(self, step: _Step) -> None:
        messages = step()
        frames = b"".join(map(_frame, messages))
        if (overhear := self.overhear) is not None and self._clients:
            for message in messages:
                overhear(Overheard(self.name, "out", message, peer=counted(len(self._clients), "client")))
        for client in tuple(self._clients):
            if client.joined:
                self._write(client, frames, len(messages))
            else:
                client.joined = True
                current = self._output.resend() if self._output is not None else []
                news = [message for message in current if message not in messages] + messages
                self._write(client, b"".join(map(_frame, news)), len(news))

    def _write(self, client: ServedClient, frames: bytes, count: int) -> None:
        """Write to one client without waiting: what its connection does not accept at once is kept, up to a limit."""
        if client.state is not State.OPEN or not frames:
            return
        if client.transport.get_write_buffer_size() > BUFFER_BYTES:
            self._failed += count
            self._clients.pop(client, None)
            client.transport.abort()
            text = f"{client.peer} does not read what it is sent; it was dropped, so that nobody waits for it"
            self._refuse("slow", text)
            return
        # The same bytes are good for all: a server's frames are not masked, and there is no compression.
        client.transport.write(frames)
        self._sent += count


_FAULTS = {CloseCode.PROTOCOL_ERROR, CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG, CloseCode.INTERNAL_ERROR}
"""Reasons to disconnect a client that are its own fault, or that of the network on its side."""


def _frame(message: bytes) -> bytes:
    return Frame(Opcode.TEXT, encode_text(message).encode()).serialize(mask=False)


def _first_offered(_client: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The first subprotocol that a client offers: browsers disconnect if the server accepts none of their offers."""
    return offered[0] if offered else None

"""Who may connect to the WebSocket server, by what the handshake and the system say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import MultipleValuesError
from websockets.http11 import Request, Response

from impsy.events import Report
from impsy.hosts import is_loopback
from impsy.io.adapter import SendReport
from impsy.io.door import Door, network
from impsy.io.network import shown
from impsy.io.origins import NO_HOST, PAGE_SCRIPT, PageKey, origin_allowed
from impsy.io.owners import of_this_user

__all__ = ["Entrance", "ServedClient", "who_gives_way"]


class ServedClient(ServerConnection):
    """One client's connection. ``joined``: it has been sent the present controllers and bends.

    ``everyone`` holds all connections of one server, before their handshake too: then they wait at the ``door``.
    """

    joined = False
    peer = "?"
    address: tuple[str, int] = ("?", 0)
    everyone: ClassVar[set[ServedClient]]
    door: ClassVar[Door]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        address = transport.get_extra_info("peername")
        if address:
            self.address = address[:2]
            self.peer = f"{shown(address[0])}:{address[1]}"
        self.everyone.add(self)
        self.door.enter(self.address, self.transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.door.leave(self.address)
        self.everyone.discard(self)
        super().connection_lost(exc)


def who_gives_way(
    clients: Iterable[ServedClient], newcomer: ServedClient, players: Container[ServedClient]
) -> ServedClient | None:
    """Whose place a newcomer takes where all are taken: of the address that has most, the oldest that never played.

    None: the newcomer's own address would then have most, or all that could go have played.
    """
    of_address = Counter(network(each.address[0]) for each in clients)
    most, count = of_address.most_common(1)[0]
    if of_address[network(newcomer.address[0])] + 1 >= count:
        return None
    return next((each for each in clients if network(each.address[0]) == most and each not in players), None)


class Entrance:
    """Lets in this machine's user, and of pages those of ``allowed_origins``.

    Args:
        allowed_origins: as ``origin_allowed`` explains; None: pages from files too, by a key.
        folder: of the configuration, where the address with the key is written; None: it is neither written nor told.
        refused: called with a kind and a sentence.
    """

    def __init__(
        self,
        allowed_origins: Iterable[str] | None,
        folder: Path | None,
        refused: Callable[[str, str], None],
    ) -> None:
        self._origins = None if allowed_origins is None else tuple(allowed_origins)
        self._folder = folder
        self._refused = refused
        self._key = PageKey()

    def tell(self, ip: str, port: int, report: SendReport) -> None:
        """Report how a page from a file connects to the server that listens here, and write it for such pages."""
        if self._folder is None or self._origins is not None:
            return
        address = self._key.address(ip, port)
        text = f"websocket: a page that is opened from a file connects to {address}"
        if self._key.write(self._folder, address):
            text += f"; one in {self._folder} finds that by {PAGE_SCRIPT}"
        report(Report("websocket:pages", text, "info", always=True))

    def check(self, client: ServerConnection, request: Request) -> Response | None:
        """The answer to a handshake that is refused; None: it is not."""
        try:
            origin, host = request.headers.get("Origin"), request.headers.get("Host", "")
        except MultipleValuesError:
            return client.respond(HTTPStatus.BAD_REQUEST, "More than one Origin or Host.\n")
        here, there = client.local_address, client.remote_address
        if here and there and is_loopback(here[0]) and not of_this_user(there[:2], here[:2]):
            advice = 'With websocket.server_ip = "0.0.0.0", all users and machines may connect'
            self._refused("stranger", f"another user of this machine was refused. {advice}")
            return client.respond(HTTPStatus.FORBIDDEN, "This port is for the user who opened it.\n")
        if origin_allowed(origin, host, self._origins):
            return None
        if origin == NO_HOST and self._origins is None:
            if self._key.opens(request.path):
                return None
            text = (
                "a page from a file, or a frame of any site, was refused: its address had no key, or an earlier one"
            )
            self._refused("key", text)
            return client.respond(HTTPStatus.FORBIDDEN, "Pages from files need the address that has a key.\n")
        named = (origin or "")[:80]
        advice = f'To let it in, add "{named}" to websocket.allowed_origins'
        self._refused(f"origin:{named}", f"a page of {named} was refused. {advice}")
        return client.respond(HTTPStatus.FORBIDDEN, "Pages of this origin may not connect.\n")

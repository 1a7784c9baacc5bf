"""How others find an OSC port and learn what it takes: by OSCQuery, and announced in the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from impsy.codecs.oscquery import AddressSpace
from impsy.codecs.shown import Description, Shown
from impsy.io.adapter import Health, SendReport
from impsy.io.announcing import OSC, OSCQUERY, Announcer, Service, service_name
from impsy.io.oscquery import OscQueryServer, Receive

__all__ = ["Findable"]


class Findable:
    """Serves and announces one OSC port.

    Args:
        ip, port: where the OSC port listens.
        osc_port: returns the number of that port once it listens; 0 before.
        receive: takes OSC packets.
        controls: n, the values of a vector.
        commands: whether commands are taken.
        query: whether OSCQuery is served, by TCP at the port of the same number.
        announce: whether the ports are announced.
    """

    def __init__(
        self,
        ip: str,
        port: int,
        osc_port: Callable[[], int],
        receive: Receive,
        *,
        controls: int,
        commands: bool,
        query: bool,
        announce: bool,
        description: Description,
    ) -> None:
        self._ip = ip
        self._osc_port = osc_port
        self._controls, self._commands = controls, commands
        self.server = OscQueryServer(ip, port, osc_port, receive) if query else None
        self.announcer = Announcer(self._services) if announce else None
        self._name = ""
        self.describe(description)

    def describe(self, description: Description) -> None:
        """Use another title and other names from now on."""
        self._name = service_name(description.title)
        if self.server is not None:
            space = AddressSpace(self._controls, description.names, commands=self._commands)
            self.server.describe(self._name, space)
        if self.announcer is not None:
            self.announcer.changed()

    def watch(self, read: Callable[[], Shown | None]) -> None:
        """Read the performance by this function from now on."""
        if self.server is not None:
            self.server.watch(read)

    def open(self, report: SendReport) -> None:
        """Start serving and announcing."""
        if self.server is not None:
            self.server.open(report)
        if self.announcer is not None:
            self.announcer.open(report)

    def close(self) -> None:
        """Withdraw what is announced, and stop serving."""
        if self.announcer is not None:
            self.announcer.close()
        if self.server is not None:
            self.server.close()

    def health(self) -> tuple[Health, ...]:
        """The server, and what announces."""
        return tuple(part.health() for part in (self.server, self.announcer) if part is not None)

    def _services(self) -> list[Service]:
        """What is to be announced; nothing until all of it listens."""
        port, server = self._osc_port(), self.server
        if port == 0 or (server is not None and server.address is None):
            return []
        return list(self._listening(port))

    def _listening(self, port: int) -> Iterator[Service]:
        yield Service(OSC, self._name, self._ip, port, {"txtvers": "1"})
        if self.server is not None and self.server.address is not None:
            yield Service(OSCQUERY, self._name, self._ip, self.server.address[1], {"txtvers": "1"})

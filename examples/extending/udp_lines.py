"""A transport in one file: lines of numbers by UDP, for whatever can send text: netcat, an ESP32, a game.

    python udp_lines.py config.toml --port 7000

In another terminal, ``nc -u 127.0.0.1 7000``, and type as many numbers as the instrument has controls, such as
``0.2,0.8,0.5,0.5,0.5,0.5,0.5,0.5``. What the model plays comes back as such lines, to whoever played last.
"""

from __future__ import annotations

import argparse
import select
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from impsy.cli.performing import Ending, perform
from impsy.codecs.csv import CsvStream, encode_line
from impsy.config import load_config
from impsy.errors import DeviceError, ImpsyError, PeerError
from impsy.events import Interaction
from impsy.io.adapter import Complaints, Deliver, Health, SendReport
from impsy.io.link import Link, Opened
from impsy.perform import Ports, Session, WantedPorts, build_session

PACKET_LIMIT = 65_536


class UdpLines:
    """The transport: the performer's values in by lines, the model's out by lines.

    Args:
        ip, port: where to listen; port 0 takes any free one.
        controls: n, the number of values in a line.
    """

    name = "udp lines"

    def __init__(self, ip: str, port: int, controls: int) -> None:
        self._ip = ip
        self._port = port
        self._lines = CsvStream(controls)
        self._complaints = Complaints(self.name)
        self._losses = Complaints(self.name)
        self._link = Link(self.name, self._serve, self._interrupt)
        self._deliver: Deliver = lambda _event: None
        self._report: SendReport = lambda _report: None
        self._socket: socket.socket | None = None
        self._player: tuple[str, int] | None = None
        """Who played last, and so gets what is played."""
        self._received = self._sent = 0
        self.address: tuple[str, int] | None = None
        """Where it listens, once it does."""

    # --- what the session asks of every transport ---------------------------------------------------

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start. The link runs ``_serve`` in a thread, and again half a second after it raised."""
        self._deliver, self._report = deliver, report
        self._link.open(report)

    def send(self, values: Sequence[float]) -> None:
        """Play one vector. The engine's thread calls this: the socket is one that never waits."""
        connection, player = self._socket, self._player
        if connection is None or player is None:
            return
        try:
            connection.sendto(encode_line(values), player)
            self._sent += 1
        except OSError as error:
            self._losses.add(
                f"send:{error.errno}", f"a line could not be sent to {player[0]} ({error})", self._report
            )

    def silence(self) -> None:
        """Nothing sounds here: a value holds until the next."""

    def panic(self) -> None:
        """As ``silence``."""

    def close(self) -> None:
        """Stop. Twice is fine."""
        self._link.close()

    def health(self) -> tuple[Health, ...]:
        """The port, both ways."""
        link = self._link
        state = "receiving" if link.state == "open" and self._received else link.state
        error = link.error or self._complaints.last or self._losses.last
        return (
            Health(
                self.name,
                state,
                link.detail,
                error,
                received=self._received,
                bad=self._complaints.count,
                sent=self._sent,
                failed=self._losses.count,
            ),
        )

    # --- the device, in the link's thread -----------------------------------------------------------

    def _serve(self, opened: Opened) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            try:
                connection.bind((self._ip, self._port))
            except OSError as error:
                raise DeviceError(f"cannot listen on {self._ip} port {self._port} ({error.strerror})") from error
            connection.setblocking(False)
            ip, port = self.address = connection.getsockname()
            self._socket = connection
            opened(f"listening on {ip} port {port}")
            try:
                while not self._link.stopping:
                    select.select([connection], [], [])
                    self._read(connection)
            finally:
                self._socket = None

    def _interrupt(self) -> None:
        """Wake ``_serve`` by an empty packet."""
        connection, address = self._socket, self.address
        if connection is not None and address is not None:
            ip = "127.0.0.1" if self._ip in {"", "0.0.0.0"} else address[0]  # noqa: S104 - compared, not bound
            try:
                connection.sendto(b"", (ip, address[1]))
            except OSError:  # it has ended by itself meanwhile
                return

    def _read(self, connection: socket.socket) -> None:
        try:
            packet, sender = connection.recvfrom(PACKET_LIMIT)
        except (BlockingIOError, ConnectionResetError):  # a damaged packet; on Windows, a player who has gone
            return
        if not packet:
            return
        self._received += 1
        for found in self._lines.feed(packet.rstrip(b"\n") + b"\n"):
            if isinstance(found, PeerError):
                self._complaints.add(found.kind, f"{found} (from {sender[0]})", self._report)
            else:
                self._player = sender
                self._deliver(Interaction(found, self.name))


def rehearse(config: Path, ip: str, port: int) -> Session:
    """A performance of ``config`` with all ports that it names, and this one."""
    loaded = load_config(config)
    lines = UdpLines(ip, port, loaded.config.model.dimension - 1)
    return build_session(loaded, logdir=config.absolute().parent / "logs", ports=Ports(WantedPorts(), [lines]))


def main() -> int:
    """Perform until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Perform with lines of numbers by UDP.")
    parser.add_argument("config", type=Path, nargs="?", default=Path("config.toml"))
    parser.add_argument("--ip", default="127.0.0.1", help="where to listen; 0.0.0.0 hears other machines too")
    parser.add_argument("--port", type=int, default=7000)
    options = parser.parse_args()
    try:
        perform(rehearse(options.config, options.ip, options.port), Ending())
    except ImpsyError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a program's last word
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

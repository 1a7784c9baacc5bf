"""OSC over UDP: one port in, one address out."""

from __future__ import annotations

from collections.abc import Sequence

from impsy.codecs.osc import OscDecoder, encode_vector
from impsy.io.adapter import Complaints, Deliver, Health, SendReport
from impsy.io.udp import UdpListener, UdpSender

__all__ = ["OscAdapter", "OscListener"]


class OscListener:
    """Listens for OSC packets and delivers their events.

    ``local``: also the events that only this machine may send. Such a listener's ``ip`` is a loopback address.
    """

    def __init__(self, name: str, ip: str, port: int, controls: int, *, local: bool = False) -> None:
        self._decoder = OscDecoder(controls, name, local=local)
        self._complaints = Complaints(name)
        self._deliver: Deliver | None = None
        self._report: SendReport | None = None
        self.udp = UdpListener(name, ip, port, self._receive)
        self.name = name
        self.received = 0

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start listening."""
        self._deliver, self._report = deliver, report
        self.udp.open(report)

    def close(self) -> None:
        """Stop listening."""
        self.udp.close()

    def _receive(self, packet: bytes, sender: str) -> None:
        if self._deliver is None or self._report is None:
            return
        self.received += 1
        decoded = self._decoder.decode(packet)
        for event in decoded.events:
            self._deliver(event)
        for problem in decoded.problems:
            self._complaints.add(problem.kind, f"{problem} (from {sender})", self._report)

    def health(self) -> Health:
        """How the port is doing."""
        link = self.udp.link
        state = "receiving" if link.state == "open" and self.received else link.state
        error = link.error or self._complaints.last
        return Health(self.name, state, link.detail, error, self.received, self._complaints.count)


class OscAdapter:
    """The transport: performer's values in by ``/interface``, the model's out by each output address.

    Args:
        ip, port: where to listen.
        client_ip, client_port: where to send.
        controls: n, the number of values in a vector.
        addresses: OSC addresses to send each output to.
    """

    name = "osc"

    def __init__(
        self, ip: str, port: int, client_ip: str, client_port: int, controls: int, addresses: Sequence[str]
    ) -> None:
        self.listener = OscListener("osc", ip, port, controls)
        self._sender = UdpSender("osc out", client_ip, client_port)
        self._addresses = tuple(addresses)
        self._complaints = Complaints("osc out")
        self._report: SendReport | None = None
        self._sent = 0
        self._unsent = 0

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start listening and resolve the host to send to."""
        self._report = report
        self._sender.open(report)
        self.listener.open(deliver, report)

    def send(self, values: Sequence[float]) -> None:
        """Send one vector to each output address."""
        for address in self._addresses:
            try:
                if self._sender.send(encode_vector(address, values)):
                    self._sent += 1
                else:
                    self._unsent += 1
            except OSError as error:
                if self._report is not None:
                    self._complaints.add(f"send:{error.errno}", self._sender.outlet.refusal(error), self._report)

    def silence(self) -> None:
        """Nothing sounds in OSC: a value holds until the next."""

    def panic(self) -> None:
        """Likewise."""

    def close(self) -> None:
        """Stop listening and sending."""
        self.listener.close()
        self._sender.close()

    def health(self) -> tuple[Health, ...]:
        """The port in and the address out."""
        link = self._sender.link
        out = Health(
            "osc out",
            link.state,
            link.detail,
            link.error or self._complaints.last,
            sent=self._sent,
            failed=self._complaints.count + self._unsent,
        )
        return (self.listener.health(), out)

"""OSC over UDP: one port in, one address out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from impsy.codecs.osc import OscDecoder, encode_vector
from impsy.codecs.shown import Description, Shown
from impsy.errors import DataError
from impsy.events import Event, Interaction, LoadModel, PanicButton, PlayThrough, Report, ShowTraffic, Touched, Update
from impsy.hosts import EVERYWHERE, is_here, is_loopback
from impsy.io.adapter import Complaints, Deliver, Health, Overhear, Overheard, Rate, SendReport
from impsy.io.commands import COMMANDS_A_SECOND, PANICS_A_SECOND
from impsy.io.udp import UdpListener, UdpSender
from impsy.names import safe_name

if TYPE_CHECKING:
    from impsy.io.findable import Findable

__all__ = ["OscAdapter", "OscListener"]


PLAYED_A_SECOND = 10_000
"""Events that one port takes, after twice as many at once: more is no playing, and would fill the disk."""

LOCAL_COMMANDS_A_SECOND = 2000
"""Commands that the port takes which only this machine reaches, where several pages draw; after as many at once."""

TOLD_SECONDS = 10.0
"""Between two reports that something was left out."""

ASKED = ShowTraffic()
"""It is not shown itself."""

REMARKS = 3
"""Problems of a packet that are shown with it."""

MODELS = "models"
"""The folder whose models another machine may ask for."""


class OscListener:
    """Listens for OSC packets and delivers their events.

    ``local``: also the events that only this machine may send. Such a listener's ``ip`` is a loopback address.
    ``commands``: whether anything but playing is taken. ``or_any``: as for :class:`UdpListener`.
    """

    def __init__(
        self,
        name: str,
        ip: str,
        port: int,
        controls: int,
        *,
        local: bool = False,
        commands: bool = True,
        or_any: bool = False,
    ) -> None:
        self._decoder = OscDecoder(controls, name, local=local, commands=commands)
        self._complaints = Complaints(name)
        self._played = Rate(PLAYED_A_SECOND, 2 * PLAYED_A_SECOND)
        self._most = LOCAL_COMMANDS_A_SECOND if local else COMMANDS_A_SECOND
        self._commands = Rate(self._most, self._most)
        self._panics = Rate(PANICS_A_SECOND, PANICS_A_SECOND)
        self._left_out, self._told = 0, float("-inf")
        self._deliver: Deliver | None = None
        self._report: SendReport | None = None
        self.udp = UdpListener(name, ip, port, self.receive, or_any=or_any)
        self.name = name
        self.received = 0
        self.overhear: Overhear | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0: nowhere yet."""
        address = self.udp.address
        return 0 if address is None else address[1]

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start listening."""
        self._deliver, self._report = deliver, report
        self.udp.open(report)

    def close(self) -> None:
        """Stop listening."""
        self.udp.close()

    def receive(self, packet: bytes, sender: str) -> None:
        """Deliver the events of a packet that came from ``sender``, ``host:port``. Threads may share it."""
        if self._deliver is None or self._report is None:
            return
        self.received += 1
        decoded = self._decoder.decode(packet)
        if (overhear := self.overhear) is not None and ASKED not in decoded.events:
            remark = "; ".join(map(str, decoded.problems[:REMARKS]))
            overhear(Overheard(self.name, "in", packet, peer=sender, remark=remark))
        for event in decoded.events:
            if not self._rate_of(event).allows():
                self._leave_out(sender, self._report)
            elif isinstance(event, LoadModel) and not is_here(sender.rpartition(":")[0].strip("[]")):
                self._load_from_afar(event.file, sender, self._deliver, self._report)
            else:
                self._deliver(event)
        for problem in decoded.problems:
            self._complaints.add(problem.kind, f"{problem} (from {sender})", self._report)

    def _rate_of(self, event: Event) -> Rate:
        if isinstance(event, Interaction | Update | Touched | PlayThrough):
            return self._played
        return self._panics if isinstance(event, PanicButton) else self._commands

    def _load_from_afar(self, name: str, sender: str, deliver: Deliver, report: SendReport) -> None:
        """Another machine may name a model of the workspace; where its files are is not its business."""
        try:
            deliver(LoadModel(f"{MODELS}/{safe_name(name)}"))
        except DataError as error:
            text = f"{error}; from another machine, /impsy/model takes the name of a file in {MODELS}/ and no path"
            self._complaints.add("model", f"{text} (from {sender})", report)

    def _leave_out(self, sender: str, report: SendReport) -> None:
        self._left_out += 1
        now = time.monotonic()
        if now - self._told >= TOLD_SECONDS:
            self._told = now
            limits = f"{self._most} commands and {PLAYED_A_SECOND} events a second are taken"
            text = f"{limits}; {self._left_out} more were left out so far"
            report(Report(f"{self.name}:rate", f"{self.name}: {text} (the last from {sender})", always=True))

    def health(self) -> Health:
        """How the port is doing."""
        link = self.udp.link
        state = "receiving" if link.state == "open" and self.received else link.state
        error = link.error or self._complaints.last
        return Health(self.name, state, link.detail, error, self.received, self._complaints.count + self._left_out)


def _reach(ip: str, port: int, remote_control: bool) -> str:
    """What others may do at this port, in a line; empty: only this machine reaches it."""
    if is_loopback(ip):
        return ""
    who = f"OSC on {ip or EVERYWHERE} port {port}: others on the network may play"
    if not remote_control:
        return f"{who}, and command nothing (remote_control = false)"
    what = "pause, mode, settings, scenes, models of the workspace"
    return f"{who} and command ({what}); [osc] remote_control = false leaves only playing"


class OscAdapter:
    """The transport: performer's values in by ``/interface``, the model's out by each output address.

    Args:
        ip, port: where to listen.
        client_ip, client_port: where to send.
        controls: n, the number of values in a vector.
        addresses: OSC addresses to send each output to.
        remote_control: whether commands are taken, or only what is played.
        query: whether the addresses are described by OSCQuery.
        announce: whether the port is announced in the network.
        description: what others read of the instrument.
    """

    name = "osc"

    def __init__(
        self,
        ip: str,
        port: int,
        client_ip: str,
        client_port: int,
        controls: int,
        addresses: Sequence[str],
        *,
        remote_control: bool = True,
        query: bool = False,
        announce: bool = False,
        description: Description | None = None,
    ) -> None:
        self._reach = _reach(ip, port, remote_control)
        self.listener = OscListener("osc", ip, port, controls, commands=remote_control)
        self.findable: Findable | None = None
        if query or announce:
            from impsy.io.findable import Findable  # its libraries take time to load

            self.findable = Findable(
                ip,
                port,
                lambda: self.listener.port,
                self.listener.receive,
                controls=controls,
                commands=remote_control,
                query=query,
                announce=announce,
                description=description or Description(),
            )
        self._sender = UdpSender("osc out", client_ip, client_port)
        self._addresses = tuple(addresses)
        self._complaints = Complaints("osc out")
        self._report: SendReport | None = None
        self._sent = 0
        self._unsent = 0

    @property
    def overhear(self) -> Overhear | None:
        """Who overhears both ways."""
        return self.listener.overhear

    @overhear.setter
    def overhear(self, overhear: Overhear | None) -> None:
        self.listener.overhear = overhear

    def open(self, deliver: Deliver, report: SendReport) -> None:
        """Start listening and resolve the host to send to."""
        self._report = report
        if self._reach:
            report(Report("osc:reach", self._reach, "info"))
        self._sender.open(report)
        self.listener.open(deliver, report)
        if self.findable is not None:
            self.findable.open(report)

    def watch(self, read: Callable[[], Shown | None]) -> None:
        """Let those who find the port read the performance by this function."""
        if self.findable is not None:
            self.findable.watch(read)

    def describe(self, description: Description) -> None:
        """Use another title and other names from now on."""
        if self.findable is not None:
            self.findable.describe(description)

    def send(self, values: Sequence[float]) -> None:
        """Send one vector to each output address."""
        for address in self._addresses:
            packet = encode_vector(address, values)
            try:
                if self._sender.send(packet):
                    self._sent += 1
                    if (overhear := self.listener.overhear) is not None:
                        overhear(Overheard("osc out", "out", packet))
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
        if self.findable is not None:
            self.findable.close()
        self.listener.close()
        self._sender.close()

    def health(self) -> tuple[Health, ...]:
        """The port in, the address out, and by what the port is found."""
        link = self._sender.link
        out = Health(
            "osc out",
            link.state,
            link.detail,
            link.error or self._complaints.last,
            sent=self._sent,
            failed=self._complaints.count + self._unsent,
        )
        found = () if self.findable is None else self.findable.health()
        return (self.listener.health(), out, *found)

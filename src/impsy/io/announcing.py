"""Announces services of this machine in its network, by multicast DNS (RFC 6762) and DNS-SD (RFC 6763)."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from impsy.errors import DeviceError
from impsy.hosts import WILDCARDS, is_loopback, mdns_name
from impsy.io.adapter import Health, SendReport
from impsy.io.link import Link, Opened
from impsy.io.network import resolve
from impsy.text import one_line

if TYPE_CHECKING:
    from zeroconf import ServiceInfo, Zeroconf

__all__ = ["HTTP", "OSC", "OSCQUERY", "Announcer", "Service", "addresses_of", "service_name"]

HTTP, OSC, OSCQUERY = "_http._tcp", "_osc._udp", "_oscjson._tcp"
"""Types of services, as DNS-SD names them."""

LOOK_SECONDS = 5.0
"""Between two looks whether the machine's addresses, or the services, have changed; and between attempts."""

READY_SECONDS = 0.2
"""Between two looks whether the services listen already."""

ASK_MILLISECONDS = 1500
"""For so long the owner of a name may take to answer: within a second, it repeats no answer (RFC 6762, section 6)."""

MOST_NUMBERS = 20
"""Names that are tried: a program that answers to all of them keeps others out."""

NAME_BYTES = 63
"""Of one part of a DNS name."""

NUMBER_BYTES = 4
"""Left free for the number that is appended where another service has the name."""

LOOPBACK = "127.0.0.1"
_VIRTUAL = ("docker", "br-", "veth", "virbr", "vnet", "cni", "podman", "lxc", "lxd", "vmnet", "vboxnet")
"""How interfaces to containers and virtual machines are named; nobody in the network reaches their addresses."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is announced.

    ``kind`` is one of the types above, ``name`` what people read, ``host`` where it listens. ``facts`` are published
    to everybody: no secrets.
    """

    kind: str
    name: str
    host: str
    port: int
    facts: dict[str, str] = field(default_factory=dict)


def service_name(title: str, hostname: str = "") -> str:
    """What people read in a list of services: the title of what is played, and the machine.

    63 bytes of UTF-8 at most, with room for a number.
    """
    short = (hostname or socket.gethostname()).split(".")[0] or "this machine"
    # A dot would begin another part of the name.
    name = one_line(f"{title.strip() or 'IMPSY'} on {short}").replace(".", "-")
    return _cut(name, NAME_BYTES - NUMBER_BYTES)


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore").strip()


def addresses_of(host: str) -> tuple[str, ...]:
    """The IPv4 addresses at which others reach what listens on ``host``, the usual one first."""
    if is_loopback(host):
        return (LOOPBACK,)
    if host not in WILDCARDS:
        return tuple(str(address[0]) for family, address in resolve(host, 0) if family == socket.AF_INET)
    import ifaddr

    found = {
        str(ip.ip)
        for adapter in ifaddr.get_adapters()
        if not adapter.name.startswith(_VIRTUAL)
        for ip in adapter.ips
        if ip.is_IPv4 and not ipaddress.ip_address(str(ip.ip)).is_loopback
    }
    usual = _usual()
    return tuple(sorted(found, key=lambda ip: (ip != usual, ipaddress.IPv4Address(ip))))


def _usual() -> str:
    """The address that this machine sends from to others; "" if it reaches none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # documentation's network (RFC 5737)
        except OSError:
            return ""
        return str(probe.getsockname()[0])


class Announcer:
    """Announces services while it is open; what changes is announced anew, and all is withdrawn at the end.

    A name that another service of the network has gets a number. A network that is missing is reported once and
    looked for again.

    Args:
        services: returns them; none while they do not listen yet.
    """

    name = "mdns"

    def __init__(self, services: Callable[[], Sequence[Service]]) -> None:
        self._services = services
        self._wake = threading.Event()
        self.announced: tuple[str, ...] = ()
        """The names that the services have in the network."""
        self.link = Link(self.name, self._serve, self._wake.set, LOOK_SECONDS)

    def open(self, report: SendReport) -> None:
        """Start announcing, in a thread."""
        self._wake.clear()
        self.link.open(report)

    def changed(self) -> None:
        """Announce the services anew if they have changed. Returns at once."""
        self._wake.set()

    def close(self) -> None:
        """Withdraw what was announced."""
        self.link.close()

    def health(self) -> Health:
        """Whether the services are announced."""
        link = self.link
        return Health(self.name, link.state, link.detail, link.error)

    # --- in the thread -----------------------------------------------------------------------------

    def _serve(self, opened: Opened) -> None:
        while not self.link.stopping:
            services = tuple(self._services())
            if not services:
                self._pause(READY_SECONDS)
                continue
            self._announce(services, opened)

    def _pause(self, seconds: float) -> None:
        self._wake.wait(seconds)
        if not self.link.stopping:
            self._wake.clear()

    def _announce(self, services: tuple[Service, ...], opened: Opened) -> None:
        """Announce these until they, or the machine's addresses, have changed."""
        addresses = _addresses(services)
        zeroconf = _responder(tuple(dict.fromkeys(ip for found in addresses for ip in found)))
        try:
            infos = [_info(*each) for each in zip(services, addresses, strict=True)]
            if not self._register(zeroconf, infos):
                return
            self.announced = tuple(info.get_name() for info in infos)
            what = ", ".join(f"{each.kind} port {each.port}" for each in services)
            opened(f"announcing “{self.announced[0]}” at {addresses[0][0]} ({what})")
            while not self.link.stopping:
                self._pause(LOOK_SECONDS)
                if tuple(self._services()) != services or _addresses(services) != addresses:
                    return
        finally:
            self.announced = ()
            zeroconf.close()  # withdraws them

    def _register(self, zeroconf: Zeroconf, infos: Sequence[ServiceInfo]) -> bool:
        """Register all, which takes two seconds; False: this is being closed."""
        assert zeroconf.loop is not None
        registered = asyncio.run_coroutine_threadsafe(_register(zeroconf, infos), zeroconf.loop)
        registered.add_done_callback(lambda _future: self._wake.set())
        while not registered.done() and not self.link.stopping:
            self._pause(LOOK_SECONDS)
        if self.link.stopping:
            registered.cancel()
            return False
        registered.result()
        return True


def _addresses(services: Sequence[Service]) -> list[tuple[str, ...]]:
    """The addresses of each service.

    Raises:
        DeviceError: one has none.
    """
    found = [addresses_of(service.host) for service in services]
    for service, addresses in zip(services, found, strict=True):
        if not addresses:
            where = "this machine is in no network" if service.host in WILDCARDS else f"{service.host} is not IPv4"
            raise DeviceError(f"{where}, so that nothing can be announced in it")
    return found


def _responder(addresses: Sequence[str]) -> Zeroconf:
    """What answers in the network on these interfaces.

    Raises:
        DeviceError: the library is missing, or the system refuses.
    """
    try:
        from zeroconf import Zeroconf
    except ImportError as error:
        raise DeviceError(f"the package zeroconf cannot be loaded ({error}): pip install zeroconf") from error
    logging.getLogger("zeroconf").setLevel(logging.CRITICAL)  # it would log each packet that is not sent
    try:
        return Zeroconf(interfaces=list(addresses))
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DeviceError(f"multicast DNS (UDP port 5353) cannot be used ({reason})") from error


def _info(service: Service, addresses: Sequence[str]) -> ServiceInfo:
    from zeroconf import ServiceInfo

    kind = f"{service.kind}.local."
    return ServiceInfo(
        kind,
        f"{service.name}.{kind}",
        port=service.port,
        properties=service.facts,
        server=f"{mdns_name()}.",
        parsed_addresses=list(addresses),
    )


async def _register(zeroconf: Zeroconf, infos: Sequence[ServiceInfo]) -> None:
    """Announce services, under names that nobody else has."""
    await asyncio.gather(*[_register_one(zeroconf, info) for info in infos])


async def _register_one(zeroconf: Zeroconf, info: ServiceInfo) -> None:
    # The library asks by unicast. Of two programs of one machine, the system gives such an answer to either.
    name, number = info.get_name(), 1
    while await zeroconf.async_get_service_info(info.type, info.name, ASK_MILLISECONDS) is not None:
        number += 1
        if number > MOST_NUMBERS:
            raise DeviceError(f"the names “{name}” to “{name}-{MOST_NUMBERS}” are taken in this network")
        info.name = f"{name}-{number}.{info.type}"
    await zeroconf.async_register_service(info, allow_name_change=True)

"""Every port of a configuration, and whether it could be opened now.

Nothing is opened that would disturb: network ports are bound for a moment, MIDI and serial ports are only looked up
(opening a serial port restarts many microcontrollers).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterator

from impsy.config import Config
from impsy.config.localports import USUAL, named_ports
from impsy.errors import DeviceError
from impsy.io.abletonlink import link_library
from impsy.io.network import Outlet, bound
from impsy.perform.diagnostics.devices import (
    Wanted,
    find_midi_ports,
    find_serial_ports,
    wanted_midi_ports,
    wanted_serial_ports,
)
from impsy.protocol.workspace import Way

__all__ = ["check_ports"]

_WAITS = "`impsy run` opens it as soon as it is there"


def check_ports(config: Config, pages: Collection[int] = ()) -> list[Way]:
    """All ports of a configuration, in its order; ``pages``: where this workspace's own page listens, if it does."""
    return [*_midi(config), *_network(config, pages), *_serial(config), *_link(config)]


def _link(config: Config) -> Iterator[Way]:
    if config.clock.source == "link":
        try:
            link_library()
        except DeviceError as error:
            yield Way("clock.source", False, str(error), "Or choose another source in [clock]")
        else:
            yield Way("clock.source", True, "Ableton Link can be used")


def _midi(config: Config) -> Iterator[Way]:
    midi = config.midi_in_use
    if midi is None:
        return
    ports = find_midi_ports(midi.api)
    wanted = list(wanted_midi_ports(midi, ports, config.command_ports))
    if ports.error:
        hears, plays = (any(each.direction == way and each.mapped for each in wanted) for way in ("in", "out"))
        advice = f"See to that, or choose another system in [midi] api; {_WAITS}"
        yield Way("midi.api", False, ports.error, advice, hears, plays)
        return
    yield from map(_midi_check, wanted)


def _midi_check(wanted: Wanted) -> Way:
    hears = wanted.direction == "in"
    text, advice = wanted.problem, f"Plug it in, or correct the name (`impsy ports` lists all); {_WAITS}"
    if wanted.taken_by:
        text, advice = f"“{wanted.name}” {wanted.problem}", "Give a longer name, or take it out"
    if wanted.found:
        text, advice = f"“{wanted.name}” is {wanted.found}", ""
    if wanted.others:
        text += f" (the name fits {', '.join(wanted.others)} as well)"
    if wanted.renumbered:
        text += " (it differs in numbers that the system gives)"
    return Way(wanted.key, bool(wanted.found), text, advice, hears and wanted.mapped, not hears and wanted.mapped)


def _serial(config: Config) -> Iterator[Way]:
    for wanted in wanted_serial_ports(config, find_serial_ports()):
        advice = "" if wanted.found else f"Plug it in, or correct the name (`impsy ports` lists all); {_WAITS}"
        usable = bool(wanted.found)
        text = f"{wanted.name} is there"
        if not usable:
            text = f"{wanted.name} {wanted.problem}"
        elif os.name == "posix" and not os.access(wanted.found, os.R_OK | os.W_OK):
            usable, text = False, f"{wanted.name} is there, but you may not use it"
            advice = (
                f"Add yourself to the group of {wanted.found} (on Linux as a rule: sudo usermod -aG dialout $USER)"
            )
        hears, plays = (wanted.mapped and wanted.direction != other for other in ("out", "in"))
        yield Way(wanted.key, usable, text, advice, hears, plays)


# --- network ----------------------------------------------------------------------------------------


def _network(config: Config, pages: Collection[int]) -> Iterator[Way]:
    if config.osc is not None:
        osc = config.osc
        yield _listening("osc.server_port", osc.server_ip, osc.server_port, socket.SOCK_DGRAM, hears=True)
        yield _sending("osc.client_ip", osc.client_ip, osc.client_port)
    if config.websocket is not None:
        web = config.websocket
        hears, plays = bool(web.input), bool(web.output)
        yield _listening("websocket.server_port", web.server_ip, web.server_port, socket.SOCK_STREAM, hears, plays)
    monitor, command = named_ports(config)
    if command is not None or _bind("localhost", USUAL.command_port, socket.SOCK_DGRAM) is None:
        port = USUAL.command_port if command is None else command
        yield _listening("webui.command_port", "localhost", port, socket.SOCK_DGRAM)
    else:
        yield Way("webui.command_port", True, f"localhost port {USUAL.command_port} is taken: a free one will do")
    yield _watched(monitor, pages)


def _listening(
    key: str, ip: str, port: int, kind: socket.SocketKind, hears: bool = False, plays: bool = False
) -> Way:
    try:
        error = _bind(ip, port, kind)
    except DeviceError as problem:
        return Way(key, False, str(problem), "Correct the address", hears, plays)
    where = f"{ip or 'any address'} port {port}"
    if error is None:
        return Way(key, True, f"{where} is free", "", hears, plays)
    text = f"{where} cannot be listened on ({error.strerror})"
    advice = "End the other program that has it (perhaps an IMPSY that is playing), or choose another port or address"
    return Way(key, False, text, f"{advice}; {_WAITS}", hears, plays)


def _sending(key: str, ip: str, port: int) -> Way:
    outlet = Outlet(ip, port)
    try:
        outlet.open()
    except DeviceError as problem:
        return Way(key, False, str(problem), "Correct the address, or see to the network", plays=True)
    outlet.close()
    return Way(key, True, f"sends to {ip} port {port}", plays=True)


def _watched(named: int | None, pages: Collection[int]) -> Way:
    """The web interface listens on the monitor port, and the session sends to it."""
    key, port = "webui.monitor_port", named or USUAL.monitor_port
    for own in pages:
        if named in (None, own):
            return Way(key, True, f"localhost port {own} is listened on by this workspace's page")
    if _bind("localhost", port, socket.SOCK_DGRAM) is None:
        return Way(key, True, f"localhost port {port} is free; no web interface listens yet")
    if named is None:
        return Way(key, True, f"localhost port {port} is taken: the page takes a free one")
    text = f"localhost port {port} is taken by another program, perhaps the page of another workspace: the page of "
    text += "this one cannot hear a session"
    return Way(key, False, text, "Leave monitor_port out of [webui], so that a free one is taken, or give another")


def _bind(ip: str, port: int, kind: socket.SocketKind) -> OSError | None:
    """Bind a port for a moment; returns the system's error if it refuses.

    Raises:
        DeviceError: there is no such host.
    """
    try:
        with bound(ip, port, kind):
            return None
    except OSError as error:
        return error

"""The machine's ports over HTTP: what there is, what the configuration means by it, and learning by moving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from impsy.config import Config
from impsy.config.document import ConfigDocument
from impsy.config.earlier.upgrade import upgrade
from impsy.config.learnt import device_name
from impsy.errors import ConfigError, DeviceError
from impsy.perform.diagnostics.devices import (
    FoundMidi,
    Wanted,
    ports_meant,
    short_name,
    wanted_midi_ports,
    wanted_serial_ports,
)
from impsy.perform.diagnostics.ways import Way, ways_of
from impsy.protocol.workspace import Devices, Listening, MidiPort, MidiPorts, PortWay, SerialPort
from impsy.web.config.drafts import read_draft
from impsy.web.config.file import ConfigFile
from impsy.web.devices.learning import Learning
from impsy.web.devices.learning import Way as LearnWay
from impsy.web.devices.watching import DevicesWatcher
from impsy.web.parts import part
from impsy.web.server.endpoints import Body, Call, Endpoint
from impsy.web.site import Site

__all__ = ["ENDPOINTS", "session_ways", "ways_now"]

_IDLE = ("stopped", "failed")
"""States of a session that holds no ports."""


_KEPT_BY_SESSION = "Perhaps the session that plays has it: stop that, learn, and start it again."
"""Some systems (Windows) let a port be opened once only."""


class LearnBody(Body):
    """``output``: names are those for an output, as when a synthesiser's own knobs are moved."""

    way: LearnWay = "input"


def _devices(call: Call) -> Devices:
    site = call.site
    config = _config(site)
    state = site.link.state
    found = _watcher(site).look(config.midi.api if config is not None and config.midi is not None else None)
    health = _health(state)
    midi: list[Wanted] = []
    serial: list[Wanted] = []
    if config is not None:
        midi = list(wanted_midi_ports(config.midi, found.midi)) if config.midi is not None else []
        serial = list(wanted_serial_ports(config, found.serial))
    return Devices(
        MidiPorts(
            found.midi.system,
            _midi_ports(found.midi, "in", midi, health),
            _midi_ports(found.midi, "out", midi, health),
            found.midi.error,
        ),
        [
            SerialPort(port.path, port.stable_path, port.description, *_use(port.path, serial, health))
            for port in found.serial.ports
        ],
        found.serial.error,
        [_way(way) for way in ways_now(site, config, state)],
        _learning(site).on,
    )


def _midi_ports(
    found: FoundMidi, way: Literal["in", "out"], wanted: Iterable[Wanted], health: dict[str, dict[str, Any]]
) -> list[MidiPort]:
    ports = found.inputs if way == "in" else found.outputs
    here = [each for each in wanted if each.direction == way]
    return [MidiPort(port, short_name(port, ports), *_use(port, here, health)) for port in ports]


def _use(port: str, wanted: Iterable[Wanted], health: dict[str, dict[str, Any]]) -> tuple[str, str | None, str]:
    """By what name a port is wanted, its state in the session, and what is wrong there."""
    for each in wanted:
        if each.found == port:
            name = (
                f"midi {each.direction} {each.name}" if each.key.startswith("midi.") else each.key.partition(".")[0]
            )
            told = health.get(name, {})
            return each.name, told.get("state"), str(told.get("error", ""))
    return "", None, ""


def ways_now(site: Site, config: Config | None, state: dict[str, Any] | None) -> list[Way]:
    """What the configuration asks for, and how that does: by the session while one plays, as it has the ports.

    Nothing while one starts or ends: to try a port then could take it from that.
    """
    if state is not None:
        return session_ways(state)
    if config is None or site.supervisor.status()["status"] not in _IDLE:
        return []
    return ways_of(config)


def session_ways(state: dict[str, Any]) -> list[Way]:
    """The ports of a session that plays, from its ``/monitor/state``."""
    ways = []
    for name, told in _health(state).items():
        usable = told.get("state") in ("open", "receiving")
        text = " ".join(filter(None, ("works" if usable else "waits", str(told.get("detail") or ""))))
        error = str(told.get("error") or "")
        if error:
            text = error
        advice = "" if usable else "It is taken up as soon as it is there"
        hears, plays = not name.startswith("midi out"), not name.startswith("midi in")
        ways.append(Way(name, usable, text, advice, hears, plays))
    return ways


def _health(state: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    ports = (state or {}).get("ports")
    listed = ports if isinstance(ports, list) else []
    return {str(port["name"]): port for port in listed if isinstance(port, dict) and "name" in port}


def _way(way: Way) -> PortWay:
    return PortWay(way.key, way.usable, way.text, way.advice, way.hears, way.plays)


def _config(site: Site) -> Config | None:
    """The configuration; None where there is none that is in order."""
    content = ConfigFile(site.workspace).content()
    if content is None:
        return None
    loaded = read_draft(content.decode(errors="replace"), site.workspace.config).loaded
    return loaded.config if loaded else None


# --- learning ----------------------------------------------------------------------------------------


def _learn(call: Call) -> Listening:
    site, way = call.site, call.body(LearnBody).way
    content = ConfigFile(site.workspace).content()
    api = None
    document: ConfigDocument | None = None
    if content is not None:
        try:
            document = ConfigDocument(content.decode(errors="replace"))
            upgrade(document, whole_lists=True)
            told = document.get("midi.api")
            api = told if isinstance(told, str) else None
        except ConfigError:
            document = None

    def name(port: str, inputs: Sequence[str]) -> str:
        known = None
        if document is not None:
            known = device_name(document, way, port, None, lambda names: ports_meant(names, inputs))
        return known or short_name(port, inputs)

    try:
        heard = _learning(site).start(name, api)
    except DeviceError as error:
        if site.link.state is None or not _watcher(site).look(api).midi.inputs:
            raise
        raise DeviceError(f"{error}. {_KEPT_BY_SESSION}") from error
    note = ""
    if heard.others:
        note = f"{', '.join(heard.others)} cannot be heard: another program keeps it to itself."
        note += f" {_KEPT_BY_SESSION}" if site.link.state is not None else ""
    return Listening(True, list(heard.ports), list(heard.others), note)


def _stop_learning(call: Call) -> Listening:
    _learning(call.site).stop()
    return Listening(False, [], [])


def _learning(site: Site) -> Learning:
    return part(site, "learning", lambda: Learning(site.hub.send))


def _watcher(site: Site) -> DevicesWatcher:
    return part(site, "devices", lambda: DevicesWatcher(lambda: site.hub.changed("devices")))


ENDPOINTS = (
    Endpoint("GET", "/api/devices", _devices, "MIDI and serial ports, and what is made of them", returns=Devices),
    Endpoint(
        "POST", "/api/learn", _learn, "listen to all MIDI inputs; what moves is told by the WebSocket",
        body=LearnBody, returns=Listening,
    ),
    Endpoint("DELETE", "/api/learn", _stop_learning, "listen no more", returns=Listening),
)  # fmt: skip

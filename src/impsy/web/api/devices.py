"""The machine's ports over HTTP: what there is, what the configuration means by it, and mapping by moving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from impsy.config.controllers import controller_at
from impsy.config.document import ConfigDocument
from impsy.config.learnt import device_name
from impsy.config.upgrade import upgrade
from impsy.errors import ConfigError, DeviceError
from impsy.mapping.entries import entry_to_list
from impsy.perform.diagnostics.devices import (
    FoundMidi,
    Wanted,
    ports_meant,
    short_name,
    wanted_midi_ports,
    wanted_serial_ports,
)
from impsy.protocol.workspace import ControllerPreset, Devices, Listening, MidiPort, MidiPorts, SerialPort
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.config.file import ConfigFile
from impsy.web.config.labels import Way
from impsy.web.devices.ways import ports_of_session, ways_now
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()

_KEPT_BY_SESSION = "Perhaps the session that plays has it: stop that, learn, and start it again."
"""Some systems (Windows) let a port be opened once only."""


class LearnBody(Body):
    """``output``: names are those for an output, as when a synthesiser's own knobs are moved."""

    way: Way = "input"


@ENDPOINTS.add("GET", "/api/devices", "MIDI and serial ports, and what is made of them")
def devices(site: Site) -> Devices:
    config, state = site.config.config, site.link.state
    wanted = config.midi_in_use if config is not None else None
    found = site.devices.look(wanted.api if wanted is not None else None)
    ports = ports_of_session(state)
    commanding = config.command_ports if config is not None else {}
    midi = list(wanted_midi_ports(wanted, found.midi, commanding)) if wanted is not None else []
    serial = list(wanted_serial_ports(config, found.serial)) if config is not None else []
    return Devices(
        MidiPorts(
            found.midi.system,
            _midi_ports(found.midi, "in", midi, ports),
            _midi_ports(found.midi, "out", midi, ports),
            found.midi.error,
        ),
        [
            SerialPort(port.path, port.stable_path, port.description, *_use(port.path, serial, ports))
            for port in found.serial.ports
        ],
        found.serial.error,
        ways_now(config, state, site.supervisor.status()["status"], site.link.listening),
        site.mapping.on,
    )


def _midi_ports(
    found: FoundMidi, way: Literal["in", "out"], wanted: Iterable[Wanted], ports: dict[str, dict[str, Any]]
) -> list[MidiPort]:
    names = found.inputs if way == "in" else found.outputs
    here = [each for each in wanted if each.direction == way]
    presets = [_preset(name) if way == "in" else None for name in names]
    return [
        MidiPort(name, short_name(name, names), *_use(name, here, ports), preset)
        for name, preset in zip(names, presets, strict=True)
    ]


def _preset(port: str) -> ControllerPreset | None:
    found = controller_at(port)
    if found is None:
        return None
    return ControllerPreset(
        found.name, found.about, found.advice, [entry_to_list(each) for each in found.mapping], list(found.parts)
    )


def _use(port: str, wanted: Iterable[Wanted], ports: dict[str, dict[str, Any]]) -> tuple[str, str | None, str]:
    """By what name a port is wanted, its state in the session, and what is wrong there."""
    for each in wanted:
        if each.found == port:
            section = each.key.partition(".")[0]
            name = f"midi {each.direction} {each.name}" if section in ("midi", "commands") else section
            port_now = ports.get(name, {})
            return each.name, port_now.get("state"), str(port_now.get("error", ""))
    return "", None, ""


# --- learning ----------------------------------------------------------------------------------------


@ENDPOINTS.add("POST", "/api/learn", "listen to all MIDI inputs; what moves is sent by the WebSocket")
def learn(site: Site, body: LearnBody) -> Listening:
    document = _document(site.config)
    api = None if document is None else document.get("midi.api")
    api = api if isinstance(api, str) else None

    def name(port: str, inputs: Sequence[str]) -> str:
        known = None
        if document is not None:
            known = device_name(document, body.way, port, None, lambda names: ports_meant(names, inputs))
        return known or short_name(port, inputs)

    try:
        heard = site.mapping.start(name, api)
    except DeviceError as error:
        if site.link.state is None or not site.devices.look(api).midi.inputs:
            raise
        raise DeviceError(f"{error}. {_KEPT_BY_SESSION}") from error
    note = ""
    if heard.others:
        note = f"{', '.join(heard.others)} cannot be heard: another program keeps it to itself."
        note += f" {_KEPT_BY_SESSION}" if site.link.state is not None else ""
    return Listening(True, list(heard.ports), list(heard.others), note)


def _document(file: ConfigFile) -> ConfigDocument | None:
    """The configuration in the present form; None: there is none, or it is no TOML."""
    content = file.content()
    if content is None:
        return None
    try:
        document = ConfigDocument(content.decode(errors="replace"))
        upgrade(document, whole_lists=True)
    except ConfigError:
        return None
    return document


@ENDPOINTS.add("DELETE", "/api/learn", "listen no more")
def stop_learning(site: Site) -> Listening:
    site.mapping.stop()
    return Listening(False, [], [])

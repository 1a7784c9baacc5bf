"""The MIDI and serial ports of this machine, and which of them a configuration's names mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from impsy.config import Config, MidiConfig
from impsy.errors import DeviceError
from impsy.io.midi_system import matching_ports, open_midi_system, virtual_name
from impsy.io.serialport import PortInfo, list_serial_ports

__all__ = [
    "MidiPorts",
    "SerialPorts",
    "Wanted",
    "find_midi_ports",
    "find_serial_ports",
    "wanted_midi_ports",
    "wanted_serial_ports",
]


@dataclass(frozen=True, slots=True)
class MidiPorts:
    """The ports of a MIDI system, its own name (``ALSA``), or why there is none (``error``)."""

    system: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class SerialPorts:
    """The serial ports, or why they cannot be listed."""

    ports: tuple[PortInfo, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that a configuration names.

    ``found`` is the port that would be opened; where there is none it is empty and ``problem`` says why, as the end
    of a sentence. ``others`` are further ports that the name would fit. ``mapped``: it has a mapping, so that
    something is heard or played.
    """

    key: str
    direction: Literal["in", "out", "both"]
    name: str
    found: str = ""
    problem: str = ""
    others: tuple[str, ...] = field(default=())
    mapped: bool = True


def find_midi_ports(api: str | None = None) -> MidiPorts:
    """The ports of the MIDI system of this name, or of the first that works here. Raises nothing."""
    try:
        system = open_midi_system(api)
    except DeviceError as error:
        return MidiPorts(error=str(error))
    try:
        return MidiPorts(system.name, system.ports("in"), system.ports("out"))
    except DeviceError as error:
        return MidiPorts(system.name, error=str(error))
    finally:
        system.close()


def find_serial_ports() -> SerialPorts:
    """The serial ports of this machine. Raises nothing."""
    try:
        return SerialPorts(tuple(list_serial_ports()))
    except DeviceError as error:
        return SerialPorts(error=str(error))


def wanted_midi_ports(midi: MidiConfig, ports: MidiPorts) -> Iterator[Wanted]:
    """Each name in ``in_device`` and ``out_device``, and the port that it means."""
    for index, name in enumerate(midi.in_device):
        yield _wanted_midi(f"midi.in_device[{index}]", "in", name, ports, bool(midi.input.get(name)))
    for index, name in enumerate(midi.out_device):
        yield _wanted_midi(f"midi.out_device[{index}]", "out", name, ports, bool(midi.output.get(name)))


def _wanted_midi(key: str, direction: Literal["in", "out"], name: str, ports: MidiPorts, mapped: bool) -> Wanted:
    if ports.error:
        return Wanted(key, direction, name, problem=ports.error, mapped=mapped)
    if virtual_name(name) is not None:
        return Wanted(key, direction, name, found=f"a port that IMPSY makes, {virtual_name(name)}", mapped=mapped)
    found = matching_ports(name, ports.inputs if direction == "in" else ports.outputs)
    if not found:
        problem = f"“{name}” is in the name of no MIDI {'input' if direction == 'in' else 'output'} that is there"
        return Wanted(key, direction, name, problem=problem, mapped=mapped)
    return Wanted(key, direction, name, found[0], others=tuple(found[1:]), mapped=mapped)


def wanted_serial_ports(config: Config) -> Iterator[Wanted]:
    """The ports of ``[serial]`` and ``[serialmidi]``, and whether they are there."""
    ports = find_serial_ports()
    if config.serial is not None and not config.serial_stays_closed:
        yield _wanted_serial("serial.port", "both", config.serial.port, ports)
    if config.serialmidi is not None and config.serialmidi_port is not None:
        section = config.serialmidi
        direction: Literal["in", "out", "both"] = "both"
        if bool(section.input) != bool(section.output):
            direction = "in" if section.input else "out"
        yield _wanted_serial(
            "serialmidi.port", direction, config.serialmidi_port, ports, bool(section.input or section.output)
        )


def _wanted_serial(
    key: str, direction: Literal["in", "out", "both"], name: str, ports: SerialPorts, mapped: bool = True
) -> Wanted:
    listed = {known.casefold() for port in ports.ports for known in (port.path, port.stable_path)}
    # Pseudo-terminals and the like are listed nowhere, but exist as files.
    if name.casefold() in listed or Path(name).exists():
        return Wanted(key, direction, name, name, mapped=mapped)
    return Wanted(key, direction, name, problem="is not there", mapped=mapped)

"""The MIDI and serial ports of this machine, and which of them a configuration's names mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from impsy.config import Config, MidiConfig
from impsy.config.positions import format_path
from impsy.errors import DeviceError
from impsy.io.midi.portnames import Direction, Fit, Meaning, assign_ports, matching_ports
from impsy.io.midi.ports import virtual_name
from impsy.io.midi.system import open_midi_system
from impsy.io.serial.port import PortInfo, list_serial_ports

__all__ = [
    "FoundMidi",
    "FoundSerial",
    "Wanted",
    "find_midi_ports",
    "find_serial_ports",
    "ports_meant",
    "short_name",
    "wanted_midi_ports",
    "wanted_serial_ports",
]


@dataclass(frozen=True, slots=True)
class FoundMidi:
    """The ports of a MIDI system, its own name (``ALSA``), or why there is none (``error``)."""

    system: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class FoundSerial:
    """The serial ports, or why they cannot be listed."""

    ports: tuple[PortInfo, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that a configuration names.

    ``found`` is the port that would be opened; where there is none it is empty and ``problem`` says why, as the end
    of a sentence. ``others`` are further ports that the name fits as well. ``renumbered``: it only fits once the
    numbers that the system gives are left out. ``taken_by`` is the name that means the only port that this one fits.
    ``mapped``: it has a mapping, so that something is heard or played.
    """

    key: str
    direction: Literal["in", "out", "both"]
    name: str
    found: str = ""
    problem: str = ""
    others: tuple[str, ...] = field(default=())
    mapped: bool = True
    renumbered: bool = False
    taken_by: str = ""


def find_midi_ports(api: str | None = None) -> FoundMidi:
    """The ports of the MIDI system of this name, or of the first that works here. Raises nothing."""
    try:
        system = open_midi_system(api)
    except DeviceError as error:
        return FoundMidi(error=str(error))
    try:
        return FoundMidi(system.name, system.ports("in"), system.ports("out"))
    except DeviceError as error:
        return FoundMidi(system.name, error=str(error))
    finally:
        system.close()


_CHANGING_NUMBERS = re.compile(r" \d+(:\d+)?$")
"""What ALSA (client and port) and Windows (the order) append to a name; it changes when devices are plugged in."""

_BRIDGES = ("a2j", "midi-bridge", "system")
"""JACK's clients that stand for all devices: their names identify none."""


def short_name(port: str, ports: Sequence[str]) -> str:
    """A name for a configuration that means this one of ``ports``, and does so when it is plugged in again."""
    lasting = _CHANGING_NUMBERS.sub("", port)
    client = lasting.partition(":")[0].strip()
    names = [name for name in (client, lasting) if len(name) > 2 and name.casefold() not in _BRIDGES]
    return next((name for name in names if matching_ports(name, ports) == [port]), port)


def find_serial_ports() -> FoundSerial:
    """The serial ports of this machine. Raises nothing."""
    try:
        return FoundSerial(tuple(list_serial_ports()))
    except DeviceError as error:
        return FoundSerial(error=str(error))


def wanted_midi_ports(
    midi: MidiConfig, ports: FoundMidi, commanding: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Wanted]:
    """Each name in ``in_device`` and ``out_device``, and the port that it means.

    ``commanding`` are the ports that commands name, each with one of these commands; those that are not listed are
    inputs, too.
    """
    unlisted = {name: command for name, command in commanding.items() if name not in midi.in_device}
    more = {name: format_path(("commands", command)) for name, command in unlisted.items()}
    names, mapped = (*midi.in_device, *more), dict(midi.input) | dict.fromkeys(commanding, True)
    yield from _wanted_one_direction("in", names, ports.inputs, ports.error, mapped, more)
    yield from _wanted_one_direction("out", midi.out_device, ports.outputs, ports.error, midi.output)


def ports_meant(names: Sequence[str], ports: Sequence[str]) -> dict[str, str]:
    """The port that each name of ``in_device`` or ``out_device`` means, where there is one for it."""
    return {name: meaning.port for name, meaning in _meanings(names, ports).items() if meaning.port is not None}


def _meanings(names: Sequence[str], ports: Sequence[str]) -> dict[str, Meaning]:
    """What the names of one direction mean among these ports, as ``impsy run`` opens them."""
    return assign_ports((name for name in names if virtual_name(name) is None), ports)


def _wanted_one_direction(
    direction: Direction,
    names: Sequence[str],
    ports: Sequence[str],
    error: str,
    mappings: Mapping[str, object],
    keys: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Wanted]:
    meant = _meanings(names, ports)
    for index, name in enumerate(names):
        meaning = meant.get(name, Meaning())
        key = keys.get(name, f"midi.{direction}_device[{index}]")
        yield _wanted_midi(key, direction, name, meaning, error, bool(mappings.get(name)))


def _wanted_midi(key: str, direction: Direction, name: str, meaning: Meaning, error: str, mapped: bool) -> Wanted:
    if error:
        return Wanted(key, direction, name, problem="cannot be found, as no MIDI system works here", mapped=mapped)
    if virtual_name(name) is not None:
        return Wanted(key, direction, name, found=f"a port that IMPSY makes, {virtual_name(name)}", mapped=mapped)
    if meaning.taken:
        problem = f"fits {meaning.taken}, which “{meaning.taken_by}” means already"
        return Wanted(key, direction, name, problem=problem, mapped=mapped, taken_by=meaning.taken_by)
    if meaning.port is None:
        problem = f"“{name}” is in the name of no MIDI {'input' if direction == 'in' else 'output'} that is there"
        return Wanted(key, direction, name, problem=problem, mapped=mapped)
    renumbered = meaning.fit is Fit.RENUMBERED
    return Wanted(key, direction, name, meaning.port, others=meaning.others, mapped=mapped, renumbered=renumbered)


def wanted_serial_ports(config: Config, ports: FoundSerial) -> Iterator[Wanted]:
    """The ports of ``[serial]`` and ``[serialmidi]``, and whether they are there."""
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
    key: str, direction: Literal["in", "out", "both"], name: str, ports: FoundSerial, mapped: bool = True
) -> Wanted:
    named = (
        port.path for port in ports.ports if name.casefold() in (port.path.casefold(), port.stable_path.casefold())
    )
    # Pseudo-terminals and the like are listed nowhere, but exist as files.
    found = next(named, name if Path(name).exists() else "")
    return Wanted(key, direction, name, found, "" if found else "is not there", mapped=mapped)

"""The MIDI ports of a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from impsy.config import MidiConfig
from impsy.io.adapter import Adapter
from impsy.io.commands import CommandPort
from impsy.io.feedback import FeedbackGuard
from impsy.io.midi.adapter import MidiInput, MidiOutput
from impsy.io.midi.portnames import Direction
from impsy.io.midi.ports import virtual_name
from impsy.io.midi.system import SharedMidi
from impsy.mapping.commands import OTHER_PORTS, Assigned
from impsy.mapping.entries import MappingEntry
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.perform.building.ports import Port

__all__ = ["MidiPorts", "commands_at", "input_name", "output_name"]

Mappings = Mapping[str, tuple[MappingEntry, ...]]


def input_name(device: str) -> str:
    """The name that an input's adapter has, and its events carry."""
    return f"midi in {device}"


def output_name(device: str) -> str:
    """The name that an output's adapter has."""
    return f"midi out {device}"


def commands_at(port: str, assigned: Assigned) -> Assigned:
    """Those of the commands that come from the port of this name: its own, and those of any port."""
    return tuple(pair for pair in assigned if pair[1].port in ("", port))


class MidiPorts:
    """Makes ports of ``[midi]`` sections, one after the other, that share a MIDI system and what was sent by it.

    A device without a mapping is opened, too, so that the list of ports shows it; its messages are ignored, or it is
    sent nothing, as the configuration's warnings say. A device that commands is opened even if it is not listed: its
    input, and its output, where it has one, to show the state.

    Args:
        lights: whether such outputs are opened.
    """

    def __init__(self, *, lights: bool = True) -> None:
        self._lights = lights
        self._commands: dict[str, CommandPort] = {}
        self._systems: dict[str | None, SharedMidi] = {}
        self._guards: dict[float, FeedbackGuard] = {}

    def __call__(self, midi: MidiConfig, assigned: Assigned = (), *, follows: bool = False) -> Iterator[Port]:
        """One port for each device that the section lists, or that commands: outputs first, to miss nothing.

        ``follows``: whether the clock of inputs is heard.
        """
        system = self._systems.setdefault(midi.api, SharedMidi(midi.api))
        guard = None
        if midi.feedback_protection:
            guard = self._guards.setdefault(midi.feedback_threshold, FeedbackGuard(midi.feedback_threshold))
        named = {entry.port for _, entry in assigned if entry.port not in ("", *OTHER_PORTS)}
        inputs = dict.fromkeys((*midi.in_device, *sorted(named)))
        unlisted = sorted(named - set(midi.out_device)) if self._lights else []
        devices_of: dict[Direction, tuple[str, ...]] = {"in": tuple(inputs), "out": (*midi.out_device, *unlisted)}
        for direction, devices in devices_of.items():
            system.claims.plan(direction, (device for device in devices if virtual_name(device) is None))
        shared = (midi.api, midi.feedback_threshold if guard is not None else None)
        for device in (*inputs, *midi.out_device):
            commands = commands_at(device, assigned) if device in inputs else ()
            self._command_port(device).remap(commands, midi.feedback_threshold)
        for device in dict.fromkeys(midi.out_device):
            yield _output(device, system, midi.output, guard, self._commands[device], shared)
        for device in unlisted:
            yield _lights(device, system, guard, self._commands[device], shared)
        for device in inputs:
            yield _input(device, system, midi.input, guard, self._commands[device], shared, follows=follows)

    def _command_port(self, device: str) -> CommandPort:
        """The commands of a device, which its input and its output share for as long as they are open."""
        return self._commands.setdefault(device, CommandPort(input_name(device)))


Shared = tuple[object, ...]
"""What ports of one system have in common and cannot change while they are open."""


def _output(
    device: str,
    system: SharedMidi,
    mappings: Mappings,
    guard: FeedbackGuard | None,
    commands: CommandPort,
    shared: Shared,
) -> Port:
    def mapping() -> OutputMapping | None:
        return OutputMapping(mappings[device]) if mappings.get(device) else None

    def remap(adapter: Adapter) -> None:
        if isinstance(adapter, MidiOutput):
            adapter.remap(mapping())

    def make() -> Adapter:
        return MidiOutput(device, system, mapping(), guard, commands=commands)

    return Port((output_name(device), *shared), make, remap, mappings.get(device))


def _lights(
    device: str, system: SharedMidi, guard: FeedbackGuard | None, commands: CommandPort, shared: Shared
) -> Port:
    def make() -> Adapter:
        return MidiOutput(device, system, None, guard, commands=commands, quiet=True)

    return Port((output_name(device), "lights", *shared), make)


def _input(
    device: str,
    system: SharedMidi,
    mappings: Mappings,
    guard: FeedbackGuard | None,
    commands: CommandPort,
    shared: Shared,
    *,
    follows: bool,
) -> Port:
    def mapping() -> InputMapping | None:
        return InputMapping(mappings[device]) if mappings.get(device) else None

    def remap(adapter: Adapter) -> None:
        if isinstance(adapter, MidiInput):
            adapter.remap(mapping(), follows=follows)

    def make() -> MidiInput:
        return MidiInput(device, system, mapping(), guard, commands=commands, follows=follows)

    return Port((input_name(device), *shared), make, remap, mapping=(mappings.get(device), follows))

"""What MIDI messages mean to a configuration, beside the controls that they change."""

from __future__ import annotations

from collections.abc import Collection

from impsy.config import Config
from impsy.mapping.commanding import CommandMapping
from impsy.mapping.commands import OTHER_PORTS
from impsy.mapping.entries import Mapping
from impsy.mapping.words import why_ignored
from impsy.perform.building.midi import commands_at, input_name

__all__ = ["Meanings"]


class Meanings:
    """The commands and the mappings of the inputs that receive MIDI messages, by the names of their adapters."""

    def __init__(self, config: Config) -> None:
        self._mappings = _mappings(config)
        self._commands = _commands(config)

    @property
    def ports(self) -> Collection[str]:
        """The names of those inputs."""
        return self._commands.keys()

    def command(self, port: str, message: bytes) -> str:
        """The name of the command that a message at a port belongs to; empty: of none."""
        commands = self._commands.get(port)
        command = None if commands is None else commands.owner(message)
        return "" if command is None else command.name

    def why_ignored(self, port: str, message: bytes) -> str:
        """Why a message at a port that changes nothing does not, as the end of a sentence."""
        mapping = self._mappings.get(port)
        return why_ignored(mapping, message) if mapping else "this port has no input mapping"


def _mappings(config: Config) -> dict[str, Mapping]:
    found: dict[str, Mapping] = {}
    if config.midi is not None:
        found |= {input_name(name): config.midi.input.get(name, ()) for name in config.midi.in_device}
    for section in ("websocket", "serialmidi"):
        table = getattr(config, section)
        if table is not None:
            found[section] = table.input
    return found


def _commands(config: Config) -> dict[str, CommandMapping]:
    assigned = config.assigned
    devices = config.midi.in_device if config.midi is not None else ()
    named = (entry.port for _, entry in assigned if entry.port and entry.port not in OTHER_PORTS)
    ports = {input_name(device): device for device in (*devices, *named)} | {name: name for name in OTHER_PORTS}
    return {name: CommandMapping(commands_at(port, assigned)) for name, port in ports.items()}

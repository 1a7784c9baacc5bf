"""The serial ports of a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from impsy.config import Config, SerialConfig, SerialMidiConfig
from impsy.io.adapter import Adapter
from impsy.io.commands import CommandPort
from impsy.io.serial.csv import SerialAdapter
from impsy.io.serial.midi import SerialMidiAdapter
from impsy.perform.building.ports import Port

__all__ = ["serial_ports"]


def serial_ports(config: Config, commands: CommandPort) -> Iterator[Port]:
    """The ports of ``[serial]`` and ``[serialmidi]``. One port for both is the latter's, which has a mapping.

    ``commands`` are those of serial MIDI.
    """
    if config.serial is not None and not config.serial_stays_closed:
        yield _lines(config.serial, config.model.dimension - 1)
    if config.serialmidi is not None and config.serialmidi_port is not None:
        yield _midi(config.serialmidi, config.serialmidi_port, commands)


def _lines(config: SerialConfig, controls: int) -> Port:
    identity = ("serial", config.port, config.baudrate, controls)
    return Port(identity, lambda: SerialAdapter(config.port, config.baudrate, controls))


def _midi(config: SerialMidiConfig, port: str, commands: CommandPort) -> Port:
    def remap(adapter: Adapter) -> None:
        if isinstance(adapter, SerialMidiAdapter):
            adapter.remap(config.input, config.output)

    mapping = (config.input, config.output)
    return Port(("serialmidi", port), lambda: SerialMidiAdapter(port, *mapping, commands=commands), remap, mapping)

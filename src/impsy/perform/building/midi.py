"""The MIDI ports of a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from impsy.config import MidiConfig
from impsy.io.adapter import Adapter
from impsy.io.feedback import FeedbackGuard
from impsy.io.midi.adapter import MidiInput, MidiOutput
from impsy.io.midi.portnames import Direction
from impsy.io.midi.ports import virtual_name
from impsy.io.midi.system import SharedMidi
from impsy.mapping.entries import MappingEntry
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping
from impsy.perform.building.ports import Port

__all__ = ["MidiPorts", "input_name", "output_name"]

Mappings = Mapping[str, tuple[MappingEntry, ...]]


def input_name(device: str) -> str:
    """The name that an input's adapter has, and its events carry."""
    return f"midi in {device}"


def output_name(device: str) -> str:
    """The name that an output's adapter has."""
    return f"midi out {device}"


class MidiPorts:
    """Makes ports of ``[midi]`` sections, one after the other, that share a MIDI system and what was sent by it.

    A device without a mapping is opened, too, so that the list of ports shows it; its messages are ignored, or it is
    sent nothing, as the configuration's warnings say.
    """

    def __init__(self) -> None:
        self._systems: dict[str | None, SharedMidi] = {}
        self._guards: dict[float, FeedbackGuard] = {}

    def __call__(self, midi: MidiConfig, *, follows: bool = False) -> Iterator[Port]:
        """One port for each device that the section lists: outputs first, so that they miss nothing.

        ``follows``: whether the clock of inputs is heard.
        """
        system = self._systems.setdefault(midi.api, SharedMidi(midi.api))
        guard = None
        if midi.feedback_protection:
            guard = self._guards.setdefault(midi.feedback_threshold, FeedbackGuard(midi.feedback_threshold))
        devices_of: dict[Direction, tuple[str, ...]] = {"in": midi.in_device, "out": midi.out_device}
        for direction, devices in devices_of.items():
            system.claims.plan(direction, (device for device in devices if virtual_name(device) is None))
        shared = (midi.api, midi.feedback_threshold if guard is not None else None)
        for device in dict.fromkeys(midi.out_device):
            yield _output(device, system, midi.output, guard, shared)
        for device in dict.fromkeys(midi.in_device):
            yield _input(device, system, midi.input, guard, shared, follows=follows)


def _output(
    device: str, system: SharedMidi, mappings: Mappings, guard: FeedbackGuard | None, shared: tuple[object, ...]
) -> Port:
    def mapping() -> OutputMapping | None:
        return OutputMapping(mappings[device]) if mappings.get(device) else None

    def remap(adapter: Adapter) -> None:
        if isinstance(adapter, MidiOutput):
            adapter.remap(mapping())

    identity = (output_name(device), *shared)
    return Port(identity, lambda: MidiOutput(device, system, mapping(), guard), remap, mappings.get(device))


def _input(
    device: str,
    system: SharedMidi,
    mappings: Mappings,
    guard: FeedbackGuard | None,
    shared: tuple[object, ...],
    *,
    follows: bool,
) -> Port:
    def mapping() -> InputMapping | None:
        return InputMapping(mappings[device]) if mappings.get(device) else None

    def remap(adapter: Adapter) -> None:
        if isinstance(adapter, MidiInput):
            adapter.remap(mapping(), follows=follows)

    def make() -> MidiInput:
        return MidiInput(device, system, mapping(), guard, follows=follows)

    return Port((input_name(device), *shared), make, remap, mapping=(mappings.get(device), follows))

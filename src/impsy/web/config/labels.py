"""What each control is, as structure and in words: from the mappings of a configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from impsy.config import Config, hands_of
from impsy.mapping.entries import ControlChange, ControlKind, MappingEntry, NoteOn, kind_of
from impsy.mapping.hands import Hand
from impsy.protocol.workspace import Control, EntryName, MappedEntry

__all__ = ["Way", "controls_of", "describe_entry", "unmapped"]

MOST_CONTROLS = 1024
"""More are not shown: a dimension may be any number."""


_ALWAYS_WITH_CHANNEL = ("note", "velocity")


def describe_entry(entry: MappingEntry) -> str:
    """An entry in words: ``control 7, channel 1``."""
    words = kind_of(entry).words.sentence.format(controller=getattr(entry, "controller", ""))
    text = f"{words}, channel {entry.channel}"
    if isinstance(entry, NoteOn) and entry.velocity is not None:
        text += f", velocity {entry.velocity}"
    if isinstance(entry, ControlChange) and (entry.minimum, entry.maximum) != (0, 127):
        text += f", from {entry.minimum} to {entry.maximum}"
    return text


def controls_of(config: Config) -> list[Control]:
    """The controls of a configuration, in its order (at most 1024)."""
    count = min(config.model.dimension - 1, MOST_CONTROLS)
    columns = [(_column(config, index, "input"), _column(config, index, "output")) for index in range(count)]
    short = Counter(_labels(received or sent, index) for index, (received, sent) in enumerate(columns))
    hands = dict(enumerate(hands_of(config)))
    controls = []
    for index, (received, sent) in enumerate(columns):
        hand = hands.get(index, Hand())
        label = _labels(received or sent, index)
        if short[label] > 1:
            label = _labels(received or sent, index, with_channel=True)
        controls.append(
            Control(
                index,
                hand.name or label,
                _kind(received or sent),
                _kind(sent or received),
                (sent or received)[0][1].channel if sent or received else None,
                [*_in_words(received), *_unmapped_ports(config, index, "input")],
                [*_in_words(sent), *_unmapped_ports(config, index, "output")],
                [_structure(*each) for each in received],
                [_structure(*each) for each in sent],
                hand.enabled,
                hand.gate,
            )
        )
    return _distinct(controls)


def unmapped(count: int) -> list[Control]:
    """Controls without a mapping."""
    return [
        Control(index, f"x {index + 1}", "value", "value", None, [], [], [], [], True, None)
        for index in range(min(count, MOST_CONTROLS))
    ]


Way = Literal["input", "output"]
Column = Sequence[tuple[str, MappingEntry]]
"""The entries for one control, each with the name of its port or section."""


def _column(config: Config, index: int, way: Way) -> Column:
    """The entries in the mappings in use."""
    return [(name, mapping[index]) for name, mapping in _mappings(config, way)]


def _mappings(config: Config, way: Way) -> Iterator[tuple[str, Sequence[MappingEntry]]]:
    """The mappings in use, each with the name of its port or section."""
    if config.midi is not None:
        devices = config.midi.in_device if way == "input" else config.midi.out_device
        by_port = config.midi.input if way == "input" else config.midi.output
        yield from ((name, by_port[name]) for name in dict.fromkeys(devices) if by_port.get(name))
    for section, name in ((config.websocket, "WebSocket"), (config.serialmidi, "serial MIDI")):
        if section is not None and (mapping := section.input if way == "input" else section.output):
            yield name, mapping


def _in_words(column: Column) -> list[str]:
    return [f"{name}: {describe_entry(entry)}" for name, entry in column]


def _structure(port: str, entry: MappingEntry) -> MappedEntry:
    """An entry for the page, which uses its numbers by name."""
    kind = kind_of(entry)
    numbers = {argument.name: getattr(entry, argument.name) for argument in kind.required + kind.optional}
    return MappedEntry(port, EntryName(kind.name), **numbers)


def _unmapped_ports(config: Config, index: int, way: Way) -> list[str]:
    """The ports that carry all numbers as they are."""
    found = []
    if config.osc is not None:
        address = "/interface" if way == "input" else (config.osc.output_addresses or ("",))[0]
        found += [f"OSC {address}: number {index + 1}"] if address else []
    if config.serial is not None and not config.serial_stays_closed:
        found.append(f"{config.serial.port}: number {index + 1}")
    return found


def _kind(column: Column) -> ControlKind:
    return kind_of(column[0][1]).words.kind if column else "value"


def _labels(column: Column, index: int, with_channel: bool = False) -> str:
    """One label for a control, however many ports it is received from."""
    labels = list(dict.fromkeys(_label(entry, with_channel) for _, entry in column))
    return " / ".join(labels[:2]) + (" …" if len(labels) > 2 else "") if labels else f"x {index + 1}"


def _label(entry: MappingEntry, with_channel: bool) -> str:
    words = kind_of(entry).words
    label = words.short.format(controller=getattr(entry, "controller", ""))
    return f"{label}, ch {entry.channel}" if with_channel or words.kind in _ALWAYS_WITH_CHANNEL else label


def _distinct(controls: list[Control]) -> list[Control]:
    """Labels that several controls share get the control's number."""
    repeated = Counter(control.label for control in controls)
    return [
        control
        if repeated[control.label] == 1
        else replace(control, label=f"{control.label} (x {control.index + 1})")
        for control in controls
    ]

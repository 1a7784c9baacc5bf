"""What each control is, in words: from the mappings of a configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from impsy.config import Config
from impsy.mapping.entries import ControlChange, MappingEntry, NoteOn, kind_of

__all__ = ["KIND_WORDS", "Control", "KindWords", "controls_of", "describe_entry", "unmapped"]

MOST_CONTROLS = 1024
"""More are not shown; a dimension may be any number."""

Kind = Literal["note", "velocity", "cc", "bend", "pressure", "program", "value"]


@dataclass(frozen=True, slots=True)
class Control:
    """One of x_1 … x_n.

    ``index`` counts from 0. ``label`` is a word or two, other for each control. ``kind`` is what is heard for it, or
    what is played where nothing is mapped to be heard; ``plays`` and ``channel`` (1-16; None: nothing is mapped) the
    other way round. ``inputs`` and ``outputs`` say where it comes from and goes to.
    """

    index: int
    label: str
    kind: Kind
    plays: Kind
    channel: int | None
    inputs: list[str]
    outputs: list[str]


@dataclass(frozen=True, slots=True)
class KindWords:
    """How a kind of entry is called: below a fader, in a list to choose from, and in a sentence."""

    kind: Kind
    short: str
    title: str
    words: str


KIND_WORDS: dict[str, KindWords] = {
    "note_on": KindWords("note", "Note", "Note", "notes"),
    "note_velocity": KindWords("velocity", "Velocity", "Velocity of notes", "velocity of notes"),
    "control_change": KindWords("cc", "CC {controller}", "Control change", "control {controller}"),
    "pitch_bend": KindWords("bend", "Bend", "Pitch bend", "pitch bend"),
    "control_change_14": KindWords(
        "cc", "CC {controller}", "Control change, 14 bits", "control {controller} (14 bits)"
    ),
    "channel_aftertouch": KindWords("pressure", "Pressure", "Channel pressure", "pressure"),
    "program_change": KindWords("program", "Program", "Program change", "program"),
}
"""By the name that a configuration gives a kind."""

_ALWAYS_WITH_CHANNEL = ("note", "velocity")


def describe_entry(entry: MappingEntry) -> str:
    """An entry in words: ``control 7, channel 1``."""
    words = KIND_WORDS[kind_of(entry).name].words.format(controller=getattr(entry, "controller", ""))
    text = f"{words}, channel {entry.channel}"
    if isinstance(entry, NoteOn) and entry.velocity is not None:
        text += f", velocity {entry.velocity}"
    if isinstance(entry, ControlChange) and (entry.minimum, entry.maximum) != (0, 127):
        text += f", from {entry.minimum} to {entry.maximum}"
    return text


def controls_of(config: Config) -> list[Control]:
    """The controls of a configuration, in its order (at most 1024)."""
    heard, played = list(_mappings(config, "input")), list(_mappings(config, "output"))
    count = min(config.model.dimension - 1, MOST_CONTROLS)
    columns = [
        ([mapping[index] for _, mapping in heard], [mapping[index] for _, mapping in played])
        for index in range(count)
    ]
    short = [_labels(inputs or outputs, index) for index, (inputs, outputs) in enumerate(columns)]
    repeated = Counter(short)
    controls = []
    for index, (inputs, outputs) in enumerate(columns):
        label = short[index]
        if repeated[label] > 1:
            label = _labels(inputs or outputs, index, with_channel=True)
        controls.append(
            Control(
                index,
                label,
                _kind(inputs or outputs),
                _kind(outputs or inputs),
                (outputs or inputs)[0].channel if outputs or inputs else None,
                [f"{name}: {describe_entry(mapping[index])}" for name, mapping in heard]
                + _plain(config, index, "in"),
                [f"{name}: {describe_entry(mapping[index])}" for name, mapping in played]
                + _plain(config, index, "out"),
            )
        )
    return _told_apart(controls)


def unmapped(count: int) -> list[Control]:
    """Controls of which nothing more is known."""
    return [
        Control(index, f"x {index + 1}", "value", "value", None, [], []) for index in range(min(count, MOST_CONTROLS))
    ]


def _mappings(config: Config, way: Literal["input", "output"]) -> Iterator[tuple[str, Sequence[MappingEntry]]]:
    """The mappings in use, each with a name for where it is."""
    if config.midi is not None:
        devices = config.midi.in_device if way == "input" else config.midi.out_device
        by_port = config.midi.input if way == "input" else config.midi.output
        yield from ((name, by_port[name]) for name in dict.fromkeys(devices) if by_port.get(name))
    for section, name in ((config.websocket, "WebSocket"), (config.serialmidi, "serial MIDI")):
        if section is not None and (mapping := section.input if way == "input" else section.output):
            yield name, mapping


def _plain(config: Config, index: int, way: Literal["in", "out"]) -> list[str]:
    """The ways in and out that carry all numbers as they are."""
    found = []
    if config.osc is not None:
        address = "/interface" if way == "in" else (config.osc.output_addresses or ("",))[0]
        found += [f"OSC {address}: number {index + 1}"] if address else []
    if config.serial is not None and not config.serial_stays_closed:
        found.append(f"{config.serial.port}: number {index + 1}")
    return found


def _kind(entries: Sequence[MappingEntry]) -> Kind:
    return KIND_WORDS[kind_of(entries[0]).name].kind if entries else "value"


def _labels(entries: Sequence[MappingEntry], index: int, with_channel: bool = False) -> str:
    """One label for a control, whatever number of ports it is heard at."""
    labels = list(dict.fromkeys(_label(entry, with_channel) for entry in entries))
    return " / ".join(labels[:2]) + (" …" if len(labels) > 2 else "") if labels else f"x {index + 1}"


def _label(entry: MappingEntry, with_channel: bool) -> str:
    words = KIND_WORDS[kind_of(entry).name]
    label = words.short.format(controller=getattr(entry, "controller", ""))
    return f"{label}, ch {entry.channel}" if with_channel or words.kind in _ALWAYS_WITH_CHANNEL else label


def _told_apart(controls: list[Control]) -> list[Control]:
    """The same entry may stand for several controls: then their numbers tell them apart."""
    repeated = Counter(control.label for control in controls)
    return [
        control
        if repeated[control.label] == 1
        else replace(control, label=f"{control.label} (x {control.index + 1})")
        for control in controls
    ]

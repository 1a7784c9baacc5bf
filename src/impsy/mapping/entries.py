"""The entries of a mapping, as a config writes them: ``["control_change", 11, 7]``.

A mapping says, for each value ``x_1 … x_n``, which MIDI message carries it. A new kind of entry is a dataclass
and one row of :data:`KINDS`, which says how it is written, what it listens to and what it sends.

Channels are 1-16, as musicians count them.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from impsy.errors import ConfigError
from impsy.mapping import wire

__all__ = [
    "KINDS",
    "Argument",
    "ChannelAftertouch",
    "ControlChange",
    "ControlChange14",
    "ControlKind",
    "EntryKind",
    "KindWords",
    "Mapping",
    "MappingEntry",
    "NoteOn",
    "NoteVelocity",
    "PitchBend",
    "ProgramChange",
    "entry_to_list",
    "kind_of",
    "parse_entry",
    "parse_mapping",
    "show_value",
]


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A value that is a pitch. ``velocity`` (0-127, sent as 1-127) fixes how hard its notes are played.

    ``velocity`` None: a ``note_velocity`` value on the same channel decides, or else it is 127.
    """

    channel: int
    velocity: int | None = None


@dataclass(frozen=True, slots=True)
class NoteVelocity:
    """A value that is the velocity of the notes on its channel."""

    channel: int


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A value that is a controller's position, spread over ``minimum`` to ``maximum`` (both 0-127).

    ``minimum`` may be above ``maximum``: the controller then runs backwards. Where both are the same,
    an output always sends that one position and an input cannot tell anything from it.
    """

    channel: int
    controller: int
    minimum: int = 0
    maximum: int = 127


@dataclass(frozen=True, slots=True)
class PitchBend:
    """A value that is a pitch bend, 14 bits fine."""

    channel: int


@dataclass(frozen=True, slots=True)
class ControlChange14:
    """A value that is a controller's position, 14 bits fine: ``controller`` 0-31 and, for fine steps, that + 32."""

    channel: int
    controller: int


@dataclass(frozen=True, slots=True)
class ChannelAftertouch:
    """A value that is how hard the keys of a channel are pressed."""

    channel: int


@dataclass(frozen=True, slots=True)
class ProgramChange:
    """A value that chooses one of the 128 sounds of a channel."""

    channel: int


MappingEntry = NoteOn | NoteVelocity | ControlChange | PitchBend | ControlChange14 | ChannelAftertouch | ProgramChange
Mapping = tuple[MappingEntry, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One number of an entry: its name (also the dataclass's field) and its range, both ends included."""

    name: str
    low: int
    high: int


ControlKind = Literal["note", "velocity", "cc", "bend", "pressure", "program", "value"]
"""What a control is to users; ``"value"``: one without an entry."""


@dataclass(frozen=True, slots=True)
class KindWords:
    """The words for a kind of entry: below a fader, in a list to choose from, and in a sentence."""

    kind: ControlKind
    short: str
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class EntryKind:
    """One row of the table: how a kind of entry is written and called, what it becomes, what it listens to and sends.

    ``optional`` arguments come after the ``required`` ones, all of them or none. ``reception`` and ``sending`` take
    an entry of this kind; each call of ``reception`` gives one that remembers for itself what it heard, if it must.
    ``everywhere``: the sibling apps know it; they skip other kinds without counting them.
    """

    name: str
    words: KindWords
    entry: type[MappingEntry]
    required: tuple[Argument, ...]
    optional: tuple[Argument, ...]
    reception: Callable[[Any], wire.Reception]
    sending: Callable[[Any], wire.Sending]
    everywhere: bool = True

    def usage(self) -> str:
        """How to write it: ``["note_on", channel]``, and so on for each accepted length."""
        forms = [self.required] + ([self.required + self.optional] if self.optional else [])
        return " or ".join("[" + ", ".join([f'"{self.name}"', *(a.name for a in form)]) + "]" for form in forms)


_CHANNEL = Argument("channel", 1, 16)


def _any(kind: int, channel: int, reader: wire.Reader) -> wire.Reception:
    """Listens to every message of a kind on a channel."""
    return wire.Reception(wire.status_byte(kind, channel), {None: reader})


KINDS: dict[str, EntryKind] = {
    kind.name: kind
    for kind in (
        EntryKind(
            "note_on",
            KindWords("note", "Note", "Note", "notes"),
            NoteOn,
            (_CHANNEL,),
            (Argument("velocity", 0, 127),),
            lambda entry: _any(wire.NOTE_ON, entry.channel, wire.read_note),
            lambda entry: wire.Note(entry.channel, entry.velocity),
        ),
        EntryKind(
            "note_velocity",
            KindWords("velocity", "Velocity", "Velocity of notes", "velocity of notes"),
            NoteVelocity,
            (_CHANNEL,),
            (),
            lambda entry: _any(wire.NOTE_ON, entry.channel, wire.read_velocity),
            lambda entry: wire.Velocity(entry.channel),
        ),
        EntryKind(
            "control_change",
            KindWords("cc", "CC {controller}", "Control change", "control {controller}"),
            ControlChange,
            (_CHANNEL, Argument("controller", 0, 127)),
            (Argument("minimum", 0, 127), Argument("maximum", 0, 127)),
            lambda entry: wire.Reception(
                wire.status_byte(wire.CONTROL_CHANGE, entry.channel),
                {entry.controller: wire.read_control(entry.minimum, entry.maximum)},
            ),
            lambda entry: wire.control_sending(entry.channel, entry.controller, entry.minimum, entry.maximum),
        ),
        EntryKind(
            "pitch_bend",
            KindWords("bend", "Bend", "Pitch bend", "pitch bend"),
            PitchBend,
            (_CHANNEL,),
            (),
            lambda entry: _any(wire.PITCH_BEND, entry.channel, wire.read_bend),
            lambda entry: wire.bend_sending(entry.channel),
        ),
        EntryKind(
            "control_change_14",
            KindWords("cc", "CC {controller}", "Control change, 14 bits", "control {controller} (14 bits)"),
            ControlChange14,
            (_CHANNEL, Argument("controller", 0, 31)),
            (),
            lambda entry: wire.fine_control_reception(entry.channel, entry.controller),
            lambda entry: wire.fine_control_sending(entry.channel, entry.controller),
            everywhere=False,
        ),
        EntryKind(
            "channel_aftertouch",
            KindWords("pressure", "Pressure", "Channel pressure", "pressure"),
            ChannelAftertouch,
            (_CHANNEL,),
            (),
            lambda entry: _any(wire.CHANNEL_AFTERTOUCH, entry.channel, wire.read_first),
            lambda entry: wire.single_sending(wire.CHANNEL_AFTERTOUCH, entry.channel),
            everywhere=False,
        ),
        EntryKind(
            "program_change",
            KindWords("program", "Program", "Program change", "program"),
            ProgramChange,
            (_CHANNEL,),
            (),
            lambda entry: _any(wire.PROGRAM_CHANGE, entry.channel, wire.read_first),
            lambda entry: wire.single_sending(wire.PROGRAM_CHANGE, entry.channel),
            everywhere=False,
        ),
    )
}
"""Every kind of entry by the name a config gives it."""

_BY_TYPE = {kind.entry: kind for kind in KINDS.values()}


def kind_of(entry: MappingEntry) -> EntryKind:
    """The row of the table that describes this entry."""
    return _BY_TYPE[type(entry)]


def parse_entry(item: object) -> MappingEntry:
    """Read one entry, such as ``["control_change", 11, 7]``; an entry that is parsed already passes through.

    Raises:
        ConfigError: naming everything that is wrong with it, what is wanted, and a likely meaning.
    """
    if isinstance(item, MappingEntry):
        return item
    if not isinstance(item, Sequence) or isinstance(item, str | bytes) or not item:
        raise ConfigError(f'found {show_value(item)}; wanted an entry like ["control_change", channel, controller]')
    kind = _kind(item[0])
    values = list(item[1:])
    arguments = kind.required
    if len(values) == len(kind.required) + len(kind.optional):
        arguments = kind.required + kind.optional
    elif len(values) != len(kind.required):
        raise ConfigError(f"found {show_value(item)}; wanted {kind.usage()}")
    faults = [_fault(argument, value) for argument, value in zip(arguments, values, strict=True)]
    if any(faults):
        raise ConfigError("; ".join(fault for fault in faults if fault) + f" (in {show_value(item)})")
    return kind.entry(**{argument.name: value for argument, value in zip(arguments, values, strict=True)})


def parse_mapping(items: Iterable[object]) -> Mapping:
    """Read a whole mapping, one entry for each of ``x_1 … x_n``.

    Raises:
        ConfigError: naming every entry that is wrong, a line each, counted from 1.
    """
    entries: list[MappingEntry] = []
    faults: list[str] = []
    for number, item in enumerate(items, start=1):
        try:
            entries.append(parse_entry(item))
        except ConfigError as error:
            faults.append(f"entry {number}: {error}")
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(entries)


def entry_to_list(entry: MappingEntry) -> list[str | int]:
    """The entry as a config writes it; optional arguments only where they differ from their defaults."""
    kind = kind_of(entry)
    short = kind.entry(**{argument.name: getattr(entry, argument.name) for argument in kind.required})
    arguments = kind.required if short == entry else kind.required + kind.optional
    return [kind.name, *(getattr(entry, argument.name) for argument in arguments)]


def _kind(name: object) -> EntryKind:
    """The row for this name, or a ConfigError that offers the nearest one."""
    if isinstance(name, str) and name in KINDS:
        return KINDS[name]
    near = difflib.get_close_matches(str(name).lower(), [*KINDS, *_NICKNAMES], n=1, cutoff=0.6)
    hint = f'. Did you mean "{_NICKNAMES.get(near[0], near[0])}"?' if near else ""
    raise ConfigError(f"found the kind {show_value(name)}; wanted one of {', '.join(KINDS)}{hint}")


_NICKNAMES = {
    "cc": "control_change",
    "controller": "control_change",
    "cc14": "control_change_14",
    "note": "note_on",
    "velocity": "note_velocity",
    "aftertouch": "channel_aftertouch",
    "program": "program_change",
}
"""What people call these messages elsewhere; only ever offered, never accepted."""


def _fault(argument: Argument, value: object) -> str:
    """What is wrong with this value of this argument; empty if nothing is."""
    wanted = f"{argument.name} {argument.low}-{argument.high}"
    if isinstance(value, bool) or not isinstance(value, int):
        return f"found {show_value(value)}; wanted {wanted}, a whole number"
    if argument.low <= value <= argument.high:
        return ""
    hint = ". Channels count from 1" if argument is _CHANNEL and value == 0 else ""
    return f"found {argument.name} {show_value(value)}; wanted {wanted}{hint}"


def show_value(value: object, longest: int = 60, depth: int = 3) -> str:
    """The value as a config would write it, shortened and not deeper than ``depth``: it stands in a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, str):
        text = '"' + value[:longest].replace("\n", "\\n") + '"'
    elif isinstance(value, list | tuple):
        items = [show_value(item, 20, depth - 1) if depth else "…" for item in value[:8]]
        text = "[" + ", ".join(items) + (", …]" if len(value) > 8 else "]")
    else:
        text = str(value)
    return text if len(text) <= longest else text[:longest] + "…"

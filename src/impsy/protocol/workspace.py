"""What the web process returns about the workspace: its controls, configuration and devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NewType

from typing_extensions import TypedDict

from impsy.config import SceneConfig
from impsy.mapping.entries import ControlKind

# --- the workspace ------------------------------------------------------------------------------------

EntryName = NewType("EntryName", str)
"""A kind of mapping entry, as a configuration writes it: a row of ``impsy.mapping.entries.KINDS``."""


@dataclass(frozen=True, slots=True)
class MappedEntry:
    """An entry of a mapping in use, and the port or section that it is for. Null: its kind has no such number."""

    port: str
    kind: EntryName
    channel: int
    controller: int | None = None
    velocity: int | None = None
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """One of x_1 … x_n.

    index: from 0. label: its name, or a word or two, different for each control. kind: what is received for it, or
    what is sent where nothing is mapped for input; plays and channel (1-16; null: nothing is mapped): the other way
    round. inputs and outputs: where it comes from and goes to, in words; received and sent: those that are mapped.
    enabled: it is heard and played. gate: seconds after which its note ends; null: with the next one.
    """

    index: int
    label: str
    kind: ControlKind
    plays: ControlKind
    channel: int | None
    inputs: list[str]
    outputs: list[str]
    received: list[MappedEntry]
    sent: list[MappedEntry]
    enabled: bool
    gate: float | None


class Scene(SceneConfig):
    """A named set of settings, which need not be valid; null: it leaves that alone."""

    name: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The workspace at a glance.

    configured: there is a configuration file. dimension and mode are null where it does not say. models: the names of
    those in the workspace that have this dimension and can be played.
    """

    version: str
    title: str
    workspace: str
    demo: bool
    configured: bool
    dimension: int | None
    mode: str | None
    controls: list[Control]
    scenes: list[Scene]
    models: list[str]


# --- the configuration --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """What is wrong with a text, or odd about it.

    key: where, as messages write it; path: its parts in the present form, positions in lists from 0. line: from 1;
    null: not known.
    """

    key: str
    path: list[str | int]
    message: str
    line: int | None
    level: Literal["error", "warning", "info"]


class FormSchema(TypedDict, total=False):
    """The part of JSON Schema (2020-12) that describes a configuration, and words for forms.

    wanted: the end of the sentence "wanted …". choices: words for each value of ``enum``.
    """

    type: str
    title: str
    description: str
    wanted: str
    unit: str
    format: str
    default: Any
    enum: list[str | float]
    choices: list[str]
    items: FormSchema
    properties: dict[str, FormSchema]
    required: list[str]
    additionalProperties: FormSchema | bool


@dataclass(frozen=True, slots=True)
class MappingArgument:
    """One number of an entry, both ends of its range included. The optional ones are given all or not at all."""

    name: str
    min: int
    max: int
    optional: bool


@dataclass(frozen=True, slots=True)
class MappingKind:
    """A kind of entry, its title, and what follows its name in the list; optional arguments come last."""

    kind: EntryName
    words: str
    arguments: list[MappingArgument]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedText:
    """A text of a configuration, read.

    values: its tables in the present form, valid or not, without defaults; null: it is not TOML. understood: a line
    about the earlier form that it is in; empty: it is in the present one.
    """

    values: dict[str, Any] | None
    problems: list[ConfigProblem]
    understood: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedText(CheckedText):
    """A text that was changed."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigAnswer(EditedText):
    """The configuration as it is on the disk. ``stamp`` is sent back when saving; empty: there is no file yet."""

    exists: bool
    path: str
    stamp: str
    schema: FormSchema
    mapping_kinds: list[MappingKind]


@dataclass(frozen=True, slots=True)
class ConfigText:
    """A text, to be looked at and perhaps saved."""

    text: str


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """A configuration that was replaced at ``time`` (ISO 8601); ``size`` in bytes."""

    name: str
    time: str
    size: int


@dataclass(frozen=True, slots=True)
class SetupTemplate:
    """One way to start a workspace."""

    id: Literal["browser", "midi", "osc", "serial"]
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Setup:
    """The ways to start a workspace."""

    templates: list[SetupTemplate]


# --- devices ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ControllerPreset:
    """The mapping that an example has for a controller.

    name: of the example. about: what the controller is, as a sentence; advice: how to set it, in sentences, or empty.
    entries: of the mapping, as a configuration writes them; parts: what the controller has for each.
    """

    name: str
    about: str
    advice: str
    entries: list[list[str | int]]
    parts: list[str]


@dataclass(frozen=True, slots=True)
class MidiPort:
    """A MIDI port of this machine.

    short: a name for a configuration, which means this port also when the device is plugged in again. configured: the
    name by which the configuration means it, or empty. state: how it is doing in the session (null: no session has
    it), error: what is wrong with it there. preset: of an input, the mapping that goes with it; null: none is known.
    """

    name: str
    short: str
    configured: str
    state: str | None
    error: str
    preset: ControllerPreset | None


@dataclass(frozen=True, slots=True)
class MidiPorts:
    """The MIDI ports, and the name of the system that has them; or why there are none (``error``)."""

    system: str
    inputs: list[MidiPort]
    outputs: list[MidiPort]
    error: str


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial port of this machine. ``stable`` stays the same wherever the device is plugged in."""

    name: str
    stable: str
    description: str
    configured: str
    state: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Way:
    """One port that the configuration names. hears, plays: its direction. usable: it could be opened now.

    text: the end of a sentence that starts with ``key``. advice: what to do, or empty.
    """

    key: str
    usable: bool
    text: str
    advice: str = ""
    hears: bool = False
    plays: bool = False


@dataclass(frozen=True, slots=True)
class Devices:
    """The ports of this machine. ``serial_error``: why serial ports cannot be listed, or empty."""

    midi: MidiPorts
    serial: list[SerialPort]
    serial_error: str
    ways: list[Way]
    learning: bool


@dataclass(frozen=True, slots=True)
class Listening:
    """Whether a mapping is being learnt, from which inputs, and which cannot be opened (``note`` says why)."""

    on: bool
    ports: list[str]
    unheard: list[str]
    note: str = ""

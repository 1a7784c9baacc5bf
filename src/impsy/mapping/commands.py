"""The commands that a controller may give, and the entries that a configuration assigns to them.

A command is a press (``pause``, ``"mode.battle"``, ``"preset.calm"``, ``"scene.verse"``) or a turn (``sigmatemp``: a
knob over the slider of the setting). Those of the live settings and the presets come from their tables: a new row is
a new command. An entry is that of a mapping, such as ``["control_change", 16, 64]``, with the name of a port as a
last item, or without one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from impsy.errors import ConfigError
from impsy.mapping.entries import (
    KINDS,
    MappingEntry,
    NoteOn,
    entry_to_list,
    kind_of,
    parse_entry,
    show_value,
)
from impsy.modes import MODES
from impsy.presets import PRESETS
from impsy.settings import SETTINGS, Setting, Settings, Value
from impsy.text import one_line

__all__ = [
    "ACTIONS",
    "OTHER_PORTS",
    "SCENE",
    "Action",
    "Assigned",
    "Command",
    "CommandEntry",
    "command_to_list",
    "commands_of",
    "find_command",
    "parse_command",
    "place_of",
    "unfit",
]

SCENE = "scene."
"""What the command of a scene begins with; its name follows."""

OTHER_PORTS = ("websocket", "serialmidi")
"""Names of ports that are no MIDI ports of the system."""


@dataclass(frozen=True, slots=True)
class Action:
    """A command that takes no value, and its words."""

    title: str
    help: str


ACTIONS = {
    "panic": Action("Panic", "Ends every note."),
    "another": Action("Another", "Throws away what the model is about to play, and draws something else."),
    "reset": Action("Reset", "The model forgets what it has heard."),
    "keep": Action("Keep", "Saves the model that was learnt while playing."),
    "forget": Action("Forget", "Goes back to the model from before it learnt."),
    "tap": Action("Tap", "A tap on the beat: two or more set the tempo."),
}
"""What can be asked for without a value; :mod:`impsy.mapping.commanding` has the event for each."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    ``setting`` is the live setting that it sets: a flag changes over, a choice becomes ``value``, a number follows
    the knob. "" for a preset, a scene or an action. ``preset`` and ``scene`` are the names of those that it recalls.
    """

    name: str
    act: Literal["press", "turn"]
    title: str
    help: str
    setting: str = ""
    value: Value | None = None
    preset: str = ""
    scene: str = ""


def commands_of(scenes: Iterable[str]) -> dict[str, Command]:
    """Every command of a configuration with these scenes, by name, in the order in which they should be offered."""
    return {command.name: command for command in _commands_of(scenes)}


def _commands_of(scenes: Iterable[str]) -> Iterator[Command]:
    for row in SETTINGS.values():
        if row.kind == "flag" and row.address:
            yield Command(row.command, "press", row.title, row.help, row.name)
    for name, action in ACTIONS.items():
        yield Command(name, "press", action.title, action.help)
    for row in SETTINGS.values():
        if row.kind == "choice" and row.address:
            yield from (_choice(row, choice) for choice in row.choices)
    for preset in PRESETS.values():
        title = f"Preset: {preset.title}"
        yield Command(f"preset.{preset.name}", "press", title, preset.help, preset=preset.name)
    for name in scenes:
        yield Command(f"{SCENE}{name}", "press", f"Scene {name}", "Recalls the scene.", scene=one_line(name))
    for row in SETTINGS.values():
        if row.is_turned:
            yield Command(row.command, "turn", row.title, row.help, row.name)


def _choice(row: Setting, choice: str) -> Command:
    mode = MODES[choice] if row.name == "mode" else None
    title, help_ = (mode.title, mode.help) if mode else (choice, row.help)
    return Command(f"{row.command}.{choice}", "press", f"{row.title}: {title}", help_, row.name, choice)


def find_command(name: str, known: Mapping[str, Command]) -> Command:
    """The command of this name; ``known`` are all by their names.

    Raises:
        ConfigError: there is none; with the nearest one, or all of them.
    """
    if name in known:
        return known[name]
    if name.startswith(SCENE):
        there = ", ".join(show_value(each.removeprefix(SCENE)) for each in known if each.startswith(SCENE))
        found = f"there is no scene {show_value(name.removeprefix(SCENE))}; "
        raise ConfigError(
            found
            + (f"there are {there}" if there else 'the configuration has none. Add one, such as [scenes."verse"]')
        )
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    hint = f". Did you mean {show_value(near[0])}?" if near else ""
    others = [each for each in known if not each.startswith(SCENE)]
    raise ConfigError(f"there is no command {show_value(name)}; there are {', '.join(others)}{hint}")


def place_of(command: Command, settings: Settings, scene: str) -> float | None:
    """What a light, a ring or a motor fader shows for a command, 0 to 1; None: it has no state.

    ``scene`` is the one that is current, "" if none.
    """
    if command.scene:
        return float(command.scene == scene)
    if command.preset:
        return float(PRESETS[command.preset].fits(settings))
    if not command.setting:
        return None
    value = getattr(settings, command.setting)
    if command.act == "turn":
        return SETTINGS[command.setting].place(value)
    return float(value is True if command.value is None else value == command.value)


# --- entries -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """What gives a command: an entry of a mapping.

    ``number`` is the note or the program that counts alone; None: every one of the channel. ``port`` is the device
    that it comes from, by the name that ``[midi] in_device`` has or would have, or one of ``OTHER_PORTS``; "": any.
    """

    entry: MappingEntry
    number: int | None = None
    port: str = ""

    @property
    def messages(self) -> frozenset[tuple[int, int]]:
        """What it listens to: the first two bytes of each message."""
        reception = kind_of(self.entry).reception(self.entry)
        every = range(128) if self.number is None else (self.number,)
        return frozenset(
            (reception.status, first)
            for selector in reception.readers
            for first in (every if selector is None else (selector,))
        )

    def meets(self, other: CommandEntry) -> bool:
        """Whether one message may mean both."""
        same_port = self.port == other.port or not self.port or not other.port
        return same_port and not self.messages.isdisjoint(other.messages)


Assigned = tuple[tuple[Command, CommandEntry], ...]
"""Commands with what gives them."""

_NUMBERED = ("note_on", "program_change")
_WANTED = 'an entry like ["control_change", channel, controller], and a port\'s name after it if only that one counts'


def parse_command(item: object) -> CommandEntry:
    """Read the entry of a command; one that is parsed already passes through.

    The number after the channel of ``note_on`` and of ``program_change`` is the note or the program.

    Raises:
        ConfigError: naming what is wrong with it and what is wanted.
    """
    if isinstance(item, CommandEntry):
        return item
    if isinstance(item, Mapping):
        raise ConfigError(
            'found a section; a command with a dot in its name is written in quotes: "mode.battle" = […]'
        )
    if not isinstance(item, Sequence) or isinstance(item, str | bytes) or not item:
        raise ConfigError(f"found {show_value(item)}; wanted {_WANTED}")
    parts, port = list(item), ""
    if len(parts) > 1 and isinstance(parts[-1], str):
        port = parts.pop()
        if not port.strip():
            raise ConfigError(f"found an empty name of a port (in {show_value(item)}); leave it out, or name one")
    number = None
    if parts[0] in _NUMBERED and len(parts) == 3:
        number = parts.pop()
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 127:
            what = "a note" if parts[0] == "note_on" else "a program"
            raise ConfigError(
                f"found {show_value(number)}; wanted {what} 0-127, a whole number (in {show_value(item)})"
            )
    entry = parse_entry(parts)
    minimum, maximum = getattr(entry, "minimum", 0), getattr(entry, "maximum", 127)
    if minimum == maximum:
        raise ConfigError(f"minimum and maximum are both {minimum}: it would command nothing (in {show_value(item)})")
    return CommandEntry(entry, number, port)


def command_to_list(entry: CommandEntry) -> list[str | int]:
    """The entry as a config writes it."""
    number = [] if entry.number is None else [entry.number]
    return [*entry_to_list(entry.entry), *number, *([entry.port] if entry.port else [])]


def unfit(command: Command, entry: CommandEntry) -> str:
    """Why an entry cannot give a command, as a sentence; "" if it can."""
    if command.act == "press" or entry.number is None:
        return ""
    what = "note" if isinstance(entry.entry, NoteOn) else "program"
    return (
        f"{command.name} follows a knob, and one {what} cannot be turned; wanted a controller such as "
        f"{KINDS['control_change'].usage().partition(' or ')[0]}"
    )

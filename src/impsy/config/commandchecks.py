"""Checks of ``[commands]``: names, what two commands share, and what a mapping has too."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnlyDict
from typing import Any

from impsy.config.positions import Path, format_path
from impsy.config.problems import Problem
from impsy.config.schema import Config
from impsy.errors import ConfigError
from impsy.mapping.commands import (
    OTHER_PORTS,
    CommandEntry,
    commands_of,
    find_command,
    parse_command,
    unfit,
)
from impsy.mapping.entries import MappingEntry, show_value

__all__ = ["errors_in_commands", "warnings_in_commands"]

Finding = tuple[Path, Problem]

_MOST_COMMANDS = 500
"""Commands that are checked; a controller has some hundred controls."""


def errors_in_commands(data: ReadOnlyDict[str, Any]) -> Iterator[Finding]:
    """Names that are no commands, and messages that would mean two. ``data``: the plain tables, typed or not."""
    commands, scenes = data.get("commands"), data.get("scenes")
    if not isinstance(commands, ReadOnlyDict):
        return
    if len(commands) > _MOST_COMMANDS:
        yield _error(("commands",), f"found {len(commands):,} commands; wanted {_MOST_COMMANDS} at most")
        return
    known = commands_of(map(str, scenes) if isinstance(scenes, ReadOnlyDict) else ())
    read: dict[str, CommandEntry] = {}
    for name, item in commands.items():
        if isinstance(item, ReadOnlyDict):
            continue  # like what is wrong with an entry, found by the schema
        try:
            command = find_command(name, known)
        except ConfigError as error:
            yield _error(("commands", name), str(error))
            continue
        try:
            entry = parse_command(item)
        except ConfigError:
            continue
        if fault := unfit(command, entry):
            yield _error(("commands", name), fault)
        else:
            read[name] = entry
    yield from _collisions(read)


def _collisions(read: ReadOnlyDict[str, CommandEntry]) -> Iterator[Finding]:
    """Commands that share a message, where it may come from one port."""
    users: dict[tuple[int, int], list[str]] = {}
    for name, entry in read.items():
        others = (other for message in entry.messages for other in users.get(message, ()))
        port = entry.port
        other = next((each for each in others if not port or read[each].port in ("", port)), None)
        if other is not None:
            text = f"the same message is {show_value(other)} already; one message commands one thing"
            yield _error(("commands", name), text)
        for message in entry.messages:
            users.setdefault(message, []).append(name)


def warnings_in_commands(config: Config) -> Iterator[Finding]:
    """Commands whose port is not open, and mapped controls whose messages they take."""
    heard = {name: getattr(config, name) is not None for name in OTHER_PORTS}
    devices = config.midi.in_device if config.midi is not None else ()
    outputs = config.midi.out_device if config.midi is not None else ()
    for name, entry in config.commands.items():
        path: Path = ("commands", name)
        if entry.port in OTHER_PORTS and not heard[entry.port]:
            text = f"its port is {show_value(entry.port)}, and [{entry.port}] is off: nothing commands it"
            yield _warning(path, text, "Add that section, or name another port")
        elif not entry.port and not devices and not any(heard.values()) and not config.command_ports:
            text = "no MIDI input, WebSocket or serial MIDI is open: nothing commands it"
            yield _warning(path, text, "Add the name of the controller's port as the last item")
        elif entry.port and entry.port not in OTHER_PORTS:
            for way, names in (("in", devices), ("out", outputs)):
                near = _another_name(entry.port, names)
                if near:
                    text = f"its port {show_value(entry.port)} may be what midi.{way}_device calls {show_value(near)}"
                    yield _warning(path, text, "Give a device one name everywhere")
                    break
    yield from _mapped(config)


def _another_name(port: str, names: tuple[str, ...]) -> str:
    """A name that likely means the same device, where this one is not among them; "" if none does."""
    if port in names:
        return ""
    plain = port.casefold()
    part = (name for name in names if plain in name.casefold() or name.casefold() in plain)
    near = difflib.get_close_matches(port, names, n=1, cutoff=0.8)
    return next(part, near[0] if near else "")


def _mapped(config: Config) -> Iterator[Finding]:
    """Controls of input mappings of which nothing is left: every message of theirs is a command."""
    for path, port, mapping in _inputs(config):
        for index, item in enumerate(mapping):
            taken = next((name for name, entry in config.commands.items() if _takes(entry, port, item)), None)
            if taken is not None:
                text = f"its messages command {show_value(taken)} (commands): they do not move this control"
                hint = "Give the command or the control another message"
                yield _warning((*path, index), text, hint)


def _inputs(config: Config) -> Iterator[tuple[Path, str, tuple[MappingEntry, ...]]]:
    """Each input mapping: where it is, and the name of its port."""
    for port, mapping in config.midi.input.items() if config.midi is not None else ():
        yield ("midi", "input", port), port, mapping
    for name in OTHER_PORTS:
        section = getattr(config, name)
        if section is not None:
            yield (name, "input"), name, section.input


def _takes(entry: CommandEntry, port: str, mapped: MappingEntry) -> bool:
    return entry.port in ("", port) and entry.messages >= CommandEntry(mapped).messages


def _error(path: Path, text: str) -> Finding:
    return path, Problem("error", format_path(path), text)


def _warning(path: Path, text: str, hint: str = "") -> Finding:
    return path, Problem("warning", format_path(path), text, hint)

"""``impsy map --commands``: buttons and knobs assigned to commands by pressing and turning them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from impsy.cli.dialogue import Dialogue, in_words
from impsy.config.assigning import assigned_in, put_commands
from impsy.config.document import ConfigDocument
from impsy.config.learnt import device_name
from impsy.config.upgrade import upgrade
from impsy.errors import DeviceError, ImpsyError
from impsy.io.midi.listener import MidiListener
from impsy.mapping.commandlearning import CommandLearner
from impsy.mapping.commands import Command, CommandEntry, command_to_list, commands_of, unfit
from impsy.mapping.entries import NoteOn
from impsy.mapping.words import note_name
from impsy.perform.diagnostics.devices import ports_meant, short_name

__all__ = ["assign_commands"]

_HELP = (
    "Enter leaves a command as it is, - takes its control away, b goes back, the name of a command goes to it, "
    "q ends and writes, Ctrl-C ends."
)


def assign_commands(port: str | None, config_file: Path, yes: bool) -> None:
    """Ask for each command in turn, and write what was assigned into the configuration.

    Args:
        port: the MIDI input that is heard; None: all.
        config_file: the configuration.
        yes: write what was assigned when Ctrl-C ends it, too.

    Raises:
        ConfigError, DeviceError: there is no configuration, or nothing to listen to.
    """
    document = ConfigDocument.open(config_file)
    upgrade(document, whole_lists=True)
    document.check()
    scenes = document.get("scenes", {})
    ended = False

    def name_of(heard: str) -> str:
        inputs = listener.inputs()
        known = device_name(document, "input", heard, port, lambda names: ports_meant(names, inputs))
        return known or port or short_name(heard, inputs)

    lesson = _Lesson(commands_of(scenes if isinstance(scenes, dict) else ()), assigned_in(document), name_of)
    with MidiListener(port, lesson.hear, document.get("midi.api")) as listener:
        try:
            lesson.give(listener)
        except KeyboardInterrupt:
            ended = True
        except DeviceError as error:
            if not lesson.changes:
                raise
            lesson.say(f"It went away: {error}", "red")
            ended = True
    if not lesson.changes or (ended and not yes and not lesson.agrees("\nKeep what was assigned?")):
        lesson.say("Nothing was changed.")
        raise click.exceptions.Exit(130 if ended else 0)
    _write(lesson, document, config_file)


def _write(lesson: _Lesson, document: ConfigDocument, config_file: Path) -> None:
    try:
        put_commands(document, lesson.changes)
        document.save()
    except ImpsyError:
        lesson.say(f"This could not be written into [commands] of {config_file}:", "yellow")
        for name, entry in lesson.changes.items():
            lesson.say(f"  {json.dumps(name)} = {json.dumps(entry and command_to_list(entry))}")
        raise
    lesson.say(f"{config_file} has them in [commands] now; as it was, it is {config_file.name}.bak", "bold green")
    for name, entry in lesson.changes.items():
        lesson.say(f"  {name:<20} {_words(entry)}")


class _Lesson(Dialogue):
    """Asks for a button or a knob for each command.

    Args:
        commands: all there are, by name.
        assigned: what gives them now.
        name_of: the name of a port in the configuration.
    """

    def __init__(
        self,
        commands: Mapping[str, Command],
        assigned: Mapping[str, CommandEntry],
        name_of: Callable[[str], str],
    ) -> None:
        super().__init__(f"Assigning {len(commands)} commands to", _HELP)
        self.changes: dict[str, CommandEntry | None] = {}
        """What is to be written; None: the command is taken away."""
        self._commands = commands
        self._names = list(commands)
        self._assigned = dict(assigned)
        self._name_of = name_of
        self._learner = CommandLearner()
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Whether the last command was answered."""
        return self._at >= len(self._names)

    def take(self, port: str, message: bytes, now: float) -> None:
        """Let the learner hear it."""
        self._learner.hear(port, message, now)

    def answer(self, line: str) -> None:
        """What was typed: Enter leaves a command as it is."""
        words = line.strip()
        if words in self._commands:
            self._at = self._names.index(words)
        elif words.lower() in ("q", "quit"):
            self._at = len(self._names)
        elif words == "-":
            self._take_away()
        elif words.lower() in ("b", "back"):
            self._at = max(0, self._at - 1)
        elif words:
            self.say(f"There is no command “{words}”. {_HELP}", "dim")
            return
        else:
            self._at += 1
        self._learner.begin()
        self.ask()

    def consider(self, now: float) -> None:
        """Assign the control that was pressed or moved, if there is one."""
        found = None if self.is_over else self._learner.decide(now)
        if found is None:
            return
        entry, port = found
        self._assign(CommandEntry(entry.entry, entry.number, self._name_of(port)))

    def _assign(self, entry: CommandEntry) -> None:
        name = self._names[self._at]
        fault = unfit(self._commands[name], entry)
        if fault:
            self.say(f"  {fault}", "yellow")
            return
        for other, known in list(self._assigned.items()):
            if other == name or not known.meets(entry):
                continue
            if not self.agrees(f"  That is {other} already: use it for {name} instead?"):
                self._learner.begin()
                self.ask()
                return
            self._put(other, None)
        self._put(name, entry)
        self.say(f"  {name} is {_words(entry)}", "green")
        self._at += 1
        self.ask()

    def _take_away(self) -> None:
        name = self._names[self._at]
        if name in self._assigned:
            self._put(name, None)
            self.say(f"  {name} has no control any more", "green")
        self._at += 1

    def _put(self, name: str, entry: CommandEntry | None) -> None:
        self.changes[name] = entry
        if entry is None:
            self._assigned.pop(name, None)
        else:
            self._assigned[name] = entry

    def ask(self) -> None:
        """Ask for the button or the knob of the next command."""
        if self.is_over:
            return
        name = self._names[self._at]
        command = self._commands[name]
        now = f" (now {_words(self._assigned[name])})" if name in self._assigned else ""
        verb = "Press a button" if command.act == "press" else "Turn a knob"
        self.say(f"{verb} for {name}, {command.title}{now} …")


def _words(entry: CommandEntry | None) -> str:
    """``control change, channel 16, controller 64, at X-TOUCH``."""
    if entry is None:
        return "taken away"
    words = in_words(entry.entry)
    if entry.number is not None:
        words += f", note {note_name(entry.number)}" if isinstance(entry.entry, NoteOn) else f", {entry.number}"
    return f"{words}, at {entry.port}" if entry.port else words

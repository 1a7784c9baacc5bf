"""``impsy map``: a mapping made by moving each control in turn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.dialogue import Dialogue, in_words
from impsy.cli.options import config_option
from impsy.errors import ConfigError, DeviceError, ImpsyError
from impsy.limits import MOST_DIMENSION
from impsy.text import counted

if TYPE_CHECKING:
    from impsy.config.document import ConfigDocument
    from impsy.config.learnt import Way
    from impsy.mapping.entries import MappingEntry
    from impsy.mapping.learning import Learner, Proposal

__all__ = ["command"]

_HELP = "Enter leaves a control out, b goes back to the one before, Ctrl-C ends."


@click.command("map")
@click.argument("port", required=False)
@config_option
@click.option(
    "--controls", type=click.IntRange(1, MOST_DIMENSION - 1), help="How many to map.  [default: dimension - 1]"
)
@click.option("--output", is_flag=True, help="Make the mapping that is played to PORT, not the one that is heard.")
@click.option("--commands", is_flag=True, help="Assign buttons and knobs to commands, such as pause, instead.")
@click.option("--set-dimension", is_flag=True, help="Set [model] dimension to the number of controls + 1.")
@click.option("-y", "--yes", is_flag=True, help="Write without asking, also what was mapped when Ctrl-C ends it.")
def command(
    port: str | None,
    config_file: Path,
    controls: int | None,
    output: bool,
    commands: bool,
    set_dimension: bool,
    yes: bool,
) -> None:
    """Make a mapping: move each control of an instrument in turn, and its entries are written into config.toml.

    PORT is a MIDI input, in full or in part (`impsy ports` lists them); without it, all inputs are heard, and the
    first control that is moved says which one is meant. Comments stay, and the configuration as it was is kept
    as .bak. Knobs, faders, pedals (also of 14 bits), wheels, keys, pressure and program buttons can be mapped.
    With --commands, the names of the commands come one after the other: press a button or turn a knob for each that
    your controller is to give.
    `impsy learn` is an earlier name of this command, and still works.

    \b
    Examples:
      impsy map
      impsy map X-TOUCH
      impsy map X-TOUCH --controls 4 --set-dimension
      impsy map Volca --output                a synth's own knobs: what IMPSY will turn
      impsy map --commands                    buttons for pause, panic, modes, scenes; knobs for settings
    """
    from impsy.config.document import ConfigDocument
    from impsy.config.learnt import configured_names
    from impsy.config.upgrade import upgrade
    from impsy.io.midi.listener import MidiListener
    from impsy.mapping.learning import Learner

    if commands:
        if output or set_dimension or controls is not None:
            raise click.UsageError("--commands assigns commands: leave --output, --controls and --set-dimension out")
        from impsy.cli.assigning import assign_commands

        assign_commands(port, config_file, yes)
        return
    document = ConfigDocument.open(config_file)
    upgraded = upgrade(document, whole_lists=True)  # the present form has a place for the mapping of each port
    way: Way = "output" if output else "input"
    count = _count(document, controls, set_dimension)
    dimension = count + 1 if set_dimension else None
    _rehearse(document, config_file, way, port, count, dimension)

    lesson = _Lesson(Learner(), count, configured_names(document))
    ended = False
    inputs: tuple[str, ...] = ()
    with MidiListener(port, lesson.hear, document.get("midi.api")) as listener:
        try:
            inputs = listener.inputs()
            lesson.give(listener)
        except KeyboardInterrupt:
            ended = True
        except DeviceError as error:
            if not any(lesson.learner.learnt):
                raise
            lesson.say(f"It went away: {error}", "red")
            ended = True
    if not lesson.keep(ended, yes):
        lesson.say("Nothing was changed.")
        raise click.exceptions.Exit(130 if ended else 1)
    _write(lesson, document, config_file, way, port, inputs, dimension)
    if upgraded:
        lesson.say(f"It was in an earlier form and is in the present one now: {'; '.join(upgraded)}")


def _count(document: ConfigDocument, controls: int | None, set_dimension: bool) -> int:
    """How many controls to map.

    Raises:
        ConfigError: the configuration does not say, or says otherwise.
        ModelError: it leaves the dimension to the model, and that cannot be opened.
    """
    from impsy.config.learnt import configured_controls

    configured = configured_controls(document)
    if document.get("model.dimension") is None and isinstance(document.get("model"), dict):
        if controls is not None:  # whether the other mappings have as many is found out next
            return controls
        from impsy.perform.models import sized

        loaded = document.check()
        if loaded.dimension_from != "model" or loaded.config.model.file:
            configured = sized(loaded).config.model.dimension - 1
    if controls is None:
        if configured is None:
            raise ConfigError("[model] dimension does not say how many controls there are: add --controls N")
        return configured
    if controls != configured and not set_dimension:
        has = f"means {configured} controls" if configured else "is missing"
        raise ConfigError(
            f"[model] dimension {has}, and --controls is {controls}. Add --set-dimension to make it {controls + 1}"
        )
    return controls


def _rehearse(
    document: ConfigDocument, config_file: Path, way: Way, port: str | None, count: int, dimension: int | None
) -> None:
    """Raise ConfigError, before anything is moved, if the result could not be written."""
    from impsy.config.document import ConfigDocument
    from impsy.config.learnt import complete, put_mapping

    trial = ConfigDocument(document.dumps(), str(config_file))
    mapped = trial.get(("midi", way))
    # Where one device has a mapping, it will be that one's, in all likelihood.
    name = port or (next(iter(mapped)) if isinstance(mapped, dict) and len(mapped) == 1 else "learnt")
    put_mapping(trial, way, name, complete(trial, way, name, [None] * count).mapping, dimension)
    trial.check()


class _Lesson(Dialogue):
    """Asks the player to move each control in turn, while the learner receives messages."""

    def __init__(self, learner: Learner, count: int, names: Sequence[str] = ()) -> None:
        super().__init__(f"Assigning {counted(count, 'control')} from", _HELP)
        self.learner = learner
        self.count = count
        self.names = names
        self._reported: set[str] = set()

    def called(self, index: int) -> str:
        """``x_3``, or ``x_3 (cutoff)`` where the control has a name."""
        name = self.names[index] if index < len(self.names) else ""
        return f"x_{index + 1} ({name})" if name else f"x_{index + 1}"

    def keep(self, ended: bool, yes: bool) -> bool:
        """Whether the mapping is to be written."""
        learnt = [entry for entry in self.learner.learnt if entry is not None]
        if not learnt:
            return False
        if not ended or yes:
            return True
        self.say("")
        return self.agrees(f"Keep what was assigned ({len(learnt)} of {counted(self.count, 'control')})?")

    @property
    def is_over(self) -> bool:
        """Whether each control is mapped or left out."""
        return len(self.learner.learnt) >= self.count

    def take(self, port: str, message: bytes, now: float) -> None:
        """Let the learner hear it."""
        self.learner.hear(port, message, now)
        for other in self.learner.elsewhere - self._reported:
            self._reported.add(other)
            self.say(f"  {other} is another device: assign it by itself", "yellow")

    def answer(self, line: str) -> None:
        """What was typed: Enter leaves the control out."""
        words = line.strip().lower()
        if not words:
            self.learner.skip()
            self.say(f"  {self.called(len(self.learner.learnt) - 1)} is left out", "dim")
        elif words in ("b", "back"):
            if not self.learner.back():
                self.say("  this is the first", "dim")
        elif words in ("q", "quit"):
            raise KeyboardInterrupt
        else:
            self.say(_HELP, "dim")
            return
        self.ask()

    def consider(self, now: float) -> None:
        """Take the control that was moved, if there is one."""
        proposal = None if self.is_over else self.learner.decide(now)
        if proposal is not None:
            self._consider(proposal)

    def ask(self) -> None:
        """Ask for the next control."""
        from impsy.mapping.words import control_words

        if not self.is_over:
            self.say(f"Move {control_words(len(self.learner.learnt), self.names)} …")

    def _consider(self, proposal: Proposal) -> None:
        number = len(self.learner.learnt) + 1
        if proposal.taken_by is not None:
            known, entry = in_words(self.learner.learnt[proposal.taken_by]), in_words(proposal.entry)
            also = f"use it for x_{number} too" if known == entry else f"use its {entry} for x_{number}"
            if not self.agrees(f"  That is x_{proposal.taken_by + 1} ({known}) already: {also}?"):
                self.learner.refuse()
                self.ask()
                return
        first = self.learner.port is None
        self.learner.take(proposal)
        where = f", at {proposal.port}" if first else ""
        self.say(f"  {self.called(number - 1)} is {in_words(proposal.entry)}{where}", "green")
        self.ask()


def _write(
    lesson: _Lesson,
    document: ConfigDocument,
    config_file: Path,
    way: Way,
    port: str | None,
    inputs: tuple[str, ...],
    dimension: int | None,
) -> None:
    """Write the mapping into the file, and print the entry of each control."""
    from impsy.config.learnt import complete, device_name, put_mapping
    from impsy.mapping.entries import entry_to_list
    from impsy.perform.diagnostics.devices import ports_meant, short_name

    heard = lesson.learner.port or ""
    known = device_name(document, way, heard, port, lambda names: ports_meant(names, inputs))
    name = known or port or short_name(heard, inputs)
    gaps: list[MappingEntry | None] = [None] * (lesson.count - len(lesson.learner.learnt))
    completed = complete(document, way, name, [*lesson.learner.learnt, *gaps])
    trained = document.get("model.file")
    before = document.get("model.dimension")
    try:
        put_mapping(document, way, name, completed.mapping, dimension)
        document.save()
    except ImpsyError:
        lesson.say(f'This could not be written into {config_file}:\nmidi.{way}."{name}" = [', "yellow")
        for entry in completed.mapping:
            lesson.say(f"  {json.dumps(entry_to_list(entry))},")
        lesson.say("]")
        raise
    lesson.say(f'{config_file} has midi.{way}."{name}" now; as it was, it is {config_file.name}.bak', "bold green")
    for index, entry in enumerate(completed.mapping):
        note = " (as it was)" if index in completed.kept else ""
        note = " (a stand-in, since it was left out)" if index in completed.stand_ins else note
        lesson.say(f"  {lesson.called(index):<5} {in_words(entry)}{note}", "dim" if note else None)
    if trained and dimension is not None and dimension != before:
        lesson.say(f"{trained} was trained with other controls: record with these and train again", "yellow")

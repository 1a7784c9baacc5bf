"""What the voices of an ensemble decide, as decisions about the whole vector."""

from __future__ import annotations

from dataclasses import replace

from impsy.copying import copied
from impsy.engine.voice import Seat
from impsy.events import Command, EndNotes, Panic, Play, Record, Report, Silence

__all__ = ["Whole"]


class Whole:
    """The whole vector x_1 … x_n, and what is decided about it in one call of the ensemble.

    Args:
        start: what it is before the performer has played.
    """

    def __init__(self, start: tuple[float, ...]) -> None:
        self.input = start
        """The performer's."""
        self.output: tuple[float, ...] = ()
        """What the models played last."""
        self.sent: tuple[float, ...] = ()
        """What all outputs were last sent, from any source."""
        self.commands: list[Command] = []
        """What was decided since ``decided`` was called; after an error of a model, what came before it."""

    def fork(self) -> Whole:
        """A copy that shares nothing that changes."""
        return copied(self, commands=self.commands.copy())

    def decided(self) -> list[Command]:
        """The commands, which are then carried out."""
        commands, self.commands = self.commands, []
        return commands

    def decide(self, command: Command) -> None:
        """Add one that is about the whole."""
        self.commands.append(command)

    def add(self, command: Command) -> None:
        """Add what the stage decides."""
        if isinstance(command, Record):
            self.input = command.values
        if isinstance(command, Play):
            values = self._latest()
            for control in range(len(values)) if command.moved is None else command.moved:
                values[control] = command.values[control]
            command = replace(command, values=tuple(values))
            if command.ports is None:
                self.sent = command.values
        self.commands.append(command)

    def add_of(self, seat: Seat, command: Command) -> tuple[float, ...]:
        """Add what a voice decides, unless it is decided for the whole already; returns the whole vector it plays."""
        match command:
            case Play():
                return self._play(seat, command)
            case Record("rnn", _, time):
                self.commands.append(Record("rnn", self.output, time))
            case Record() | Panic():
                pass  # the stage's
            case Silence():
                if not any(isinstance(each, Silence) for each in self.commands):
                    self.commands.append(seat.end_notes())
            case EndNotes(keys, origin):
                own = seat.voice.controls
                self.commands.append(EndNotes(tuple((own[place], value) for place, value in keys), origin))
            case Report(kind, text):
                name = seat.voice.name
                self.commands.append(replace(command, kind=f"{kind}:{name}", text=f"voice {name}: {text}"))
            case _:
                if command not in self.commands:
                    self.commands.append(command)
        return ()

    def _play(self, seat: Seat, play: Play) -> tuple[float, ...]:
        start = None if play.start is None else self._with(seat, play.start)
        self.output = self.sent = self._with(seat, play.values)
        moved = seat.controls_of(play.moved)
        is_all = play.moved is None and len(moved) == len(self.sent)
        self.commands.append(replace(play, values=self.sent, moved=None if is_all else moved, start=start))
        return self.sent

    def _with(self, seat: Seat, own: tuple[float, ...]) -> tuple[float, ...]:
        """The whole vector, with these values of a voice's controls."""
        values = self._latest()
        for control, value in zip(seat.voice.controls, own, strict=True):
            values[control] = value
        return tuple(values)

    def _latest(self) -> list[float]:
        return list(self.sent or self.input)

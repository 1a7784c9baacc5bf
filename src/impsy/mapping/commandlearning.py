"""Finds out which button or knob is meant to give a command: MIDI messages in, with their times; entries out."""

from __future__ import annotations

from impsy.mapping.commands import CommandEntry
from impsy.mapping.entries import MappingEntry, NoteOn, ProgramChange
from impsy.mapping.learning import FRESH_SECONDS, Learner, entry_and_value

__all__ = ["CommandLearner"]


class CommandLearner:
    """Listens for one command after the other, at several ports.

    What belongs to the control that was found last is not taken for the next: a button is let go, a knob comes to
    rest. Times are seconds on the caller's clock.
    """

    def __init__(self) -> None:
        self._learner = Learner()
        self._numbers: dict[tuple[str, MappingEntry], int] = {}
        """The last note or program of each port and channel."""
        self._found: tuple[str, MappingEntry] | None = None
        self._found_moved = 0.0

    def begin(self) -> None:
        """Listen anew: what moved so far says nothing of the next command."""
        self._learner.begin()

    def hear(self, port: str, message: bytes, now: float) -> None:
        """One complete message. Whatever is no gesture changes nothing."""
        found = entry_and_value(message)
        if found is None:
            return
        entry = found[0]
        if isinstance(entry, NoteOn | ProgramChange):
            self._numbers[port, entry] = message[1]
        self._forget_found(now)
        if self._found == (port, entry):
            self._found_moved = now
        self._learner.hear(port, message, now)

    def decide(self, now: float) -> tuple[CommandEntry, str] | None:
        """The control that was pressed or moved, and its port; None while there is nothing to say."""
        self._forget_found(now)
        proposal = self._learner.decide(now)
        if proposal is None:
            return None
        self._learner.begin()
        if proposal.taken_by is not None:
            return None
        entry, port = proposal.entry, proposal.port
        if not isinstance(entry, NoteOn | ProgramChange):  # of these the next may follow at once
            self._found, self._found_moved = (port, entry), now
            self._learner.learnt = [entry]
        return CommandEntry(entry, self._numbers.get((port, entry))), port

    def _forget_found(self, now: float) -> None:
        if self._found is not None and now - self._found_moved >= FRESH_SECONDS:
            self._found = None
            self._learner.learnt = []

"""Which button or knob is meant for a command."""

from __future__ import annotations

from impsy.mapping.commandlearning import CommandLearner
from impsy.mapping.commands import CommandEntry
from impsy.mapping.entries import ControlChange, NoteOn, ProgramChange


class Moved:
    def __init__(self):
        self.learner, self.now = CommandLearner(), 0.0

    def play(self, *messages, port="DESK"):
        for message in messages:
            self.now += 0.02
            self.learner.hear(port, bytes.fromhex(message), self.now)

    def found(self, after=1.2):
        self.now += after
        return self.learner.decide(self.now)


def test_a_button_a_pad_a_program_and_a_knob():
    moved = Moved()
    moved.play("b0407f", "b04000")
    assert moved.found() == (CommandEntry(ControlChange(1, 64)), "DESK")
    moved.play("99247f", "892400", port="PADS")
    assert moved.found() == (CommandEntry(NoteOn(10), 36), "PADS")
    moved.play("99257f", port="PADS")
    assert moved.found() == (CommandEntry(NoteOn(10), 37), "PADS")
    moved.play("c005")
    assert moved.found() == (CommandEntry(ProgramChange(1), 5), "DESK")
    moved.play(*(f"b007{value:02x}" for value in range(0, 100, 5)))
    assert moved.found() == (CommandEntry(ControlChange(1, 7)), "DESK")
    assert moved.found() is None


def test_what_belongs_to_the_last_control_is_not_the_next_one():
    moved = Moved()
    moved.play("b0407f")
    assert moved.found() == (CommandEntry(ControlChange(1, 64)), "DESK")
    moved.play("b04000")  # the button is let go
    assert moved.found(0.5) is None
    moved.play("b0417f", "b04100")
    assert moved.found() == (CommandEntry(ControlChange(1, 65)), "DESK")
    moved.now += 2
    moved.play("b0407f", "b04000")
    assert moved.found() == (CommandEntry(ControlChange(1, 64)), "DESK")

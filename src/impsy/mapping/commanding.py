"""Messages of a controller -> commands, and the state -> the messages that its lights and motor faders show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from impsy.events import Another, Event, Forget, Keep, PanicButton, RecallScene, Reset, Set, Tap, Toggle, UsePreset
from impsy.mapping import wire
from impsy.mapping.commands import Assigned, Command, CommandEntry, place_of
from impsy.mapping.entries import NoteOn, NoteVelocity, PitchBend, ProgramChange, kind_of
from impsy.mapping.wire import Reader, message_size
from impsy.settings import SETTINGS, Settings

__all__ = ["REST_SECONDS", "CommandMapping", "event_of"]

REST_SECONDS = 0.3
"""A knob that was moved must have been still for so long before it is sent a position."""

PRESSED, BENT = 0.5, 0.75
"""From here on a button is pressed; a pitch wheel, which rests in the middle, must go further."""

_ACTION_EVENTS: dict[str, Event] = {
    "another": Another(),
    "panic": PanicButton(),
    "reset": Reset(),
    "keep": Keep(),
    "forget": Forget(),
    "tap": Tap(),
}

_Compose = Callable[[float], tuple[bytes, ...]]


def event_of(command: Command, place: float) -> Event:
    """What a command asks for; ``place`` is where its knob is, 0 to 1."""
    if command.scene:
        return RecallScene(command.scene)
    if command.preset:
        return UsePreset(command.preset)
    if not command.setting:
        return _ACTION_EVENTS[command.name]
    if command.act == "turn":
        return Set(command.setting, SETTINGS[command.setting].at(place))
    return Toggle(command.setting) if command.value is None else Set(command.setting, command.value)


@dataclass(slots=True)
class _Control:
    """A button or a knob.

    ``compose`` makes the messages that show a place, None if nothing can. ``shown`` is what the device shows, None:
    that is not known. ``used``: it may be shown something.
    """

    command: Command
    entry: CommandEntry
    compose: _Compose | None
    used: bool
    down: bool = False
    shown: tuple[bytes, ...] | None = None
    moved_at: float = -inf

    def take(self, value: float | None, now: float) -> Event | None:
        """Take what a message of the device says, None if nothing yet; returns what it asks for."""
        self.used = True
        if self.command.act == "press":
            self.shown = None  # many devices change their own light
            return event_of(self.command, 1.0) if value is not None and self._is_pressed(value) else None
        self.moved_at = now
        if value is None:
            return None
        self.shown = None if self.compose is None else self.compose(value)
        return event_of(self.command, value)

    def _is_pressed(self, value: float) -> bool:
        """Whether this is a press: a key or a program each time, all else when it rises."""
        entry = self.entry.entry
        if isinstance(entry, NoteOn | ProgramChange):
            return True
        if isinstance(entry, NoteVelocity):
            return value >= PRESSED
        before, self.down = self.down, value >= (BENT if isinstance(entry, PitchBend) else PRESSED)
        return self.down and not before

    def release(self) -> None:
        """The device is not there any more: what it shows and holds is not known."""
        self.down, self.shown = False, None


class CommandMapping:
    """What the messages of one device command, and what it is to show. Times are seconds on the caller's clock.

    An entry that names its port is shown its state from the start; another one once a message of the device has come
    by it. Not for several threads at once.
    """

    def __init__(self, assigned: Assigned = ()) -> None:
        self._controls = [
            _Control(command, entry, _composer(command, entry), bool(entry.port)) for command, entry in assigned
        ]
        self._table: dict[int, tuple[_Control, Reader]] = {}
        self._ends: dict[int, _Control] = {}
        """Status and key of the note-offs that belong to commands."""
        for control in self._controls:
            self._listen(control)

    def __bool__(self) -> bool:
        """Whether anything is commanded."""
        return bool(self._controls)

    def _listen(self, control: _Control) -> None:
        entry = control.entry
        reception = kind_of(entry.entry).reception(entry.entry)
        for selector, reader in reception.readers.items():
            every = range(128) if entry.number is None else (entry.number,)
            for first in every if selector is None else (selector,):
                self._table[reception.status << 8 | first] = (control, reader)
                if reception.status & 0xF0 == wire.NOTE_ON:
                    self._ends[(wire.NOTE_OFF | reception.status & 0x0F) << 8 | first] = control

    def owner(self, message: bytes) -> Command | None:
        """The command that one complete message belongs to; None: to none. Nothing is taken."""
        if len(message) not in (2, 3) or len(message) != message_size(message[0]) or max(message[1:]) > 127:
            return None
        key = message[0] << 8 | message[1]
        control = self._table[key][0] if key in self._table else self._ends.get(key)
        return None if control is None else control.command

    def decode(self, message: bytes, now: float) -> tuple[Command, Event | None] | None:
        """The command that one complete message belongs to, and what it asks for; None: to no command.

        It asks for nothing where it is a release, or the first part of something. Never raises, whatever the bytes.
        """
        command = self.owner(message)
        if command is None:
            return None
        key = message[0] << 8 | message[1]
        if key not in self._table:
            self._ends[key].take(None, now)
            return command, None
        control, read = self._table[key]
        return command, control.take(read(message[1], message[2] if len(message) == 3 else 0), now)

    def show(self, settings: Settings, scene: str, now: float) -> tuple[list[bytes], float | None]:
        """The messages that bring the device up to date, and after how many seconds to ask again; None: no need."""
        messages: list[bytes] = []
        again: float | None = None
        for control in self._controls:
            place = place_of(control.command, settings, scene)
            if control.compose is None or not control.used or place is None:
                continue
            wanted = control.compose(place)
            if wanted == control.shown:
                continue
            rest = control.moved_at + REST_SECONDS - now
            if rest > 0:
                again = rest if again is None else min(again, rest)
                continue
            control.shown = wanted
            messages += wanted
        return messages, again

    def darken(self) -> list[bytes]:
        """The messages that switch off every light that is on."""
        return [
            message
            for control in self._controls
            if control.compose is not None and control.command.act == "press" and control.shown
            for message in control.compose(0.0)
            if control.shown != control.compose(0.0)
        ]

    def forget(self) -> None:
        """The device went away or came back: everything is to be shown anew, and no button is held."""
        for control in self._controls:
            control.release()


def _composer(command: Command, entry: CommandEntry) -> _Compose | None:
    """What makes the messages for a place of a control; None: the device can show nothing there."""
    if command.act == "press" and not (command.setting or command.preset or command.scene):
        return None
    kind, number = entry.entry, entry.number
    if isinstance(kind, NoteOn | ProgramChange) and (number is not None or command.act == "press"):
        return None if number is None else _numbered(kind, number)
    sending = kind_of(kind).sending(kind)
    return sending.compose if isinstance(sending, wire.Held) else None


def _numbered(kind: NoteOn | ProgramChange, number: int) -> _Compose:
    """A key that is lit or dark; a program, which can only be chosen."""
    if isinstance(kind, ProgramChange):
        chosen = bytes((wire.status_byte(wire.PROGRAM_CHANGE, kind.channel), number))
        return lambda place: (chosen,) if place >= PRESSED else ()
    status = wire.status_byte(wire.NOTE_ON, kind.channel)
    lit, dark = bytes((status, number, 127)), bytes((status, number, 0))
    return lambda place: (lit,) if place >= PRESSED else (dark,)

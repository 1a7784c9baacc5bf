"""Values -> the MIDI messages that play them, with memory of the notes that sound and of what receivers hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import isnan, nan

from impsy.mapping import wire
from impsy.mapping.entries import MappingEntry, kind_of

__all__ = ["OutputMapping"]

_Step = Callable[[list[float], list[bytes]], None]
"""Takes all values in [0, 1], and adds the messages for one of them."""


class OutputMapping:
    """Plays the values ``x_1 … x_n`` as ``entries`` (n of them) say.

    Each note entry is a voice of its own that ends its last note before it begins the next. Where two voices hold
    the same note of a channel, only the last to let go ends it. A controller, bend, pressure or program is only sent
    when it differs from what was last sent to the same place, by whichever entry.

    One belongs to one receiver (or to several that all get the same). It is not for several threads at once.
    """

    def __init__(self, entries: Iterable[MappingEntry]) -> None:
        sendings = [kind_of(entry).sending(entry) for entry in entries]
        self._channels = sorted({sending.channel for sending in sendings})
        self._last: dict[bytes, bytes] = {}
        """Address -> the message that was last sent to it."""
        self._held: list[tuple[int, int] | None] = [None] * len(sendings)
        """For each entry, the (channel bits of the status byte, pitch) of the note it plays."""
        self._holders: dict[tuple[int, int], int] = {}
        """For each of these notes, how many entries play it."""
        self._origins = [""] * len(sendings)
        """For each entry whose note was passed on, the port that it came in by."""
        self._values = [nan] * len(sendings)
        """What each entry was last sent; NaN: nothing yet."""
        velocities: dict[int, int] = {}
        for index, sending in enumerate(sendings):
            if isinstance(sending, wire.Velocity):
                velocities.setdefault(sending.channel, index)
        self._struck_by: list[list[int]] = [[] for _ in sendings]
        """For each velocity that notes have, those notes."""
        for index, sending in enumerate(sendings):
            if isinstance(sending, wire.Note) and sending.channel in velocities:
                self._struck_by[velocities[sending.channel]].append(index)
        self._steps = [self._step(index, sending, velocities) for index, sending in enumerate(sendings)]

    def encode(self, values: Sequence[float]) -> list[bytes]:
        """The messages that play x_1 … x_n, in the order of the mapping; values are clipped to [0, 1], NaN to 0.

        Raises:
            ValueError: there are not as many values as entries.
        """
        if len(values) != len(self._steps):
            raise ValueError(f"{len(values)} values for a mapping of {len(self._steps)} entries")
        clipped = [value if 0.0 < value < 1.0 else 1.0 if value >= 1.0 else 0.0 for value in values]
        self._values = clipped
        messages: list[bytes] = []
        for step in self._steps:
            step(clipped, messages)
        return messages

    def pass_on(self, values: Sequence[float], moved: Iterable[int], origin: str) -> list[bytes]:
        """The messages that play only the values at the indices ``moved``, which came in at the port ``origin``.

        A note has the velocity that its channel was last sent, in this or an earlier moment; where none was, that of
        its entry. Without an ``origin`` they are the model's, and a velocity that moved strikes its channel's notes.

        Raises:
            ValueError: there are not as many values as entries.
        """
        if len(values) != len(self._steps):
            raise ValueError(f"{len(values)} values for a mapping of {len(self._steps)} entries")
        indices = sorted(moved if origin else self._with_struck(moved))
        for index in indices:
            self._values[index] = _clip(values[index])
        messages: list[bytes] = []
        for index in indices:
            self._steps[index](self._values, messages)
            self._origins[index] = origin
        return messages

    def _with_struck(self, moved: Iterable[int]) -> set[int]:
        indices = set(moved)
        return indices.union(*(self._struck_by[index] for index in indices))

    def end_notes(self, keys: Iterable[tuple[int, float | None]], origin: str) -> list[bytes]:
        """A note-off for each note that was passed on from ``origin`` and still sounds, if its key is among these.

        Keys are ``(index, value)`` pairs; a value None is any. What has been played since by others sounds on.
        """
        messages: list[bytes] = []
        for index, value in keys:
            note = self._held[index] if index < len(self._held) else None
            if note is None or self._origins[index] != origin:
                continue
            if value is None or note[1] == int(_clip(value) * wire.STEPS + 0.5):
                self._release(index, messages)
        return messages

    def all_notes_off(self) -> list[bytes]:
        """A note-off for each note that sounds. Then nothing is known of the receiver, so all is sent anew."""
        messages: list[bytes] = []
        for index in range(len(self._held)):
            self._release(index, messages)
        self._last.clear()
        return messages

    def resend(self) -> list[bytes]:
        """What the receiver should hold now: controllers (coarse before fine), programs, pressures, bends."""
        return [self._last[address] for address in sorted(self._last)]

    def panic(self) -> list[bytes]:
        """All notes off, then the controllers 120 (all sound off) and 123 (all notes off) on each channel in use."""
        statuses = [wire.status_byte(wire.CONTROL_CHANGE, channel) for channel in self._channels]
        pairs = ((bytes((s, wire.ALL_SOUND_OFF, 0)), bytes((s, wire.ALL_NOTES_OFF, 0))) for s in statuses)
        return [*self.all_notes_off(), *chain.from_iterable(pairs)]

    def _step(self, index: int, sending: wire.Sending, velocities: dict[int, int]) -> _Step:
        match sending:
            case wire.Note(channel, velocity):
                fixed = 127 if velocity is None else max(1, velocity)
                return self._note(index, channel, fixed, velocities.get(channel))
            case wire.Held():
                return self._holding(index, sending)
            case wire.Velocity():
                return lambda _values, _messages: None

    def _note(self, index: int, channel: int, fixed: int, velocity_index: int | None) -> _Step:
        status = wire.status_byte(wire.NOTE_ON, channel)
        held, holders = self._held, self._holders

        def play(values: list[float], messages: list[bytes]) -> None:
            self._release(index, messages)
            pitch = int(values[index] * wire.STEPS + 0.5)
            velocity = fixed
            if velocity_index is not None and not isnan(values[velocity_index]):
                velocity = int(values[velocity_index] * wire.STEPS + 0.5) or 1  # 0 would end the note
            note = held[index] = (channel - 1, pitch)
            holders[note] = holders.get(note, 0) + 1
            messages.append(bytes((status, pitch, velocity)))

        return play

    def _holding(self, index: int, sending: wire.Held) -> _Step:
        addresses, compose, last = sending.addresses, sending.compose, self._last
        address = addresses[0]

        def send_one(values: list[float], messages: list[bytes]) -> None:
            (message,) = compose(values[index])
            if last.get(address) != message:
                last[address] = message
                messages.append(message)

        def send_all(values: list[float], messages: list[bytes]) -> None:
            changed = False
            for address, message in zip(addresses, compose(values[index]), strict=True):
                if changed or last.get(address) != message:
                    changed = True
                    last[address] = message
                    messages.append(message)

        return send_one if len(addresses) == 1 else send_all

    def _release(self, index: int, messages: list[bytes]) -> None:
        """Let go of an entry's note; it ends if no other entry plays it."""
        note = self._held[index]
        if note is None:
            return
        self._held[index] = None
        self._origins[index] = ""
        self._holders[note] -= 1
        if not self._holders[note]:
            del self._holders[note]
            messages.append(bytes((wire.NOTE_OFF | note[0], note[1], 0)))


def _clip(value: float) -> float:
    return value if 0.0 < value < 1.0 else 1.0 if value >= 1.0 else 0.0

"""Finds out which control is being moved: MIDI messages in, with their times; proposals out.

The listener decides by how far something moved, not by how often it spoke: a worn knob that trembles between two
values sends as much as one that is turned. Nothing here reads a clock; times are seconds on the caller's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from impsy.mapping import wire
from impsy.mapping.entries import (
    ChannelAftertouch,
    ControlChange,
    ControlChange14,
    MappingEntry,
    NoteOn,
    NoteVelocity,
    PitchBend,
    ProgramChange,
)

__all__ = ["FRESH_SECONDS", "Learner", "Proposal", "entry_and_value"]

SETTLE_SECONDS = 0.4
"""A control that has been still for this long has been moved: what belongs to the gesture has come."""

SINGLE_SECONDS = 1.0
"""The same for a controller that was heard for the first time, and only once: more may follow."""

LONGEST_SECONDS = 2.0
"""A control that is still moving after this long need not come to rest."""

FRESH_SECONDS = 1.0
"""A control that is in use already must have been still for this long before it counts again."""

LEAST_SPAN = 0.05
"""How far a control must move, as a part of its range: more than a worn one trembles."""

CLEAR_SPAN = 0.25
"""How far a control moves that is clearly moved on purpose; a note or a program counts as much."""

PAIR_SECONDS = 0.02
"""How soon after a coarse part its fine part comes."""

_CHANNEL_MODE = 120
"""Controllers from here on are messages to the whole channel (MIDI 1.0, "Channel Mode Messages")."""

_BANK_SELECT = (0, 32)
"""The controllers that go before a program change."""

Key = tuple[str, int, int]
"""Port, status byte, and controller (−1 for the kinds that have none)."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is thought to be moved: an entry for the mapping, and the port it is at.

    ``taken_by`` is the index of a control that was learnt before and has the same entry, or (for ``note_velocity``)
    the same notes: then it should be asked whether that is meant. ``messages`` is how many came, ``span`` how far it
    moved as a part of its range.
    """

    entry: MappingEntry
    port: str
    messages: int
    span: float
    taken_by: int | None = None


@dataclass(slots=True)
class _Move:
    """What one control did since listening began. ``new``: it had never been heard before."""

    low: float
    high: float
    since: float
    last: float
    new: bool
    count: int = 0

    @property
    def span(self) -> float:
        return self.high - self.low


@dataclass(slots=True)
class _Pairing:
    """How the fine part of a controller follows its coarse part."""

    coarse: int = 0
    pairs: int = 0


_GESTURES: dict[int, tuple[Callable[[int, int], MappingEntry], wire.Reader]] = {
    wire.NOTE_ON: (lambda channel, _: NoteOn(channel), wire.read_note),
    wire.CONTROL_CHANGE: (ControlChange, wire.read_control(0, wire.STEPS)),
    wire.PROGRAM_CHANGE: (lambda channel, _: ProgramChange(channel), wire.read_first),
    wire.CHANNEL_AFTERTOUCH: (lambda channel, _: ChannelAftertouch(channel), wire.read_first),
    wire.PITCH_BEND: (lambda channel, _: PitchBend(channel), wire.read_bend),
}
"""The kinds of messages that can be learnt: the entry for each, from channel and controller, and its value."""


def entry_and_value(message: bytes) -> tuple[MappingEntry, float] | None:
    """The entry that a complete message is of, and its value in [0, 1]; None: it is no gesture.

    By the MIDI 1.0 Detailed Specification. Channel mode messages (controllers from 120) and note-offs are none.
    """
    if not message or not 0x80 <= message[0] < wire.SYSTEM or len(message) != wire.message_size(message[0]):
        return None
    first, second = message[1], message[2] if len(message) > 2 else 0
    if max(first, second) > 127:
        return None
    kind = message[0] & 0xF0
    gesture = _GESTURES.get(kind)
    if gesture is None or (kind == wire.CONTROL_CHANGE and first >= _CHANNEL_MODE):
        return None
    make, read = gesture
    value = read(first, second)
    return None if value is None else (make((message[0] & 0x0F) + 1, first), value)


class Learner:
    """Learns the controls x_1 … x_n of one device one after the other.

    For each: ``begin``, ``hear`` what comes, ask ``decide`` from time to time, and ``take`` or ``refuse`` what it
    proposes, or ``skip`` the control. The port of the first control that is taken is the device's: a mapping belongs
    to one port, so the others are not listened to any more (``elsewhere`` tells which of them spoke).
    """

    def __init__(self) -> None:
        self.port: str | None = None
        self.learnt: list[MappingEntry | None] = []
        """What was taken (None: skipped) so far."""
        self.elsewhere: set[str] = set()
        self._last: dict[Key, tuple[float, float]] = {}
        """The last value of each control in [0, 1], and when it came."""
        self._moves: dict[Key, _Move] = {}
        self._pairings: dict[Key, _Pairing] = {}
        self._previous: tuple[Key, float] | None = None

    def begin(self) -> None:
        """Listen anew: what moved so far says nothing of the next control."""
        self._moves.clear()
        self._pairings.clear()
        self._previous = None

    def hear(self, port: str, message: bytes, now: float) -> None:
        """One complete message. Whatever is no gesture (clock, note-offs, damaged ones …) changes nothing."""
        found = entry_and_value(message)
        if found is None:
            return
        if self.port not in (None, port):
            self.elsewhere.add(port)
            return
        key = (port, message[0], message[1] if isinstance(found[0], ControlChange) else -1)
        self._pair(key, now)
        self._move(key, found[1], now)

    def decide(self, now: float) -> Proposal | None:
        """The control that moved most, once it has come to rest; None while there is nothing to say."""
        found = [(proposal, move) for proposal, move in self._candidates() if _worth(proposal, move) >= LEAST_SPAN]
        free = [pair for pair in found if pair[0].taken_by is None]
        known = [pair for pair in found if _worth(*pair) >= CLEAR_SPAN]
        best = max(free or known, key=lambda pair: _worth(*pair), default=None)
        if best is None:
            return None
        proposal, move = best
        single = move.new and move.count == 1 and not isinstance(proposal.entry, NoteOn | ProgramChange)
        still = SINGLE_SECONDS if single else SETTLE_SECONDS
        return proposal if now - move.last >= still or now - move.since >= LONGEST_SECONDS else None

    def take(self, proposal: Proposal) -> None:
        """This is the control that was meant; go on to the next."""
        self.port = proposal.port
        self.learnt.append(proposal.entry)
        self.begin()

    def refuse(self) -> None:
        """That was not meant: listen again for the same control."""
        self.begin()

    def skip(self) -> None:
        """Leave this control out; go on to the next."""
        self.learnt.append(None)
        self.begin()

    def back(self) -> bool:
        """Undo the last ``take`` or ``skip``; False if there is none."""
        if not self.learnt:
            return False
        self.learnt.pop()
        if not any(self.learnt):
            self.port = None
        self.begin()
        return True

    # --- what moved --------------------------------------------------------------------------------

    def _move(self, key: Key, value: float, now: float) -> None:
        before = self._last.get(key)
        self._last[key] = (value, now)
        move = self._moves.get(key)
        if move is None:
            # The rest of the last control's movement is not yet the next control's.
            if before is not None and now - before[1] < FRESH_SECONDS and self._entry(key) in self.learnt:
                return
            start = value if before is None else before[0]
            move = self._moves[key] = _Move(start, start, now, now, new=before is None)
        move.low, move.high = min(move.low, value), max(move.high, value)
        move.last = now
        move.count += 1

    def _pair(self, key: Key, now: float) -> None:
        port, status, controller = key
        previous, self._previous = self._previous, (key, now)
        if status & 0xF0 != wire.CONTROL_CHANGE or controller >= 2 * wire.LSB_OFFSET:
            return
        if controller < wire.LSB_OFFSET:
            self._pairings.setdefault(key, _Pairing()).coarse += 1
            return
        coarse = (port, status, controller - wire.LSB_OFFSET)
        if previous is not None and previous[0] == coarse and now - previous[1] <= PAIR_SECONDS:
            self._pairings.setdefault(coarse, _Pairing()).pairs += 1

    # --- what it means -----------------------------------------------------------------------------

    def _candidates(self) -> list[tuple[Proposal, _Move]]:
        """What moved, as proposals, without what only came along with something else."""
        programs = {(port, status & 0x0F) for port, status, _ in self._moves if status & 0xF0 == wire.PROGRAM_CHANGE}
        notes = {(port, status & 0x0F) for port, status, _ in self._moves if status & 0xF0 == wire.NOTE_ON}
        fine = {key for key in self._pairings if self._is_fine(key)}
        found = []
        for key, move in self._moves.items():
            port, status, controller = key
            kind, place = status & 0xF0, (port, status & 0x0F)
            channel = (status & 0x0F) + 1
            if place in programs and kind == wire.CONTROL_CHANGE and controller in _BANK_SELECT:
                continue
            if kind == wire.CONTROL_CHANGE and (port, status, controller - wire.LSB_OFFSET) in fine:
                continue
            # Keys that are pressed send pressure too; it is meant only once the notes have found their place.
            if kind == wire.CHANNEL_AFTERTOUCH and place in notes and NoteOn(channel) not in self.learnt:
                continue
            entry = ControlChange14(channel, controller) if key in fine else self._entry(key)
            found.append((self._proposal(Proposal(entry, port, move.count, move.span)), move))
        return found

    def _entry(self, key: Key) -> MappingEntry:
        """What a message with this key stands for, when it comes alone."""
        _port, status, controller = key
        channel = (status & 0x0F) + 1
        if status & 0xF0 == wire.CONTROL_CHANGE:
            for coarse in (controller, controller - wire.LSB_OFFSET):
                if ControlChange14(channel, coarse) in self.learnt:
                    return ControlChange14(channel, coarse)
        return _GESTURES[status & 0xF0][0](channel, controller)

    def _is_fine(self, key: Key) -> bool:
        """Whether a fine part follows this controller's coarse part as a rule."""
        pairing = self._pairings[key]
        return pairing.pairs >= 2 and pairing.pairs >= 0.8 * pairing.coarse

    def _proposal(self, proposal: Proposal) -> Proposal:
        """The same, with the control that has it already; notes that are taken can still give their velocity."""
        if proposal.entry not in self.learnt:
            return proposal
        taken_by = self.learnt.index(proposal.entry)
        if isinstance(proposal.entry, NoteOn):
            velocity = NoteVelocity(proposal.entry.channel)
            if velocity not in self.learnt:
                return replace(proposal, entry=velocity, taken_by=taken_by)
        return replace(proposal, taken_by=taken_by)


def _worth(proposal: Proposal, move: _Move) -> float:
    """How much it looks like a gesture, in spans of a control."""
    if isinstance(proposal.entry, NoteOn | NoteVelocity | ProgramChange):
        return CLEAR_SPAN
    # A button may speak once and never have been heard before.
    return LEAST_SPAN if move.new and move.count == 1 else move.span

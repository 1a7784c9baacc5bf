"""The hands of a performance: what each control last played and when, and which notes are to end by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from impsy.copying import copied
from impsy.events import EndNotes, Interaction, Update
from impsy.mapping.hands import Hand, rest_of, shape_of, step_of

__all__ = ["Hands", "Played"]


class Played(NamedTuple):
    """What is played of a prediction. ``moved`` are the indices of the values that are sent; None: all."""

    values: tuple[float, ...]
    vector: tuple[float, ...]
    moved: tuple[int, ...] | None


class Hands:
    """Applies the hands of a configuration to what the model plays and to what the performer does.

    Controls beyond those that are given are free. Without any, all passes through as it is.

    Args:
        hands: one for each control, from the first.
        values: x_1 … x_n as they are at the start; a control that is not enabled is in the middle of its range.
    """

    def __init__(self, hands: Sequence[Hand], values: Sequence[float]) -> None:
        self._ends: dict[int, float] = {}
        """When the note of a control is to end."""
        self._sent: dict[int, dict[int, float]] = {}
        """For controls that do not repeat: when each note or step was last sent."""
        self._stays: dict[int, float] = {}
        """The values of the controls that are not enabled."""
        middle = [rest_of(hand) for hand in hands[: len(values)]]
        self.use(hands, (*middle, *values[len(middle) :]))

    def use(self, hands: Sequence[Hand], values: Sequence[float]) -> list[EndNotes]:
        """Apply others from now on; returns what ends the notes of controls that are not enabled any more.

        Notes that sound end when they would have ended.

        Args:
            hands: one for each control, from the first.
            values: x_1 … x_n as they are now: those of controls that are not enabled any more stay so.
        """
        numbered = list(enumerate(hands[: len(values)]))
        off = [index for index, hand in numbered if not hand.enabled]
        ended = [(index, None) for index in off if index not in self._stays]
        self._stays = {index: self._stays.get(index, values[index]) for index in off}
        self._ignored = dict(self._stays)
        self._shapes = [
            (index, shape) for index, hand in numbered if hand.enabled and (shape := shape_of(hand)) is not None
        ]
        self._gates = {index: hand.gate for index, hand in numbered if hand.gate is not None}
        self._repeats = {index: hand.repeat for index, hand in numbered if hand.repeat > 0.0}
        self._sent = {index: self._sent.get(index, {}) for index in self._repeats}
        self._struck_by = {
            index: hand.velocity
            for index, hand in numbered
            if hand.velocity is not None and (index in self._repeats or index in self._stays)
        }
        self._limits_playing = bool(self._stays or self._gates or self._repeats)
        return [EndNotes(tuple(ended), "")] if ended else []

    def fork(self) -> Hands:
        """A copy that shares nothing that changes."""
        sent = self._sent and {index: sent.copy() for index, sent in self._sent.items()}
        return copied(self, _ends=self._ends.copy(), _sent=sent)

    @property
    def off(self) -> Set[int]:
        """The controls that are not enabled."""
        return self._stays.keys()

    # --- the model -----------------------------------------------------------------------------------

    def shape(
        self, values: tuple[float, ...], vector: tuple[float, ...]
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """A prediction, ``[x_1 … x_n]`` and ``[dt, x_1 … x_n]``, with each value where its hand may play it."""
        if not self._shapes and not self._stays:
            return values, vector
        shaped = list(values)
        for index, shape in self._shapes:
            shaped[index] = shape(shaped[index])
        return self._heard_as(vector, self.keep(shaped))

    def keep(self, values: Sequence[float]) -> tuple[float, ...]:
        """The values with those of the controls that are not enabled as they stay."""
        kept = list(values)
        for index, value in self._stays.items():
            kept[index] = value
        return tuple(kept)

    def play(
        self,
        values: tuple[float, ...],
        vector: tuple[float, ...],
        before: Sequence[float],
        now: float,
        moved: Iterable[int] | None = None,
    ) -> Played:
        """What is sent now of an event that is due.

        A control that would repeat itself stays where it is.

        Args:
            values: x_1 … x_n.
            vector: what the model hears if it hears itself.
            before: what was last sent, or nothing.
            now: seconds.
            moved: the indices of the values that are played; None: all.
        """
        if not self._limits_playing:
            return Played(values, vector, None if moved is None else tuple(moved))
        playing = set(range(len(values)) if moved is None else moved)
        playing |= {index for index, velocity in self._struck_by.items() if velocity in playing}
        sent = [
            index for index in sorted(playing) if index not in self._stays and not self._repeated(index, values, now)
        ]
        # A velocity strikes its notes when it moves: not one that is not to be played.
        silent = {velocity for index, velocity in self._struck_by.items() if index not in sent}
        sent = [index for index in sent if index not in silent]
        kept = [index for index in self._repeats if index in playing and index not in sent and before]
        if kept:
            stayed = list(values)
            for index in kept:
                stayed[index] = before[index]
            values, vector = self._heard_as(vector, tuple(stayed))
        for index in sent:
            if index in self._gates:
                self._ends[index] = now + self._gates[index]
            else:
                self._ends.pop(index, None)
        return Played(values, vector, None if len(sent) == len(values) else tuple(sent))

    @staticmethod
    def _heard_as(
        vector: tuple[float, ...], values: tuple[float, ...]
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return values, (vector[0], *values)

    def _repeated(self, index: int, values: Sequence[float], now: float) -> bool:
        """Whether the control played the same too short a time ago; if not, it plays it now."""
        if index not in self._repeats:
            return False
        sent, step = self._sent[index], step_of(values[index])
        if step in sent and now - sent[step] < self._repeats[index]:
            return True
        sent[step] = now
        return False

    # --- notes that end by themselves --------------------------------------------------------------

    @property
    def due(self) -> float | None:
        """When the next note ends by itself."""
        return min(self._ends.values()) if self._ends else None

    def forget_notes(self) -> None:
        """Others play now: what sounds is theirs."""
        self._ends.clear()

    def ended(self, now: float) -> list[EndNotes]:
        """What ends the notes whose time is over."""
        over = [index for index, end in self._ends.items() if end <= now]
        for index in over:
            del self._ends[index]
        return [EndNotes(tuple((index, None) for index in over), "")] if over else []

    # --- the performer -----------------------------------------------------------------------------

    def heard(self, event: Interaction | Update, before: Sequence[float]) -> Interaction | Update | None:
        """The event without the controls that are not enabled; None: nothing is left of it.

        Args:
            event: of the performer.
            before: x_1 … x_n before it.
        """
        if not self._stays:
            return event
        if isinstance(event, Update):
            changes = tuple(change for change in event.changes if change[0] not in self._stays)
            return Update(changes, event.port, event.struck) if changes else None
        if len(event.values) != len(before):
            return event  # it is rejected
        ignored = {index: event.values[index] for index in self._stays}
        moved_there, self._ignored = ignored != self._ignored, ignored
        values = self.keep(event.values)
        return None if moved_there and values == tuple(before) else Interaction(values, event.port)

"""Networks for notes: the constants of the architecture ``landings``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models.architectures import FloatArray, Residual, expect

__all__ = ["DECAYS", "HAT", "LEAST_USE", "OCTAVE", "REACH", "SOONEST", "Landings"]

REACH = 12
"""Intervals of a note are distinguished up to so many steps; longer ones count as that long."""
DECAYS = (0.8, 0.98)
"""What is left, after each note, of what the leaky sums of a note control hold."""
OCTAVE = 12
"""Steps of a note control after which its values are alike."""
LEAST_USE = 0.01
"""What is added to the use of a value, whose logarithm counts."""
SOONEST = 0.02
"""Times are not distinguished below this (scaled space: 2 ms)."""
HAT = 0.2
"""Half the width of the features that distinguish times, in natural logarithms."""
MOST_VALUES = 256
"""A note control has no more values than this."""


@dataclass(frozen=True, eq=False)
class Landings(Residual):
    """What is fixed before a network of the architecture ``landings`` learns: which values notes can land on.

    A note does not move by so much, as a knob does: it lands on one of few values. Here a component is a value and a
    *slot*; the slot is everything else: when, and what other controls do. The network predicts values and slots
    apart, so that a few outputs make hundreds of components.

    With n controls, C of which are *notes*, S slots and T anchors of time, all float32 and in the scaled space
    unless stated otherwise, beside ``grid``, ``change_scale`` (n,), ``sigma_scale`` and ``sigma_floor`` (S, D), which
    are those of slots here:

    - ``notes`` (C,): which controls are notes, from 0, ascending; each has a grid. The others are *knobs*.
    - ``lowest`` and ``counts`` (C,): note c can land on its steps lowest_c … lowest_c + counts_c − 1, V_c of them.
    - ``voice`` (S,): which note (0 … C − 1) a slot lands, −1 if none; first all slots of note 0, and so on; those of
      none come last. Each note has a slot.
    - ``moves`` (S, n) of 0, 1: whether the slot moves the control; the others rest. A slot that lands a note moves
      no note.
    - ``time`` (S,): what the slot's time counts from. ``anchors`` (T,), > 0: times that the network tells apart.
    - ``threshold`` and ``rest`` (n,), > 0: from where on a control has moved, and sigma of one that rests or lands.
    - ``apart`` (n,) of 0, 1: whether a control that moves alone shows that no note was played. It is 1 for notes, and
      0 for those that go along with notes, as velocity does.

    ``base``, ``low``, ``high`` are those of :class:`Residual`; move_i = base_i − last_i, 0 at the first event;
    clip and round as in :class:`Gestures`. For each note c, with i its control:

    - at_c = clip(round(base_i · (1 / grid_i)) − lowest_c, 0, V_c − 1), and one_c (V_c,) is 1 there, else 0.
    - interval_c (25,) is 1 at 12 + clip(round(move_i · (1 / grid_i)), −12, 12) and else 0; all 0 at the first event.
    - played_c is 1 if round(move_i · (1 / threshold_i)) is not 0, or if that is 0 for all controls that are apart;
      else 0.
    - For each decay q of 0.8 and 0.98, use_q,c becomes use_q,c + played_c · (1 − q) · (one_c − use_q,c), 0 at first.

    - The class of a value j of note c is (lowest_c + j) modulo 12. around_q,c (12,) sums use_q,d,j over all notes d
      and their values by (class of j − class of at_c) modulo 12: what was used, counted from the note that sounds.
      chord_c,d (12,), for each other note d in turn, is 1 at (class of at_d − class of at_c) modulo 12, else 0.

    The features, 2 + T + Σ (25 + 3 V_c + 24 + 12 (C − 1)) + 5 (n − C) of them, are ``[log(t), max(0, 1 − |log(t) −
    log(anchors)| / 0.2) (T), heard, for each note: interval, one, use_0.8, use_0.98, around_0.8, around_0.98, chord;
    of the knobs: base, d, d², low, high]`` with t = max(v_0, 0.02), heard = 0 at the first event and then 1, and
    d = tanh(change_scale · move).

    The dense layer gives ``[r (S + P) | z (S + P) | b (S) | a (Σ V_c) | e (25 C) | h (12 C (C − 1)) | w (2 C)]``: P
    is the number of ones in ``moves``, and r and z are of time (S), then of each one (P), row by row.

    - sigma = sigma_scale · (elu(z) + 1 + 1e-7) + sigma_floor of time and of what the slot moves; ``rest`` of all
      other controls.
    - mu of time is time_s + r; of what the slot moves base_i + r · (1 − 2 low_i) + max(r, 0) · 2 (low_i − high_i); of
      all other controls base_i, but for the note that a component lands.
    - The components are, note by note, value by value, slot by slot: the slot with the note on
      (lowest_c + j) · grid_i and the logit b_s + a_c,j + e_c,12+i + Σ_d h_c,d,k + w_2c · log(0.01 + alike) +
      w_2c+1 · log(0.01 + use_0.98,c,j), with i = clip(j − at_c, −12, 12), k = (class of j − class of at_d) modulo 12
      for each other note d, and alike the sum of use_0.98 over all values of all notes of the class of j; and then
      the slots that land no note, with the logit b_s.

    So what a piece has used, and its octaves, count as likely again (a cache: Grave, Joulin & Usunier 2017), and what
    is learned of intervals in one key is known in all. A state carries ``[base (n) | for each note: use_0.8, use_0.98
    | 1 if anything was heard]`` to the next step. Nothing depends on the scale of sigma and its floor where a slot
    rests: they are set to 1 and 0.

    Raises ModelError if shapes or ranges are others.
    """

    architecture: ClassVar[str] = "landings"
    _deviations: ClassVar[tuple[str, ...]] = ("sigma_scale", "sigma_floor", "rest")

    notes: FloatArray
    lowest: FloatArray
    counts: FloatArray
    voice: FloatArray
    moves: FloatArray
    time: FloatArray
    anchors: FloatArray
    threshold: FloatArray
    rest: FloatArray
    apart: FloatArray

    def __post_init__(self) -> None:
        Residual.__post_init__(self)
        n, slots, voices = self.grid.size, len(self.sigma_scale), self.notes.size
        shapes: dict[str, tuple[int, ...]] = {
            "notes": (voices,),
            "lowest": (voices,),
            "counts": (voices,),
            "voice": (slots,),
            "time": (slots,),
        }
        shapes |= {
            "moves": (slots, n),
            "anchors": (self.anchors.size,),
            "threshold": (n,),
            "rest": (n,),
            "apart": (n,),
        }
        for what, shape in ({"sigma_scale": (slots, n + 1)} | shapes).items():
            expect(what, getattr(self, what), shape)
        if any((getattr(self, what) <= 0).any() for what in ("threshold", "rest", "anchors")):
            raise ModelError("a threshold, a deviation at rest or an anchor of time is 0 or less")
        if not np.isin(self.moves, (0, 1)).all() or not np.isin(self.apart, (0, 1)).all():
            raise ModelError("a slot moves a control, 1, or does not, 0; and a control is apart, 1, or not, 0")
        whole = [self.notes, self.lowest, self.counts, self.voice]
        if any((array != np.rint(array)).any() or (np.abs(array) > 1 << 20).any() for array in whole):
            raise ModelError("the notes, their values and the voices of slots are not whole numbers")
        if not voices or (np.diff(self.notes) <= 0).any() or self.notes[0] < 0 or self.notes[-1] >= n:
            raise ModelError(f"the notes are not some of the {n} controls, in their order")
        if (self.grid[self.note] == 0).any() or (self.apart[self.note] == 0).any():
            raise ModelError("a note has no grid, or is not apart")
        if (self.counts < 1).any() or (self.counts > MOST_VALUES).any():
            raise ModelError(f"a note has between 1 and {MOST_VALUES} values")
        order = np.where(self.voice == -1, voices, self.voice)
        if (np.diff(order) < 0).any() or not np.isin(np.arange(voices), order).all() or not (order <= voices).all():
            raise ModelError("the slots are not first those of each note in turn, then those of none")
        if self.moves[np.ix_(self.voice >= 0, self.note)].any():
            raise ModelError("a slot that lands a note moves a note besides")
        for what, neutral in (("sigma_scale", 1), ("sigma_floor", 0)):
            object.__setattr__(self, what, np.where(self.live, getattr(self, what), np.float32(neutral)))

    @property
    def features(self) -> int:
        return 2 + self.anchors.size + sum(map(self.heard_of, self.values)) + 5 * self.knobs.size

    @property
    def carries(self) -> int:
        return self.grid.size + 2 * sum(self.values) + 1

    @property
    def mixtures(self) -> int:
        return sum(count * slots for count, slots in zip(self.values, self.slots, strict=False)) + self.slots[-1]

    @property
    def outputs(self) -> int:
        return 2 * int(self.live.sum()) + self.logits

    @property
    def logits(self) -> int:
        voices = self.notes.size
        of_voices = 2 * REACH + 1 + OCTAVE * (voices - 1) + 2
        return self.voice.size + sum(self.values) + voices * of_voices

    def heard_of(self, count: int) -> int:
        """How many features a note of so many values has."""
        classes = (len(DECAYS) + self.notes.size - 1) * OCTAVE
        return 2 * REACH + 1 + (1 + len(DECAYS)) * count + classes

    @cached_property
    def live(self) -> NDArray[np.bool_]:
        """Which numbers of each slot are computed, (S, D): time, and the controls that it moves."""
        return np.concatenate([np.ones((len(self.moves), 1), bool), self.moves != 0], axis=1)

    @cached_property
    def note(self) -> NDArray[np.intp]:
        """The notes' controls, (C,)."""
        return self.notes.astype(np.intp)

    @cached_property
    def knobs(self) -> NDArray[np.intp]:
        """The other controls, in their order."""
        return np.setdiff1d(np.arange(self.grid.size), self.note)

    @cached_property
    def values(self) -> tuple[int, ...]:
        """How many values each note has."""
        return tuple(int(count) for count in self.counts)

    @cached_property
    def slots(self) -> tuple[int, ...]:
        """How many slots each note has, and how many land none."""
        return tuple(int((self.voice == voice).sum()) for voice in [*range(self.notes.size), -1])

    def landing(self, voice: int) -> FloatArray:
        """The values of a note, (V,)."""
        steps = self.lowest[voice] + np.arange(self.values[voice], dtype=np.float32)
        return np.asarray(steps * self.grid[self.note[voice]], np.float32)

    def classes(self, voice: int) -> NDArray[np.intp]:
        """The classes of a note's values, (V,)."""
        return np.asarray((self.lowest[voice] + np.arange(self.values[voice])) % OCTAVE, np.intp)

    @cached_property
    def all_classes(self) -> NDArray[np.intp]:
        """The classes of all notes' values, (Σ V,)."""
        return np.concatenate([self.classes(voice) for voice in range(self.notes.size)])

    def alike(self, voice: int) -> FloatArray:
        """(V, Σ V): 1 where a value of the note and one of any note are of one class."""
        return np.asarray(self.classes(voice)[:, None] == self.all_classes, np.float32)

    def others(self, voice: int) -> list[int]:
        """The other notes."""
        return [other for other in range(self.notes.size) if other != voice]

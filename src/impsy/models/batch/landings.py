"""The head of a network for notes, in NumPy: see :class:`impsy.models.landings.Landings`.

As there, arrays are (numbers, sequences); only the mixtures are (sequences, numbers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.models.batch.heads import ResidualHead, elu_plus_one
from impsy.models.landings import DECAYS, HAT, LEAST_USE, OCTAVE, REACH, SOONEST, Landings
from impsy.models.weights import SIGMA_OFFSET, Weights

__all__ = ["LandingHead"]

_Array = NDArray[Any]


class LandingHead(ResidualHead):
    """That of a network for notes. Numbers that depend on the slot alone are computed once for all values."""

    def __init__(self, weights: Weights, fixed: Landings, precision: type[np.floating[Any]]) -> None:
        super().__init__(weights, fixed, precision)
        self._fixed = fixed
        self._matrix = np.ascontiguousarray(self._dense.T)
        self._width = fixed.mixtures * weights.dimension
        self._places = np.flatnonzero(self._by_slot(fixed.live))
        voices = fixed.notes.size
        each = [len(fixed.voice), sum(fixed.values), (2 * REACH + 1) * voices, OCTAVE * voices * (voices - 1)]
        ends = np.cumsum([len(self._places)] * 2 + each)
        self._parts = [slice(*part) for part in zip([0, *ends], [*ends, None], strict=True)]
        slots, n = fixed.moves.shape
        control = np.concatenate([np.full(slots, n), np.nonzero(fixed.moves)[1]])
        self._control = control
        scale, floor = (
            self._by_slot(part)[self._places, None].astype(precision)
            for part in (fixed.sigma_scale, fixed.sigma_floor)
        )
        self._slot_scale, self._slot_floor = scale, floor + scale * np.asarray(SIGMA_OFFSET - 1.0, precision)
        self._time = fixed.time[:, None].astype(precision)
        self._anchors = np.log(fixed.anchors.astype(precision))[:, None]
        self._per_threshold = np.reciprocal(fixed.threshold)[:, None]
        self._voices = [_Voice(fixed, voice, precision) for voice in range(fixed.notes.size)]

    def _by_slot(self, of_slots: _Array) -> _Array:
        """(S, D) as (S + S·n,): times first, then the controls of each slot."""
        return np.concatenate([of_slots[:, 0], of_slots[:, 1:].reshape(-1)])

    def allocate(self, batch: int) -> None:
        super().allocate(batch)
        fixed, precision = self._fixed, self._precision
        self.parameters = np.zeros((batch, self._width * 2 + fixed.mixtures), precision)
        self.first = True
        slots, n = fixed.moves.shape
        self._allocate_places(batch)
        self._means = np.zeros((slots + slots * n, batch), precision)
        self._deviations = np.zeros((slots + slots * n, batch), precision)
        self._deviations[slots:] = np.tile(fixed.rest, slots)[:, None]
        for voice in self._voices:
            voice.allocate(batch)

    def reset(self) -> None:
        super().reset()
        self.first = True
        for voice in self._voices:
            voice.use.fill(0)

    @property
    def carried(self) -> list[_Array]:
        return [*super().carried, *(voice.use for voice in self._voices)]

    def features(self, scaled: _Array, out: _Array) -> None:
        fixed, knobs = self._fixed, self._fixed.knobs
        base = np.empty((self._controls, scaled.shape[1]), self._precision)
        anchors = len(self._anchors)
        self._hear(scaled, out[0], base)
        np.log(np.maximum(scaled[0], SOONEST), out=out[0])
        np.maximum(0, 1 - np.abs(out[0] - self._anchors) / HAT, out=out[1 : 1 + anchors])
        out[1 + anchors] = not self.first
        move = self._move
        if self.first:
            move.fill(0)
        turns = np.rint(move * self._per_threshold) != 0
        still = ~turns[fixed.apart != 0].any(axis=0)
        for voice in self._voices:
            voice.hear(self._base, turns[voice.control] | still)
        at = 2 + anchors
        for voice in self._voices:
            for part in voice.features(move, self.first, self._voices):
                out[at : at + len(part)] = part
                at += len(part)
        self.first = False
        parts = out[at:].reshape(5, len(knobs), scaled.shape[1])
        parts[0] = base[knobs]
        self._squash(move[knobs], self._change_scale[knobs], parts[1])
        np.square(parts[1], out=parts[2])
        parts[3:] = self._ends[:, fixed.knobs]

    def mixture(self, heard: _Array) -> None:
        out = self._matrix @ heard
        travel, sigma, slots, values, intervals, chords, weights = (out[part] for part in self._parts)
        elu_plus_one(sigma, np.empty_like(sigma))
        sigma *= self._slot_scale
        sigma += self._slot_floor
        self._place(travel, self._control)
        count = len(self._time)
        self._means[count:] = np.tile(self._base, (count, 1))
        self._means[self._places] = travel
        self._means[:count] += self._time
        self._deviations[self._places] = sigma
        batch = heard.shape[1]
        fixed, dimension = self._fixed, self._dimension
        means, deviations = (
            self.parameters[:, part].reshape(batch, -1, dimension)
            for part in (slice(self._width), slice(self._width, 2 * self._width))
        )
        logits = self.parameters[:, 2 * self._width :]
        of_slots = [self._of_slots(part) for part in (self._means, self._deviations)]
        first = slot = value = 0
        for number, voice in enumerate(self._voices):
            here = slice(slot, slot + fixed.slots[number])
            place = slice(first, first + voice.count * fixed.slots[number])
            shape = (batch, voice.count, fixed.slots[number])
            for whole, part in zip((means, deviations), of_slots, strict=True):
                whole[:, place].reshape(*shape, dimension)[...] = part[:, None, here]
            means[:, place, 1 + voice.control].reshape(shape)[...] = voice.landing[:, None]
            each = values[value : value + voice.count] + voice.preference(weights[2 * number :], self._voices)
            each = each + voice.by_interval(intervals[(2 * REACH + 1) * number :][: 2 * REACH + 1])
            for other in fixed.others(number):
                each = each + voice.by_chord(chords[:OCTAVE], self._voices[other])
                chords = chords[OCTAVE:]
            logits[:, place].reshape(shape)[...] = each.T[:, :, None] + slots[here].T[:, None]
            first, slot, value = place.stop, here.stop, value + voice.count
        for whole, part in zip((means, deviations), of_slots, strict=True):
            whole[:, first:] = part[:, slot:]
        logits[:, first:] = slots[slot:].T

    def _of_slots(self, numbers: _Array) -> _Array:
        """(S + S·n, B) as (B, S, D)."""
        slots = len(self._time)
        controls = numbers[slots:].reshape(slots, self._controls, -1)
        return np.concatenate([numbers[:slots, None], controls], axis=1).transpose(2, 0, 1)


class _Voice:
    """One note: what it hears, and how much its values were used."""

    def __init__(self, fixed: Landings, voice: int, precision: type[np.floating[Any]]) -> None:
        self.control = int(fixed.note[voice])
        self.count = fixed.values[voice]
        self.landing = fixed.landing(voice)
        self._per_step = np.reciprocal(fixed.grid[self.control])
        self._lowest = fixed.lowest[voice]
        self._alike = fixed.alike(voice).astype(precision)
        self._all_classes = np.eye(OCTAVE, dtype=precision)[:, fixed.all_classes]
        self._classes = fixed.classes(voice)
        self._others = fixed.others(voice)
        self._precision = precision
        self._taken = (1 - np.array(DECAYS, precision))[:, None, None]

    def allocate(self, batch: int) -> None:
        self.use = np.zeros((len(DECAYS), self.count, batch), self._precision)
        self._at = np.zeros(batch, np.intp)

    @property
    def sounding(self) -> NDArray[np.intp]:
        """The class of the value that sounds, (B,)."""
        return self._classes[self._at]

    def hear(self, base: _Array, played: _Array) -> None:
        """Take in where the control stands, and whether that is a note that was played, (B,)."""
        steps = np.rint(base[self.control] * self._per_step) - self._lowest
        self._at = np.clip(steps, 0, self.count - 1).astype(np.intp)
        self._one = np.arange(self.count)[:, None] == self._at
        self.use += played * self._taken * (self._one - self.use)

    def features(self, move: _Array, first: bool, voices: Sequence[_Voice]) -> Iterator[_Array]:
        """The parts of what is heard of the note."""
        interval = np.clip(np.rint(move[self.control] * self._per_step), -REACH, REACH)
        yield (np.arange(-REACH, REACH + 1)[:, None] == interval) & (not first)
        yield self._one
        yield from self.use
        octave = np.arange(OCTAVE)[:, None]
        for decay in range(len(DECAYS)):
            used = self._all_classes @ np.concatenate([voice.use[decay] for voice in voices])
            yield np.take_along_axis(used, (octave + self.sounding) % OCTAVE, 0)
        for other in self._others:
            yield octave == (voices[other].sounding - self.sounding) % OCTAVE

    def by_interval(self, intervals: _Array) -> _Array:
        """What intervals (25, B) add to the logits of the values that they lead to, (V, B)."""
        by = np.clip(np.arange(self.count)[:, None] - self._at, -REACH, REACH)
        return np.asarray(np.take_along_axis(intervals, by + REACH, 0))

    def by_chord(self, chords: _Array, other: _Voice) -> _Array:
        """What intervals to another note (12, B) add to the logits of the values that make them, (V, B)."""
        return np.asarray(np.take_along_axis(chords, (self._classes[:, None] - other.sounding) % OCTAVE, 0))

    def preference(self, weights: _Array, voices: Sequence[_Voice]) -> _Array:
        """What the values' use adds to their logits, (V, B)."""
        alike = self._alike @ np.concatenate([voice.use[1] for voice in voices])
        wide, own = (np.log(part + LEAST_USE) for part in (alike, self.use[1]))
        return np.asarray(weights[0] * wide + weights[1] * own)

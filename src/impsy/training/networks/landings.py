"""A network for notes in JAX, over whole windows: see :class:`impsy.models.landings.Landings`.

The likelihood is computed for the value that was played only: the components of all other values are many deviations
away, so that log Σ over all components is log P(value) + log p(everything else | value), but for less than rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from impsy.models.architectures import FloatArray
from impsy.models.landings import DECAYS, HAT, LEAST_USE, OCTAVE, REACH, SOONEST, Landings
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.training.networks.layers import RecurrentNetwork, log_normal, moved, positive, standing
from impsy.training.notes import Changes

__all__ = ["LandingNetwork"]

DEAF = 0.15
"""Share of the features that are left out, the same ones throughout a window."""
_SPREAD_START = -0.5
USE_SCALES = (2.0, 4.0)
"""What leaky sums count in, by decay: they are small, the slower ones more so."""


class _Heard(NamedTuple):
    features: Any
    base: Any
    low: Any
    high: Any
    at: list[Any]
    use: list[Any]


class LandingNetwork(RecurrentNetwork):
    """A network for notes; its outputs are those of the definition.

    Args:
        changes: how windows are changed at random; None: not at all.
        dropout: share of each LSTM layer's outputs that are left out.
    """

    fixed: Landings

    def __init__(
        self, dimension: int, size: Size, fixed: Landings, changes: Changes | None, dropout: float = 0.0
    ) -> None:
        deaf = DEAF if dropout else 0.0
        super().__init__(dimension, size, fixed, _heard_of(fixed), fixed.outputs, dropout, deaf)
        self._changes = changes or Changes()
        slots = len(fixed.moves)
        self._slot, self._control = np.nonzero(fixed.moves)
        pairs = len(self._slot)
        self._of_slot = np.zeros((pairs, slots), np.float32)
        self._of_slot[np.arange(pairs), self._slot] = 1
        rests = fixed.moves == 0
        lands = np.flatnonzero(fixed.voice >= 0)
        rests[lands, fixed.note[fixed.voice[lands].astype(int)]] = False
        self._rests = rests.T.astype(np.float32)
        intervals = [2 * REACH + 1] * len(fixed.values)
        chords = [OCTAVE] * (len(intervals) * (len(intervals) - 1))
        self._ends = np.cumsum([slots + pairs, slots + pairs, slots, *fixed.values, *intervals, *chords])
        slot_scale, slot_floor = (
            np.concatenate([of_slots[:, 0], of_slots[self._slot, 1 + self._control]])
            for of_slots in (fixed.sigma_scale, fixed.sigma_floor)
        )
        self._scale, self._floor = slot_scale, slot_floor
        starts = np.cumsum([0, *fixed.slots])
        self._slots_of = [slice(*ends) for ends in pairwise(starts)]

    def start(self, seed: int, starts: Any = None) -> list[FloatArray]:
        """Weights to begin with; ``starts`` are :class:`LandingStarts`."""
        *weights, bias = self._start(np.random.default_rng(seed))
        count = len(self._scale)
        bias[count : 2 * count] = _SPREAD_START
        if starts is not None:
            bias[2 * count : 2 * count + len(starts.slots)] = starts.slots
            bias[self._ends[2] : self._ends[2] + len(starts.values)] = starts.values
        return [*weights, bias]

    def _columns(self) -> tuple[Any, FloatArray, int]:
        unit = np.ones(self.outputs, np.float32)
        unit[: len(self._scale)] = self._scale
        return np.arange(self.outputs), unit, self.outputs

    def changed(self, window: Any, key: Any) -> Any:
        """Transposed, and stretched in time."""
        changes, (by, how) = self._changes, jax.random.split(key)
        batch = window.shape[0]
        if changes.up or changes.down:
            shift = jax.random.randint(by, (batch, 1, 1), -changes.down, changes.up + 1)
            columns = 1 + np.array(changes.notes)
            window = window.at[..., columns].add(shift * np.array(changes.steps, np.float32))
        if changes.stretch:
            stretch = jnp.exp(changes.stretch * jax.random.normal(how, (batch, 1)))
            window = window.at[..., 0].multiply(stretch)
        return window

    def likelihood(self, weights: Sequence[Any], heard: Any, targets: Any, key: Any = None) -> Any:
        fixed, events = self.fixed, self._hear(heard)
        out = self._dense(weights, events.features, key)
        r, z, b, *values, w = jnp.split(out, self._ends, -1)
        voices = len(fixed.values)
        values, intervals, chords = values[:voices], values[voices : 2 * voices], iter(values[2 * voices :])
        slots = len(fixed.voice)
        r, sigma = r * self._scale, positive(z) * self._scale + self._floor
        terms = log_normal(targets[..., :1], fixed.time + r[..., :slots], sigma[..., :slots])
        values_played, base = targets[..., 1:], events.base
        travel, low, high = r[..., slots:], events.low[..., self._control], events.high[..., self._control]
        mu = moved(base[..., self._control], travel, low, high)
        terms += log_normal(values_played[..., self._control], mu, sigma[..., slots:]) @ self._of_slot
        terms += log_normal(values_played, base, fixed.rest) @ self._rests
        parts, whole = [], []
        every = jnp.concatenate([use[..., 1, :] for use in events.use], -1)
        for voice, each in enumerate(values):
            here, control = self._slots_of[voice], fixed.note[voice]
            wide = jnp.log(every @ fixed.alike(voice).T + LEAST_USE)
            own = jnp.log(events.use[voice][..., 1, :] + LEAST_USE)
            logits = each + _placed(intervals[voice], events.at[voice], fixed.values[voice])
            for other in fixed.others(voice):
                by = (fixed.classes(voice) - self._class(events.at[other], other)[..., None]) % OCTAVE
                logits += jnp.take_along_axis(next(chords), by, -1)
            logits += w[..., 2 * voice, None] * wide + w[..., 2 * voice + 1, None] * own
            note = values_played[..., control]
            at = self._at(note, voice)
            place = (fixed.lowest[voice] + at) * fixed.grid[control]
            landed = (
                jnp.take_along_axis(logits, at[..., None], -1)
                + log_normal(note, place, fixed.rest[control])[..., None]
            )
            parts.append(b[..., here] + terms[..., here] + landed)
            whole.append(jax.nn.logsumexp(logits, -1) + jax.nn.logsumexp(b[..., here], -1))
        none = self._slots_of[-1]
        if fixed.slots[-1]:
            parts.append(b[..., none] + terms[..., none])
            whole.append(jax.nn.logsumexp(b[..., none], -1))
        together = jax.nn.logsumexp(jnp.concatenate(parts, -1), -1)
        return together - jax.nn.logsumexp(jnp.stack(whole, -1), -1)

    def _at(self, note: Any, voice: int) -> Any:
        """Which of a note's values it is, (…) integers."""
        fixed = self.fixed
        steps = jnp.round(note * np.reciprocal(fixed.grid[fixed.note[voice]])) - fixed.lowest[voice]
        return jnp.clip(steps, 0, fixed.values[voice] - 1).astype(jnp.int32)

    def _class(self, at: Any, voice: int) -> Any:
        """The classes of a note's values ``at`` (…)."""
        return (at + int(self.fixed.lowest[voice])) % OCTAVE

    def _hear(self, vectors: Any) -> _Heard:
        """Windows (B, T, D), each heard from the zero state."""
        fixed, knobs = self.fixed, self.fixed.knobs
        base, low, high = standing(fixed, vectors)
        move = jnp.concatenate([jnp.zeros_like(base[:, :1]), jnp.diff(base, axis=1)], 1)
        logged = jnp.log(jnp.maximum(vectors[..., :1], SOONEST))
        hats = jax.nn.relu(1 - jnp.abs(logged - np.log(fixed.anchors)) / HAT)
        heard = jnp.broadcast_to((jnp.arange(vectors.shape[1]) > 0).astype(jnp.float32)[:, None], logged.shape)
        features = [logged, hats, heard]
        turns = jnp.round(move * np.reciprocal(fixed.threshold)) != 0
        still = ~turns[..., np.flatnonzero(fixed.apart)].any(-1)
        voices = range(len(fixed.values))
        found = [self._at(base[..., control], voice) for voice, control in enumerate(fixed.note.tolist())]
        ones = [jax.nn.one_hot(found[voice], fixed.values[voice]) for voice in voices]
        played = [(turns[..., control] | still).astype(jnp.float32) for control in fixed.note.tolist()]
        uses = [_leaky(one, each) for one, each in zip(ones, played, strict=True)]
        classes = [self._class(found[voice], voice) for voice in voices]
        used = jnp.concatenate(uses, -1) @ np.eye(OCTAVE, dtype=np.float32)[fixed.all_classes]
        for voice, control in enumerate(fixed.note.tolist()):
            by = jnp.round(move[..., control] * np.reciprocal(fixed.grid[control]))
            interval = jax.nn.one_hot(jnp.clip(by, -REACH, REACH).astype(jnp.int32) + REACH, 2 * REACH + 1)
            places = (classes[voice][..., None, None] + np.arange(OCTAVE)) % OCTAVE
            around = jnp.take_along_axis(used, places, -1)
            features += [interval * heard, ones[voice], uses[voice][..., 0, :], uses[voice][..., 1, :]]
            features += [around[..., 0, :], around[..., 1, :]]
            for other in fixed.others(voice):
                features.append(jax.nn.one_hot((classes[other] - classes[voice]) % OCTAVE, OCTAVE))
        change = jnp.tanh(move[..., knobs] * fixed.change_scale[knobs])
        features += [base[..., knobs], change, change * change, low[..., knobs], high[..., knobs]]
        return _Heard(jnp.concatenate(features, -1), base, low, high, found, uses)


def _leaky(one: Any, played: Any) -> Any:
    """The leaky sums (B, T, 2, V) of ``one`` (B, T, V), which go on with each event that was ``played`` (B, T)."""
    count = jnp.cumsum(played, 1)
    since = count[:, :, None] - count[:, None, :]
    earlier = np.tril(np.ones((one.shape[1],) * 2, np.float32))
    weight = [(1 - q) * q ** jnp.maximum(since, 0) * earlier * played[:, None, :] for q in DECAYS]
    return jnp.stack([each @ one for each in weight], 2)


def _placed(intervals: Any, at: Any, count: int) -> Any:
    """Logits of intervals (B, T, 25) from the value that sounds, ``at`` (B, T), as those of ``count`` values."""
    by = jnp.clip(jnp.arange(count) - at[..., None], -REACH, REACH) + REACH
    return jnp.take_along_axis(intervals, by, -1)


def _heard_of(fixed: Landings) -> tuple[FloatArray, FloatArray]:
    """What is heard of the features: the matrix and the offset of :class:`RecurrentNetwork`.

    Beside them, a note's value and its use are heard as pitch classes.
    """
    scale, offset = np.ones(fixed.features, np.float32), np.zeros(fixed.features, np.float32)
    offset[0] = -np.log(0.5 * SCALE_FACTOR)
    classes = list[FloatArray]()
    at = 2 + fixed.anchors.size
    for voice, count in enumerate(fixed.values):
        at += 2 * REACH + 1
        alike = (np.arange(OCTAVE)[:, None] == fixed.classes(voice)).astype(np.float32)
        for factor in (1.0, *USE_SCALES):
            scale[at : at + count] = factor
            rows = np.zeros((OCTAVE, fixed.features), np.float32)
            rows[:, at : at + count] = factor * alike
            classes.append(rows)
            at += count
        for factor in USE_SCALES:
            scale[at : at + OCTAVE] = factor
            at += OCTAVE
        at += OCTAVE * len(fixed.others(voice))
    knobs = fixed.knobs.size
    scale[at : at + knobs], offset[at : at + knobs] = 2 / SCALE_FACTOR, -1
    matrix = np.vstack([np.diag(scale), *classes])
    return matrix, np.concatenate([offset, np.zeros(len(matrix) - len(offset), np.float32)])

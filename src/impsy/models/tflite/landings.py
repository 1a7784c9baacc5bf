"""The parts of a ``.tflite`` graph that belong to a network for notes: see :class:`impsy.models.landings.Landings`.

Slots are computed first, all numbers of them in one vector; each note's values and its slots then make components by
sums that are broadcast. The definition's constants lie in tensors ``landings/…`` as they are, beside what is made of
them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray, own_fields
from impsy.models.landings import DECAYS, HAT, LEAST_USE, OCTAVE, REACH, SOONEST, Landings
from impsy.models.tflite.graph import GraphBuilder
from impsy.models.tflite.heads import ResidualHead
from impsy.models.tflite.schema import RELU, Add, FullyConnected, Multiply, Op, SplitV, Subtract
from impsy.models.weights import Weights

__all__ = ["LANDING_FIELDS", "LandingHead", "numbers_of_landings"]

LANDING_FIELDS = own_fields(Landings)
"""The fields that are kept as they are, each in a tensor ``landings/<field>``."""


class LandingHead(ResidualHead):
    """That of a network for notes."""

    fixed: Landings
    _kept_constants: dict[str, int]

    def __init__(self, graph: GraphBuilder, weights: Weights, x: int, carried: list[int], fixed: Landings) -> None:
        # Not that of the residual network, whose features and states are others.
        self.graph, self.weights, self.fixed = graph, weights, fixed
        self._kept_constants = {}
        n = self.controls = fixed.grid.size
        self.one = self.constant("one", np.ones(1, np.float32))
        self.down, self.up = (
            self.constant(name, np.array([end], np.float32)) for name, end in (("down", -REACH), ("up", REACH))
        )
        self.reach = self.constant("reach", np.arange(-REACH, REACH + 1, dtype=np.float32))
        self.all_of = self.constant("all_of", np.ones((1, 2 * REACH + 1), np.float32))
        for field in LANDING_FIELDS:
            self.constant(field, getattr(fixed, field))
        graph.constant("residual/change_scale", fixed.change_scale)
        log_time = self.log_of_time(x)
        anchors = np.log(fixed.anchors)
        hats = self.hats(log_time, self.constant("log_anchors", anchors), anchors.size, HAT)
        self.base = self.values(x)
        uses = [len(DECAYS) * count for count in fixed.values]
        room = len(carried) * weights.units
        last, *used, heard, _ = self.parts(self.joined(carried, room), "memory", [n, *uses, 1, room - fixed.carries])
        since = graph.add(Op.SUB, [self.base, last], [1, n], Subtract())
        move = self.product(since, heard, n)
        played = self.played(move)
        voices = range(len(fixed.values))
        landed = [self.landed(voice, move, heard) for voice in voices]
        self.at = [at for at, _, _ in landed]
        self.used = [self.leaky(voice, one, used[voice], played[voice]) for voice, (_, _, one) in enumerate(landed)]
        self.all_used = self.used[0] if len(self.used) == 1 else self.all_joined(self.used, uses)
        self.sounding = [self.class_of(voice, one) for voice, (_, _, one) in enumerate(landed)]
        around = [self.used_classes(decay) for decay in range(len(DECAYS))]
        notes, widths = list[int](), list[int]()
        for voice, (_, interval, one) in enumerate(landed):
            classes = [*around, *(self.sounding[other] for other in fixed.others(voice))]
            turned = [self.turned(self.sounding[voice], each, -1) for each in classes]
            notes += [interval, one, self.used[voice], *turned]
            widths += [2 * REACH + 1, fixed.values[voice], uses[voice], *[OCTAVE] * len(turned)]
        self.ends = self.nearness()
        knobs = [] if not fixed.knobs.size else [self.of_knobs(move)]
        self.features = self.all_joined(
            [log_time, hats, heard, *notes, *knobs],
            [1, anchors.size, 1, *widths, *([5 * fixed.knobs.size] if knobs else [])],
        )
        more = room - fixed.carries
        rest = np.zeros((1, more + 1), np.float32)
        rest[0, 0] = 1
        self.kept = self.parted(
            self.all_joined([self.base, *self.used, self.constant("heard", rest)], [n, *uses, more + 1]), len(carried)
        )

    def constant(self, name: str, value: NDArray[np.generic]) -> int:
        """A constant ``landings/<name>``."""
        return self.graph.constant(f"landings/{name}", value)

    def parts(self, source: int, name: str, widths: list[int]) -> list[int]:
        """A tensor in parts of these widths; −1 for those of width 0."""
        sizes = [width for width in widths if width]
        constant = self.constant(f"{name}/sizes", np.array(sizes, np.int32))
        inputs = [source, constant, self.graph.axis]
        found = iter(self.graph.add_many(Op.SPLIT_V, inputs, [[1, size] for size in sizes], SplitV(len(sizes))))
        return [next(found) if width else -1 for width in widths]

    def log_of_time(self, x: int) -> int:
        """log(max(time, 0.02))."""
        pick = np.zeros((1, self.weights.dimension), np.float32)
        pick[0, 0] = 1
        time = self.spread(x, self.constant("pick_time", pick), -1, 1)
        soonest = self.constant("soonest", np.array([SOONEST], np.float32))
        return self.graph.add(Op.LOG, [self.graph.add(Op.MAXIMUM, [time, soonest], [1, 1])], [1, 1])

    def hats(self, number: int, places: int, count: int, width: float = 1.0) -> int:
        """max(0, 1 − |number − place| / width) for each of ``count`` places."""
        graph, shape = self.graph, [1, count]
        away = graph.add(Op.SUB, [number, places], shape, Subtract())
        away = graph.add(Op.ABS, [away], shape)
        if width != 1:
            away = self.product(away, self.constant("per_hat", np.array([1 / width], np.float32)), count)
        return graph.add(Op.SUB, [self.one, away], shape, Subtract(activation=RELU))

    def played(self, move: int) -> list[int]:
        """For each note, 1 if it moved or no control that is apart did, else 0."""
        graph, n = self.graph, self.controls
        per_threshold = self.constant("per_threshold", np.reciprocal(self.fixed.threshold))
        turns = graph.add(Op.ROUND, [self.product(move, per_threshold, n)], [1, n])
        turns = graph.add(Op.ABS, [turns], [1, n])
        less = self.constant("less", -self.fixed.apart[None])
        still = graph.add(Op.FULLY_CONNECTED, [turns, less, self.one], [1, 1], FullyConnected(activation=RELU))
        found = list[int]()
        for voice, control in enumerate(self.fixed.note):
            pick = self.constant(f"played_{voice}", np.eye(n, dtype=np.float32)[[control]])
            moved = self.sum(self.spread(turns, pick, -1, 1), still, 1)
            found.append(graph.add(Op.MINIMUM, [moved, self.one], [1, 1]))
        return found

    def steps(self, source: int, voice: int, name: str) -> int:
        """A note's part of ``source`` (1, n), in steps of its grid."""
        control = self.fixed.note[voice]
        pick = np.zeros((1, self.controls), np.float32)
        pick[0, control] = np.reciprocal(self.fixed.grid[control])
        return self.graph.add(Op.ROUND, [self.spread(source, self.constant(f"{name}_{voice}", pick), -1, 1)], [1, 1])

    def landed(self, voice: int, move: int, heard: int) -> tuple[int, int, int]:
        """Which value it is; and which interval it was and which value it is, as vectors of one 1."""
        graph, count = self.graph, self.fixed.values[voice]
        at = self.steps(self.base, voice, "steps")
        lowest = self.constant(f"lowest_{voice}", self.fixed.lowest[[voice]])
        at = graph.add(Op.SUB, [at, lowest], [1, 1], Subtract(activation=RELU))
        highest = self.constant(f"highest_{voice}", np.array([count - 1], np.float32))
        at = graph.add(Op.MINIMUM, [at, highest], [1, 1])
        one = self.hats(at, self.constant(f"values_{voice}", np.arange(count, dtype=np.float32)), count)
        by = self.steps(move, voice, "intervals")
        by = graph.add(Op.MINIMUM, [graph.add(Op.MAXIMUM, [by, self.down], [1, 1]), self.up], [1, 1])
        width = 2 * REACH + 1
        return at, self.product(self.hats(by, self.reach, width), heard, width), one

    def leaky(self, voice: int, one: int, used: int, played: int) -> int:
        """used + played · (1 − decay) · (one − used), for each decay."""
        width = len(DECAYS) * self.fixed.values[voice]
        both = self.joined([one] * len(DECAYS), width)
        off = self.graph.add(Op.SUB, [both, used], [1, width], Subtract())
        taken = np.repeat(1 - np.array(DECAYS), self.fixed.values[voice]).astype(np.float32)
        off = self.product(off, self.constant(f"taken_{voice}", taken), width)
        return self.sum(used, self.product(off, played, width), width)

    def class_of(self, voice: int, one: int) -> int:
        """The class of the value that sounds, as a vector of one 1."""
        classes = np.eye(OCTAVE, dtype=np.float32)[:, self.fixed.classes(voice)]
        return self.spread(one, self.constant(f"classes_{voice}", classes), -1, OCTAVE)

    def used_classes(self, decay: int) -> int:
        """How much each class was used, by any note."""
        picks = list[FloatArray]()
        for voice, count in enumerate(self.fixed.values):
            pick = np.zeros((OCTAVE, len(DECAYS), count), np.float32)
            pick[self.fixed.classes(voice), decay, np.arange(count)] = 1
            picks.append(pick.reshape(OCTAVE, -1))
        return self.spread(self.all_used, self.constant(f"used_classes_{decay}", np.hstack(picks)), -1, OCTAVE)

    def turned(self, by: int, classes: int, way: int) -> int:
        """``classes`` (1, 12) counted from the class ``by`` (1, 12) on (``way`` −1), or back from it (1).

        Every product of two of their numbers has its place among those that are summed.
        """
        place = f"turned_{'back' if way > 0 else 'from'}"
        if place not in self._kept_constants:
            first, second = np.divmod(np.arange(OCTAVE**2), OCTAVE)
            matrix = ((second + way * first) % OCTAVE == np.arange(OCTAVE)[:, None]).astype(np.float32)
            self._kept_constants[place] = self.constant(place, matrix)
        column = self.shaped(by, [OCTAVE, 1])
        both = self.graph.add(Op.MUL, [column, classes], [OCTAVE, OCTAVE], Multiply())
        return self.spread(self.shaped(both, [1, OCTAVE**2]), self._kept_constants[place], -1, OCTAVE)

    def by_interval(self, voice: int, intervals: int) -> int:
        """What intervals add to the logits of the values that they lead to, [1, V]."""
        graph, count, width = self.graph, self.fixed.values[voice], 2 * REACH + 1
        values = self.constant(f"column_{voice}", np.arange(count, dtype=np.float32)[:, None])
        by = graph.add(Op.SUB, [values, self.at[voice]], [count, 1], Subtract())
        by = graph.add(Op.MAXIMUM, [by, self.down], [count, 1])
        by = graph.add(Op.MINIMUM, [by, self.up], [count, 1])
        away = graph.add(Op.ABS, [graph.add(Op.SUB, [by, self.reach], [count, width], Subtract())], [count, width])
        near = graph.add(Op.SUB, [self.one, away], [count, width], Subtract(activation=RELU))
        each = graph.add(Op.MUL, [near, intervals], [count, width], Multiply())
        summed = graph.add(Op.FULLY_CONNECTED, [each, self.all_of, -1], [count, 1], FullyConnected())
        return self.shaped(summed, [1, count])

    def by_chord(self, voice: int, chord: int, other: int) -> int:
        """What intervals to another note add to the logits of the values that make them, [1, V]."""
        classes = self.turned(self.sounding[other], chord, 1)
        place = f"of_classes_{voice}"
        if place not in self._kept_constants:
            matrix = np.eye(OCTAVE, dtype=np.float32)[self.fixed.classes(voice)]
            self._kept_constants[place] = self.constant(place, matrix)
        return self.spread(classes, self._kept_constants[place], -1, self.fixed.values[voice])

    def of_knobs(self, move: int) -> int:
        """base, d, d², low, high of the controls that are no notes."""
        knobs, n = self.fixed.knobs, self.controls
        pick = np.eye(n, dtype=np.float32)[knobs]
        count = len(knobs)
        base = self.spread(self.base, self.constant("knobs", pick), -1, count)
        scaled = self.constant("change_of_knobs", pick * self.fixed.change_scale)
        change = self.graph.add(Op.TANH, [self.spread(move, scaled, -1, count)], [1, count])
        ends = np.zeros((2 * count, 2 * n), np.float32)
        ends[:count, :n] = ends[count:, n:] = pick
        ends_of = self.spread(self.ends, self.constant("ends_of_knobs", ends), -1, 2 * count)
        return self.all_joined(
            [base, change, self.product(change, change, count), ends_of], [count] * 3 + [2 * count]
        )

    def mixture(self, h: int) -> int:
        """[mu | sigma | logits], given what the last layer says."""
        fixed = self.fixed
        slots, n = fixed.moves.shape
        pairs = int(fixed.moves.sum())
        dense = self.dense(h, self.weights.mixture_kernel, self.weights.mixture_bias)
        voices = len(fixed.values)
        chords = [OCTAVE] * (voices * (voices - 1))
        of_voices = [*fixed.values, *[2 * REACH + 1] * voices, *chords, *[1] * (2 * voices)]
        widths = [slots, pairs, slots + pairs, slots, *of_voices]
        time, travel, z, b, *more = self.parts(dense, "dense", widths)
        means = self.sum(time, self.constant("from_time", fixed.time), slots)
        if pairs:
            each = np.zeros((pairs, n), np.float32)
            each[np.arange(pairs), np.nonzero(fixed.moves)[1]] = 1
            means = self.joined([means, self.from_base(travel, each)], slots + pairs)
        scale, floor = (_by_pairs(part, fixed) for part in (fixed.sigma_scale, fixed.sigma_floor))
        sigma = self.scaled(self.positive(z, slots + pairs), scale, floor, slots + pairs)
        place, rest = _places(fixed)
        means = self.joined([means, self.base], slots + pairs + n)
        width = slots * (n + 1)
        means = self.spread(means, self.constant("place/mu", np.hstack([place, _bases(fixed)])), -1, width)
        sigma = self.spread(sigma, self.constant("place/sigma", place), self.constant("place/rest", rest), width)
        return self.components(means, sigma, b, more)

    def components(self, means: int, sigma: int, b: int, more: list[int]) -> int:
        """Slots [1, S·D] and their logits, with values."""
        fixed = self.fixed
        voices, d = len(fixed.values), fixed.grid.size + 1
        wide = [slots * d for slots in fixed.slots]
        columns = [self.parts(means, "slots/mu", wide), self.parts(sigma, "slots/sigma", wide)]
        columns.append(self.parts(b, "slots/logits", list(fixed.slots)))
        mu, deviations, logits = (list[int]() for _ in range(3))
        for voice, count in enumerate(fixed.values):
            slots = fixed.slots[voice]
            landing = np.zeros((count, 1, d), np.float32)
            landing[:, 0, 1 + fixed.note[voice]] = fixed.landing(voice)
            none = np.zeros((count, 1, 1), np.float32)
            for whole, part, each in ((mu, columns[0], landing), (deviations, columns[1], none)):
                name = f"landing_{voice}" if whole is mu else f"none_{voice}"
                apart = self.shaped(part[voice], [1, slots, d])
                summed = self.graph.add(Op.ADD, [self.constant(name, each), apart], [count, slots, d], Add())
                whole.append(self.shaped(summed, [1, count * slots * d]))
            value = self.sum(more[voice], self.by_interval(voice, more[voices + voice]), count)
            others = fixed.others(voice)
            for place, other in enumerate(others):
                chord = more[2 * voices + voice * len(others) + place]
                value = self.sum(value, self.by_chord(voice, chord, other), count)
            first = len(more) - 2 * (voices - voice)
            value = self.sum(value, self.preference(voice, more[first : first + 2]), count)
            value = self.shaped(value, [count, 1])
            summed = self.graph.add(Op.ADD, [value, columns[2][voice]], [count, slots], Add())
            logits.append(self.shaped(summed, [1, count * slots]))
        rows = [count * slots for count, slots in zip(fixed.values, fixed.slots, strict=False)]
        for whole, part in zip((mu, deviations, logits), columns, strict=True):
            whole.extend([part[-1]] if fixed.slots[-1] else [])
        sizes = [*rows, *([fixed.slots[-1]] if fixed.slots[-1] else [])]
        return self.all_joined(
            [*mu, *deviations, *logits], [*(size * d for size in sizes), *(size * d for size in sizes), *sizes]
        )

    def preference(self, voice: int, weights: list[int]) -> int:
        """What the values' use adds to their logits."""
        count = self.fixed.values[voice]
        least = self.constant(f"least_use_{voice}", np.full(count, LEAST_USE, np.float32))
        fixed, total = self.fixed, None
        own = np.zeros((count, sum(fixed.values)), np.float32)
        start = sum(fixed.values[:voice])
        own[:, start : start + count] = np.eye(count)
        for name, chosen, weight in (("alike", fixed.alike(voice), weights[0]), ("same", own, weights[1])):
            parts = np.split(chosen, np.cumsum(fixed.values)[:-1], axis=1)
            slow = np.hstack([each for part in parts for each in (0 * part, part)])
            used = self.spread(self.all_used, self.constant(f"{name}_{voice}", slow), least, count)
            logged = self.graph.add(Op.LOG, [used], [1, count])
            added = self.product(logged, weight, count)
            total = added if total is None else self.sum(total, added, count)
        assert total is not None
        return total

    def shaped(self, source: int, shape: list[int]) -> int:
        """The same numbers in another shape."""
        name = "shape/" + "x".join(map(str, shape))
        if name not in self._kept_constants:
            self._kept_constants[name] = self.constant(name, np.array(shape, np.int32))
        return self.graph.add(Op.RESHAPE, [source, self._kept_constants[name]], shape)


def _by_pairs(of_slots: FloatArray, fixed: Landings) -> FloatArray:
    """(S, D) as (S + P,): times, then what slots move."""
    return np.concatenate([of_slots[:, 0], of_slots[:, 1:][fixed.moves != 0]])


def _places(fixed: Landings) -> tuple[FloatArray, FloatArray]:
    """What places times and what slots move, (S·D, S + P), and deviations at rest, (S·D,)."""
    slots, n = fixed.moves.shape
    live = np.flatnonzero(fixed.live)
    order = np.concatenate([np.flatnonzero(live % (n + 1) == 0), np.flatnonzero(live % (n + 1))])
    place = np.zeros((slots * (n + 1), live.size), np.float32)
    place[live[order], np.arange(live.size)] = 1
    rest = np.where(fixed.live, np.float32(0), np.append(np.float32(0), fixed.rest))
    return place, rest.reshape(-1).astype(np.float32)


def _bases(fixed: Landings) -> FloatArray:
    """(S·D, n): 1 for controls that rest, but for the note that a slot lands."""
    slots, n = fixed.moves.shape
    rests = fixed.moves == 0
    lands = np.flatnonzero(fixed.voice >= 0)
    rests[lands, fixed.note[fixed.voice[lands].astype(int)]] = False
    bases = np.zeros((slots, n + 1, n), np.float32)
    bases[:, 1:][:, np.arange(n), np.arange(n)] = rests
    return bases.reshape(slots * (n + 1), n)


def numbers_of_landings(fixed: Landings) -> int:
    """How many numbers the large constants of a file have that are made of the definition."""
    slots, n = fixed.moves.shape
    live = slots + int(fixed.moves.sum())
    every = sum(fixed.values)
    values = sum(4 * count * every + count * (n + 2) for count in fixed.values)
    return int(slots * (n + 1) * (2 * live + n) + 5 * (live - slots) * n + 2 * n * n + values)

"""The parts of a ``.tflite`` graph that are a gesture network's own: see
:class:`impsy.models.architectures.Gestures`.

Only the live numbers of the mixture are computed (:class:`impsy.models.mixture.Live`), one vector of them all, and
then placed among those that rest. The definition's constants lie in tensors ``gestures/…`` as they are, beside what
is made of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray, Gestures, own_fields
from impsy.models.mixture import Live
from impsy.models.tflite.graph import GraphBuilder
from impsy.models.tflite.heads import ResidualHead
from impsy.models.tflite.schema import RELU, FullyConnected, Op, Softmax, Subtract
from impsy.models.weights import SIGMA_OFFSET, Weights

__all__ = ["DEFINITION", "GestureHead", "LiveGestureHead", "numbers_of_gestures"]

DEFINITION = own_fields(Gestures)
"""The fields that are kept as they are, each in a tensor ``gestures/<field>``."""

_TOGETHER = 32
"""Components that are placed by one product: its matrix grows with the square of their number."""


class GestureHead(ResidualHead):
    """That of a gesture network."""

    fixed: Gestures

    def __init__(self, graph: GraphBuilder, weights: Weights, x: int, carried: list[int], fixed: Gestures) -> None:
        # The residual network's constructor is not called: its features and states are others.
        self.graph, self.weights, self.fixed = graph, weights, fixed
        self.live = Live(fixed)
        n = self.controls = fixed.grid.size
        self.one = self.constant("one", np.ones(1, np.float32))
        for field in DEFINITION:
            self.constant(field, getattr(fixed, field))
        log_time = self.log_time(x)
        self.base = self.values(x)
        memory = self.memory(carried, 2 * n + 1)
        last, gesture, heard = (
            self.cut(memory, name, first, count)
            for name, first, count in (("last", 0, n), ("gesture", n, n), ("heard", 2 * n, 1))
        )
        self.per_threshold = self.constant("per_threshold", np.reciprocal(fixed.threshold))
        since = graph.add(Op.SUB, [self.base, last], [1, n], Subtract())
        move = self.product(since, heard, n)
        moved, self.gesture = self.latest(move, gesture)
        turns = self.turns(self.gesture)
        lowest = self.constant("lowest", -np.ones(1, np.float32))
        self.way = graph.add(Op.MINIMUM, [graph.add(Op.MAXIMUM, [turns, lowest], [1, n]), self.one], [1, n])
        self.ways = graph.add(Op.ABS, [self.way], [1, n])
        change = self.squashed(move, "residual/change_scale", fixed.change_scale)
        square = self.product(change, change, n)
        self.ends = self.nearness()
        memory_of_gesture = self.squashed(self.gesture, "gestures/gesture_scale", fixed.change_scale / np.float32(2))
        parts = [log_time, self.base, change, square, self.ends, memory_of_gesture, self.ways, moved]
        self.features = self.all_joined(parts, [1, n, n, n, 2 * n, n, n, 1])
        width = len(carried) * weights.units
        rest = np.zeros((1, width - 2 * n), np.float32)
        rest[0, 0] = 1
        self.kept = self.parted(
            self.joined([self.base, self.gesture, self.constant("heard", rest)], width), len(carried)
        )

    def constant(self, name: str, value: FloatArray) -> int:
        """A constant ``gestures/<name>``."""
        return self.graph.constant(f"gestures/{name}", value)

    def cut(self, source: int, name: str, first: int, count: int) -> int:
        """``count`` numbers of a tensor from number ``first`` on."""
        begin = self.graph.constant(f"gestures/{name}/begin", np.array([0, first], np.int32))
        extent = self.graph.constant(f"gestures/{name}/extent", np.array([1, count], np.int32))
        return self.graph.add(Op.SLICE, [source, begin, extent], [1, count])

    def turns(self, moves: int) -> int:
        """How many thresholds each control moved, rounded."""
        return self.graph.add(Op.ROUND, [self.product(moves, self.per_threshold, self.controls)], [1, self.controls])

    def latest(self, move: int, gesture: int) -> tuple[int, int]:
        """moved, 1 if a control turned and else 0, and moved · move + (1 − moved) · gesture."""
        graph, n = self.graph, self.controls
        turned = graph.add(Op.ABS, [self.turns(move)], [1, n])
        less = self.constant("less", -np.ones((1, n), np.float32))
        kept = graph.add(Op.FULLY_CONNECTED, [turned, less, self.one], [1, 1], FullyConnected(activation=RELU))
        taken = graph.add(Op.SUB, [self.one, kept], [1, 1], Subtract())
        return taken, self.sum(self.product(move, taken, n), self.product(gesture, kept, n), n)

    def squashed(self, moves: int, name: str, scale: FloatArray) -> int:
        """tanh(scale · moves)."""
        n = self.controls
        return self.graph.add(Op.TANH, [self.product(moves, self.graph.constant(name, scale), n)], [1, n])

    def mixture(self, h: int) -> int:
        """[mu | sigma | logits], given the output ``h`` of the last LSTM layer."""
        live, width = self.live, self.live.places.size
        columns = live.columns
        dense = self.dense(h, self.weights.mixture_kernel[:, columns], self.weights.mixture_bias[columns])
        travel, z, logits = (
            self.cut(dense, name, first, count)
            for name, first, count in (
                ("travel", 0, width),
                ("z", width, width),
                ("logits", 2 * width, live.mixtures),
            )
        )
        each = np.zeros((width, self.controls), np.float32)
        moving = live.control >= 0
        each[moving, live.control[moving]] = 1
        above = self.above_rest(z)
        mu = self.from_base(self.moves(travel, above, each), each)
        sigma = self.deviations(above, each)
        return self.all_joined(*self.parts(mu, sigma, logits))

    def above_rest(self, z: int) -> int:
        """Sigma less that of a control at rest, which takes two constants fewer than sigma itself."""
        live, fixed, width = self.live, self.fixed, self.live.places.size
        scale, floor = (part.reshape(-1)[live.places] for part in (fixed.sigma_scale, fixed.sigma_floor))
        self.rest = live.of_controls(fixed.rest)
        self.constant("sigma_floor", floor)
        elu = self.graph.add(Op.ELU, [z], [1, width])
        grown = self.product(elu, self.constant("sigma_scale", scale), width)
        offset = scale * np.float32(SIGMA_OFFSET) + floor - self.rest
        return self.sum(grown, self.constant("sigma_offset", offset), width)

    def moves(self, travel: int, above: int, each: FloatArray) -> int:
        """How far, and which way, each control is moved."""
        live, width = self.live, self.live.places.size
        add, constant = self.graph.add, self.constant
        one_sided = live.of_components(self.fixed.one_sided)
        momentum = live.of_components(self.fixed.momentum) * (1 - one_sided)
        unit = live.of_controls(self.fixed.unit)
        elu = add(Op.ELU, [travel], [1, width])
        forward = self.product(elu, constant("forward", one_sided * unit), width)
        travel = self.product(travel, constant("either_way", 1 - one_sided), width)
        travel = self.sum(travel, forward, width)
        speed = add(Op.ABS, [self.gesture], [1, self.controls])
        matrix = constant("speeds", momentum[:, None] * each)
        travel = self.sum(travel, self.spread(speed, matrix, constant("onward", one_sided * unit), width), width)
        margin = (one_sided + momentum) * self.fixed.margin
        least = self.product(above, constant("margins", margin), width)
        bound = np.where(one_sided + momentum > 0, unit / 2 + margin * self.rest, np.finfo(np.float32).min)
        least = self.sum(least, constant("least", bound), width)
        travel = self.sum(travel, self.product(least, constant("beyond_least", one_sided), width), width)
        travel = add(Op.MAXIMUM, [travel, least], [1, width])
        continues = live.of_components(self.fixed.continues)
        direction = constant("directions", (1 - continues) * live.direction)
        if continues.any():
            ways = constant("ways", (continues * live.direction)[:, None] * each)
            direction = self.spread(self.way, ways, direction, width)
        return self.product(travel, direction, width)

    def deviations(self, above: int, each: FloatArray) -> int:
        """Sigma; at rest for the controls that the last gesture left at rest, in components that continue it."""
        live, width = self.live, self.live.places.size
        continues = live.of_components(self.fixed.continues)
        if continues.any():
            offset = self.constant("moving", 1 - continues)
            moving = self.spread(self.ways, self.constant("moved", continues[:, None] * each), offset, width)
            above = self.product(above, moving, width)
        return self.sum(above, self.constant("rests", self.rest), width)

    def parts(self, mu: int, sigma: int, logits: int) -> tuple[list[int], list[int]]:
        """Means and deviations of all controls, and the logits: parts, and how wide they are."""
        means, deviations, widths = list[int](), list[int](), list[int]()
        for i, run in enumerate(runs(self.fixed)):
            width = run.components * self.live.dimension
            widths.append(width)
            moves, spreads = (
                self.cut(source, f"{name}_{i}", run.first, run.live.size)
                for name, source in (("mu", mu), ("sigma", sigma))
            )
            if run.live.size < width:
                matrix, rest, base = run.places(self.fixed)
                both = self.joined([moves, self.base], run.live.size + self.controls)
                moves = self.spread(both, self.constant(f"placed_{i}/mu", np.hstack([matrix, base])), -1, width)
                spreads = self.spread(
                    spreads,
                    self.constant(f"placed_{i}/sigma", matrix),
                    self.constant(f"placed_{i}/rest", rest),
                    width,
                )
            means.append(moves)
            deviations.append(spreads)
        return [*means, *deviations, logits], [*widths * 2, self.live.mixtures]


class LiveGestureHead(GestureHead):
    """That of a gesture network whose mixture is what :class:`impsy.models.mixture.LiveSampler` draws from."""

    def parts(self, mu: int, sigma: int, logits: int) -> tuple[list[int], list[int]]:
        """Live means and deviations, the values of controls at rest, logits, and sums of their softmax."""
        width, mixtures = self.live.places.size, self.live.mixtures
        softmax = self.graph.add(Op.SOFTMAX, [logits], [1, mixtures], Softmax(1.0))
        sums = self.constant("sums", np.tri(mixtures, dtype=np.float32))
        sums = self.spread(softmax, sums, -1, mixtures)
        return [mu, sigma, self.base, logits, sums], [width, width, self.controls, mixtures, mixtures]


@dataclass(frozen=True, eq=False)
class Run:
    """Consecutive components. ``first``: their first live number; ``live``: their places among all of theirs."""

    first: int
    components: int
    live: NDArray[np.intp]

    def places(self, fixed: Gestures) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What places live numbers (width, live), the deviations of those at rest (width,), their base (width, n)."""
        n = fixed.grid.size
        width = self.components * (n + 1)
        matrix = np.zeros((width, self.live.size), np.float32)
        matrix[self.live, np.arange(self.live.size)] = 1
        resting = 1 - matrix.sum(axis=1)
        rest = resting * np.tile(np.append(np.float32(0), fixed.rest), self.components)
        base = resting[:, None] * np.tile(np.eye(n + 1, dtype=np.float32)[:, 1:], (self.components, 1))
        return matrix, rest, base


def runs(fixed: Gestures) -> Iterator[Run]:
    """The components in groups that are placed alike: those that move every control, and some of the others."""
    whole = [bool(live.all()) for live in fixed.live]
    start = first = 0
    while start < len(whole):
        end = start + 1
        while end < len(whole) and whole[end] == whole[start] and (whole[start] or end - start < _TOGETHER):
            end += 1
        live = np.flatnonzero(fixed.live[start:end])
        yield Run(first, end - start, live)
        start, first = end, first + live.size


def numbers_of_gestures(live: Live) -> int:
    """How many numbers the large constants of a file have besides those that a residual network has."""
    n, total = live.dimension - 1, live.places.size * (live.dimension - 1)
    for run in runs(live.fixed):
        width = run.components * live.dimension
        total += width * (2 * run.live.size + n) if run.live.size < width else 0
    return total

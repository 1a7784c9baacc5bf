"""The parts of a ``.tflite`` graph before and after the LSTM layers, by architecture.

A head makes the features that the layers hear, and the mixture from what the last of them says. It reads what earlier
steps left in further states, and says what the next step will find there.
"""

from __future__ import annotations

import numpy as np

from impsy.models.architectures import EDGE_REACH, FloatArray, Residual
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite.graph import GraphBuilder
from impsy.models.tflite.schema import (
    RELU,
    Add,
    Concatenation,
    FullyConnected,
    Multiply,
    Op,
    Split,
    SplitV,
    Subtract,
)
from impsy.models.weights import SIGMA_OFFSET, Weights

__all__ = ["PlainHead", "ResidualHead", "numbers_of"]

_FEW = 4
"""Tensors that are joined by one operator: the runtime's fast one takes no more than five."""


class PlainHead:
    """That of a plain network: the layers hear the interaction, and the dense layer gives the mixture.

    ``features`` is the tensor that the first layer hears; ``kept`` are the further states for the next step.
    """

    def __init__(self, graph: GraphBuilder, weights: Weights, x: int) -> None:
        self.graph = graph
        self.weights = weights
        self.features = x
        self.kept: list[int] = []

    def mixture(self, h: int) -> int:
        """[mu | sigma | logits], given what the last layer says."""
        width, mixtures = self.weights.mixtures * self.weights.dimension, self.weights.mixtures
        parts = [width, width, mixtures]
        dense = self.dense(h, self.weights.mixture_kernel, self.weights.mixture_bias)
        sizes = self.graph.constant("mixture/sizes", np.array(parts, np.int32))
        shapes = [[1, part] for part in parts]
        mu, z, logits = self.graph.add_many(Op.SPLIT_V, [dense, sizes, self.graph.axis], shapes, SplitV(3))
        mu, sigma = self.finish(mu, self.positive(z, width), width)
        return self.joined([mu, sigma, logits], sum(parts))

    def dense(self, h: int, kernel: FloatArray, bias: FloatArray) -> int:
        """The dense layer's outputs; one that hears the features too does so after ``h``."""
        heard = h
        if self.weights.residual is not None:
            heard = self.joined([h, self.features], len(kernel))
        parts = [heard, self.graph.matrix("mixture/kernel", kernel), self.graph.constant("mixture/bias", bias)]
        return self.graph.add(Op.FULLY_CONNECTED, parts, [1, bias.size], FullyConnected())

    def finish(self, mu: int, sigma: int, width: int) -> tuple[int, int]:
        """Means and deviations, ``width`` numbers each, from what the dense layer says."""
        if self.weights.spread == 1:
            return mu, sigma
        spread = self.graph.constant("mixture/spread", np.array([self.weights.spread], np.float32))
        return mu, self.product(sigma, spread, width)

    def positive(self, z: int, width: int) -> int:
        """elu(z) + 1 + 1e-7."""
        elu = self.graph.add(Op.ELU, [z], [1, width])
        offset = self.graph.constant("mixture/offset", np.array([SIGMA_OFFSET], np.float32))
        return self.graph.add(Op.ADD, [elu, offset], [1, width], Add())

    def joined(self, parts: list[int], width: int) -> int:
        """The parts side by side, ``width`` numbers in all."""
        return self.graph.add(Op.CONCATENATION, parts, [1, width], Concatenation(axis=1))

    def all_joined(self, parts: list[int], widths: list[int]) -> int:
        """Any number of tensors side by side."""
        while len(parts) > 1:
            width = sum(widths[:_FEW])
            parts = [self.joined(parts[:_FEW], width), *parts[_FEW:]]
            widths = [width, *widths[_FEW:]]
        return parts[0]

    def product(self, left: int, right: int, width: int) -> int:
        """Number by number."""
        return self.graph.add(Op.MUL, [left, right], [1, width], Multiply())

    def sum(self, left: int, right: int, width: int) -> int:
        """Number by number."""
        return self.graph.add(Op.ADD, [left, right], [1, width], Add())

    def spread(self, source: int, matrix: int, offset: int, width: int) -> int:
        """matrix · source + offset (−1: none).

        Products with matrices that are mostly 0 stand for picking and placing: they are exact, and the runtime's
        fastest operators.
        """
        return self.graph.add(Op.FULLY_CONNECTED, [source, matrix, offset], [1, width], FullyConnected())


class ResidualHead(PlainHead):
    """That of a residual network: see :class:`impsy.models.architectures.Residual`."""

    def __init__(self, graph: GraphBuilder, weights: Weights, x: int, carried: list[int], fixed: Residual) -> None:
        super().__init__(graph, weights, x)
        self.fixed = fixed
        self.controls = fixed.grid.size
        n = self.controls
        log_time = self.log_time(x)
        self.base = self.values(x)
        last = memory = self.memory(carried, n)
        if n != weights.units or len(carried) > 2:
            begin = graph.constant("residual/begin", np.zeros(2, np.int32))
            extent = graph.constant("residual/extent", np.array([1, n], np.int32))
            last = graph.add(Op.SLICE, [memory, begin, extent], [1, n])
        moved = graph.add(Op.SUB, [self.base, last], [1, n], Subtract())
        scale = graph.constant("residual/change_scale", fixed.change_scale)
        change = graph.add(Op.TANH, [self.product(moved, scale, n)], [1, n])
        square = self.product(change, change, n)
        self.ends = self.nearness()
        self.features = self.joined([log_time, self.base, change, square, self.ends], 1 + 5 * n)
        width = len(carried) * weights.units
        kept = self.base
        if n < width:
            zeros = graph.constant("residual/zeros", np.zeros((1, width - n), np.float32))
            kept = self.joined([self.base, zeros], width)
        self.kept = self.parted(kept, len(carried))

    def log_time(self, x: int) -> int:
        """log(1 + 100 · max(time, 0))."""
        pick = np.zeros((1, self.weights.dimension), np.float32)
        pick[0, 0] = 100
        one = np.ones(1, np.float32)
        grown = self.spread(
            x, self.graph.constant("residual/time", pick), self.graph.constant("residual/one", one), 1
        )
        least = self.graph.add(Op.MAXIMUM, [grown, self.graph.constant("residual/least", one)], [1, 1])
        return self.graph.add(Op.LOG, [least], [1, 1])

    def values(self, x: int) -> int:
        """The controls' values [1, n], each on its grid."""
        n, fixed = self.controls, self.fixed
        per_step, step = fixed.rounding() if fixed.has_grid else (np.ones(n, np.float32), None)
        pick = np.zeros((n, n + 1), np.float32)
        pick[:, 1:] = np.diag(per_step)
        values = self.spread(x, self.graph.constant("residual/pick", pick), -1, n)
        if step is None:
            return values
        steps = self.graph.add(Op.ROUND, [values], [1, n])
        return self.product(steps, self.graph.constant("residual/step", step), n)

    def memory(self, carried: list[int], count: int) -> int:
        """A tensor that begins with the ``count`` numbers that lie in the further states."""
        if len(carried) > 2 or count > self.weights.units:
            return self.joined(carried, len(carried) * self.weights.units)
        return carried[0]

    def parted(self, kept: int, count: int) -> list[int]:
        """What fills ``count`` states, as those."""
        shapes = [[1, self.weights.units]] * count
        return self.graph.add_many(Op.SPLIT, [self.graph.axis, kept], shapes, Split(count))

    def nearness(self) -> int:
        """Whether each control is at the lower, and whether it is at the upper end of its way, [1, 2n], 0 to 1."""
        n = self.controls
        scale = np.diag(self.fixed.change_scale / np.float32(EDGE_REACH))
        slopes = self.graph.constant("residual/slopes", np.vstack([-scale, scale]))
        beyond = np.float32(1) - np.float32(SCALE_FACTOR) * np.diag(scale)
        offsets = self.graph.constant("residual/beyond", np.concatenate([np.ones(n, np.float32), beyond]))
        options = FullyConnected(activation=RELU)
        return self.graph.add(Op.FULLY_CONNECTED, [self.base, slopes, offsets], [1, 2 * n], options)

    def finish(self, mu: int, sigma: int, width: int) -> tuple[int, int]:
        """Moves become values; time is left as it is."""
        every = np.eye(self.weights.dimension, dtype=np.float32)[:, 1:]
        mu = self.from_base(mu, np.tile(every, (self.weights.mixtures, 1)))
        return mu, self.scaled(sigma, self.fixed.sigma_scale.reshape(-1), self.fixed.sigma_floor.reshape(-1), width)

    def from_base(self, moves: int, each: FloatArray) -> int:
        """base + moves · (1 − 2 low) + max(moves, 0) · 2 (low − high); ``each`` (moves, n): whose moves."""
        graph, (width, n) = self.graph, each.shape
        whole = graph.constant("residual/whole", np.ones(width, np.float32))
        zeros = np.zeros((width, n), np.float32)
        matrix = graph.constant("residual/back", np.hstack([-2 * each, zeros]))
        turned = self.product(moves, self.spread(self.ends, matrix, whole, width), width)
        onward = graph.add(Op.RELU, [moves], [1, width])
        matrix = graph.constant("residual/onto", np.hstack([2 * each, -2 * each]))
        onward = self.product(onward, self.spread(self.ends, matrix, -1, width), width)
        moved = self.sum(turned, onward, width)
        return self.sum(moved, self.spread(self.base, graph.constant("residual/each", each), -1, width), width)

    def scaled(self, sigma: int, scale: FloatArray, floor: FloatArray, width: int) -> int:
        """scale · sigma + floor."""
        sigma = self.product(sigma, self.graph.constant("residual/sigma_scale", scale), width)
        return self.sum(sigma, self.graph.constant("residual/sigma_floor", floor), width)


def numbers_of(controls: int, moves: int) -> int:
    """How many numbers the large constants of a file have whose mixture has so many means that are computed."""
    return controls * (3 * controls + 1) + 5 * moves * controls

"""Untrained networks of every architecture, for tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from impsy.models import weights as networks
from impsy.models.architectures import FloatArray, Gestures, Residual
from impsy.models.landings import Landings
from impsy.models.sizes import MIXTURES, Size
from impsy.models.weights import Weights

_SEVEN_BITS = 10.0 / 127.0
"""Step of a MIDI control in the scaled space."""


def random_weights(
    dimension: int,
    size: Size,
    *,
    rng: np.random.Generator,
    mixtures: int = MIXTURES,
    architecture: str = "plain",
) -> Weights:
    """An untrained network whose controls lie on the grid of 7-bit values, unless it is plain.

    A network ``gestures`` has components of all kinds. In one of ``landings`` the first control is a note; it has no
    more than ``mixtures`` components, as many as values and slots make up.
    """
    fixed = _MAKERS[architecture](dimension, mixtures)
    return networks.random_weights(dimension, size, rng=rng, mixtures=mixtures, fixed=fixed)


def _seven_bits(dimension: int, mixtures: int) -> Residual:
    """Constants for 7-bit controls of which one step is a usual change, and a floor of a third of a step."""
    step = np.full(dimension - 1, _SEVEN_BITS, np.float32)
    ones = np.ones((mixtures, dimension), np.float32)
    return Residual(step, np.reciprocal(step), ones, ones * np.float32(_SEVEN_BITS / 3))


_CONTINUING = ((1, 0, 1), (1, 0, 1), (1, 0, 1), (1, 0, 1), (0, 1, 1), (0, 1, -1), (0, 1, 1), (0, 1, -1))
"""Components that continue a gesture: momentum, one_sided, direction."""
_BEGINNING = ((0, 1, 1), (0, 1, -1), (0, 0, 1))
"""Components that begin one, for each control."""


def _gestures(dimension: int, mixtures: int) -> Gestures:
    """Components of every kind: those that continue, begin for one control, move nothing, and move everything.

    8, 2 and 1 of them, and the rest begin gestures, if there are 12 or more; else some of each kind in turn.
    """
    residual = _seven_bits(dimension, mixtures)
    n = dimension - 1
    rows = [(*kind, 1, -1) for kind in _CONTINUING]
    rows += [
        (*_BEGINNING[i // n % len(_BEGINNING)], 0, i % n) for i in range(max(mixtures - len(_CONTINUING) - 3, 1))
    ]
    rows += [(0, 0, 0, 0, -1)] * 2 + [(0, 0, 1, 0, -1)]
    chosen = np.array(rows, np.float32)[np.arange(mixtures) * len(rows) // mixtures]
    momentum, one_sided, way, continues, control = np.ascontiguousarray(chosen.T)
    moves = (control[:, None] < 0) | (control[:, None] == np.arange(n))
    step = residual.grid
    scale = np.tile(np.append(np.float32(1), step), (mixtures, 1))
    return Gestures(
        step,
        residual.change_scale,
        scale,
        scale / np.float32(12),
        step,
        step,
        step / np.float32(8),
        way[:, None] * moves.astype(np.float32),
        one_sided,
        momentum,
        continues,
        np.array([1.3], np.float32),
    )


def _landings(dimension: int, mixtures: int) -> Landings:
    """The first control is a note of as many values as make up ``mixtures`` with up to nine slots.

    The last slot lands nothing and moves everything, the others move the knobs.
    """
    slots = min(9, max(1, mixtures - 1))
    count = max(1, (mixtures - 1) // slots)
    n = dimension - 1
    residual = _seven_bits(dimension, slots + 1)
    step = residual.grid
    moves = np.ones((slots + 1, n), np.float32)
    moves[:-1, 0] = 0
    anchors = np.geomspace(0.5, 50, slots).astype(np.float32)

    def one(value: float) -> FloatArray:
        return np.array([value], np.float32)

    return Landings(
        step,
        residual.change_scale,
        residual.sigma_scale,
        residual.sigma_floor,
        one(0),
        one(max(0, 60 - count // 2)),
        one(count),
        np.append(np.zeros(slots, np.float32), np.float32(-1)),
        moves,
        np.append(anchors, np.float32(1)),
        anchors,
        step,
        (step / 10).astype(np.float32),
        np.ones(n, np.float32),
    )


_MAKERS: Mapping[str, Callable[[int, int], Residual | None]] = {
    "plain": lambda _dimension, _mixtures: None,
    "residual": _seven_bits,
    "gestures": _gestures,
    "landings": _landings,
}

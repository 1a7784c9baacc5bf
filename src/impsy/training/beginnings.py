"""Networks to begin with when there is no model, from the first events that were heard; without JAX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from impsy.learning.course import Begin
from impsy.learning.learners import Learner, MixtureLayer
from impsy.models.landings import Landings
from impsy.models.sizes import SIZES
from impsy.models.weights import LSTMLayer, Weights, random_weights
from impsy.training.gestures import Design, Starts, designs

__all__ = ["begun_by"]

_TIME_START, _TIME_SPREAD_START = 1.0, -0.3
_KERNEL_START = 0.3
"""The mixture layer starts with less influence of the recurrent layers than usual, as in training."""


def begun_by(all_layers: bool, dimension: int, size: str, notes: Sequence[bool] | None = None) -> Begin:
    """What makes a network from the first events.

    Args:
        all_layers: whether all of them learn, which takes JAX; else the recurrent layers stay random.
        dimension: D.
        size: a name in :data:`impsy.models.sizes.SIZES`.
        notes: which controls are known to play notes.
    """

    def begin(heard: NDArray[np.float32], seed: int, before: Weights | None) -> Learner:
        design = _designed(heard, notes, seed, landings=all_layers)
        if all_layers:
            from impsy.training.adapting import AllLayers

            return AllLayers.begun(design, dimension, size, seed, before)
        return MixtureLayer(_begun(design, dimension, size, seed), design.played)

    return begin


def _designed(heard: NDArray[np.float32], notes: Sequence[bool] | None, seed: int, *, landings: bool) -> Design:
    ranges = [slice(0, len(heard))]
    found = designs(heard, ranges, "gestures", notes=notes, seed=seed)[0]
    if landings or not isinstance(found.fixed, Landings):
        return found
    return designs(heard, ranges, "gestures", "sets", seed=seed)[0]


def _begun(design: Design, dimension: int, size: str, seed: int) -> Weights:
    """A network whose recurrent layers are random, and whose outputs begin where the data is."""
    fixed, starts = design.fixed, design.starts
    assert fixed is not None
    assert isinstance(starts, Starts)
    weights = random_weights(dimension, SIZES[size], rng=np.random.default_rng(seed), fixed=fixed)
    offset, scale = design.scales.features(fixed)
    first = weights.layers[0]
    kernel = first.kernel * scale[:, None]
    layers = (LSTMLayer(kernel, first.recurrent, first.bias - offset @ kernel), *weights.layers[1:])
    dense = weights.mixture_kernel * np.float32(_KERNEL_START)
    dense[weights.units :] = 0
    mixtures, width = weights.mixtures, weights.mixtures * dimension
    bias = np.zeros_like(weights.mixture_bias)
    mu, z = (bias[part * width : (part + 1) * width].reshape(mixtures, dimension) for part in range(2))
    one_sided = getattr(fixed, "one_sided", np.zeros(mixtures, np.float32))[:, None] > 0
    unit = design.scales.unit[None]
    mu[:, 0], z[:, 0] = _TIME_START * fixed.sigma_scale[:, 0], _TIME_SPREAD_START
    moves = starts.move * fixed.sigma_scale[:, 1:]
    mu[:, 1:], z[:, 1:] = np.where(one_sided, moves / unit, moves), starts.spread
    bias[2 * width :] = starts.logit
    return replace(weights, layers=layers, mixture_kernel=dense, mixture_bias=bias)

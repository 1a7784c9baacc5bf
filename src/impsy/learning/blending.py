"""Weights between those of a model and those learnt from it, which forget less of what the model knew.

Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
"""

from __future__ import annotations

from dataclasses import replace

from impsy.models.architectures import FloatArray, times
from impsy.models.weights import LSTMLayer, Weights

__all__ = ["between"]


def between(base: Weights, learnt: Weights, share: float) -> Weights:
    """``base`` at a share of 0, ``learnt`` at 1; both are of one shape and have the same constants."""

    def mixed(one: FloatArray, other: FloatArray) -> FloatArray:
        return times(one, 1 - share) + times(other, share)

    layers = tuple(
        LSTMLayer(mixed(one.kernel, other.kernel), mixed(one.recurrent, other.recurrent), mixed(one.bias, other.bias))
        for one, other in zip(base.layers, learnt.layers, strict=True)
    )
    kernel, bias = mixed(base.mixture_kernel, learnt.mixture_kernel), mixed(base.mixture_bias, learnt.mixture_bias)
    return replace(learnt, layers=layers, mixture_kernel=kernel, mixture_bias=bias)

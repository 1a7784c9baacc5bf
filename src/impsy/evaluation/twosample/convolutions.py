"""Random convolutions of windows of playing: what no list of figures thought of.

ROCKET (Dempster, Petitjean & Webb, "ROCKET: exceptionally fast and accurate time series classification using random
convolutional kernels", Data Mining and Knowledge Discovery 34, 2020), for several series at once: kernels of random
length, weights, dilation, bias and choice of series, and of each the share of its output above the bias and its
maximum; here its mean too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

__all__ = ["LEAST_EVENTS", "Kernel", "convolved", "random_kernels"]

_LENGTHS = (3, 5, 7, 9)
_MOST_SERIES = 3.0
"""A kernel covers fewer than 2 to the power of this many series."""
LEAST_EVENTS = max(_LENGTHS)
"""Of a window: a kernel has to fit in."""


class Kernel(NamedTuple):
    """``weights`` (series, length), ``dilation`` events apart; ``level``: the bias, as a quantile of its outputs."""

    series: NDArray[np.int64]
    weights: NDArray[np.float32]
    dilation: int
    level: float


def random_kernels(count: int, series: int, events: int, rng: Generator) -> list[Kernel]:
    """For windows (series, events), events at least 9."""
    kernels = []
    for _ in range(count):
        length = int(rng.choice(_LENGTHS))
        dilation = int(2 ** rng.uniform(0, math.log2((events - 1) / (length - 1))))
        chosen = rng.choice(series, min(series, int(2 ** rng.uniform(0, _MOST_SERIES))), replace=False)
        weights = rng.standard_normal((len(chosen), length)).astype(np.float32)
        if rng.random() < 0.5:  # half of them take no notice of the level, only of its changes
            weights -= weights.mean(axis=1, keepdims=True)
        kernels.append(Kernel(chosen, weights, dilation, float(rng.random())))
    return kernels


def convolved(windows: NDArray[np.float32], kernels: list[Kernel]) -> NDArray[np.float64]:
    """(N, 3 kernels) of ``windows`` (N, series, T): share above the bias, maximum and mean of each kernel's output.

    Series are standardised over all windows, so that no kernel hears but the largest.
    """
    spread = windows.std(axis=(0, 2), keepdims=True)
    scaled = (windows - windows.mean(axis=(0, 2), keepdims=True)) / (spread + 1e-6)
    found = []
    for series, weights, dilation, level in kernels:
        chosen = scaled[:, series]
        length = windows.shape[2] - (weights.shape[1] - 1) * dilation
        output = np.zeros((len(windows), length), np.float32)
        for j in range(weights.shape[1]):
            output += np.tensordot(weights[:, j], chosen[:, :, j * dilation : j * dilation + length], (0, 1))
        bias = np.quantile(output, level)
        found += [(output > bias).mean(axis=1), output.max(axis=1), output.mean(axis=1)]
    return np.stack(found, axis=1).astype(np.float64)

"""Calibration: whether events predicted with probability p happen in a share p of cases.

It is computed from the ranks of the events (their probability integral transform), which are then uniform on [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "INTERVALS", "Calibration", "PartCalibration", "calibration", "part_calibration"]

BINS = 20
"""Of a histogram of ranks."""
INTERVALS: Mapping[str, tuple[float, float]] = {"coverage_50": (0.25, 0.75), "coverage_90": (0.05, 0.95)}
"""The central intervals whose coverage is reported, by their ranks."""


@dataclass(frozen=True)
class PartCalibration:
    """How far the ranks of one part of the events are from uniform.

    histogram: share of ranks in each of 20 equal bins; 0.05 each is perfect.
    error: mean |share of ranks ≤ p − p| over all p in [0, 1], 0 to 0.5 (the area between the calibration curve of
        Kuleshov, Fenner & Ermon, "Accurate Uncertainties for Deep Learning Using Calibrated Regression", 2018, and
        the diagonal; it is also the 1-Wasserstein distance to uniform).
    greatest: the greatest |share of ranks ≤ p − p| (Kolmogorov-Smirnov distance).
    coverage_50, coverage_90: share of events within the central interval that is predicted to hold 50 % and 90 %
        (Gneiting, Balabdaoui & Raftery, "Probabilistic forecasts, calibration and sharpness", 2007).
    """

    histogram: tuple[float, ...]
    error: float
    greatest: float
    coverage_50: float
    coverage_90: float


@dataclass(frozen=True)
class Calibration:
    """That of the time, of each control, and of all controls' ranks together."""

    time: PartCalibration
    values: PartCalibration
    controls: tuple[PartCalibration, ...]


def calibration(ranks: NDArray[np.float64]) -> Calibration:
    """From the ranks (E, D) of all parts of E events."""
    controls = tuple(part_calibration(column) for column in ranks.T[1:])
    return Calibration(part_calibration(ranks[:, 0]), part_calibration(ranks[:, 1:].ravel()), controls)


def part_calibration(ranks: NDArray[np.float64]) -> PartCalibration:
    """From the ranks (E,) of one part, each in [0, 1]."""
    ordered = np.sort(ranks)
    count = len(ordered)
    steps = np.arange(count + 1) / count
    histogram = np.histogram(ordered, BINS, (0.0, 1.0))[0] / count
    coverage = {
        name: float(((ordered >= lower) & (ordered <= upper)).mean()) for name, (lower, upper) in INTERVALS.items()
    }
    return PartCalibration(
        histogram=tuple(histogram.tolist()),
        error=_area(np.concatenate([[0.0], ordered, [1.0]]), steps),
        greatest=float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max())),
        coverage_50=coverage["coverage_50"],
        coverage_90=coverage["coverage_90"],
    )


def _area(edges: NDArray[np.float64], levels: NDArray[np.float64]) -> float:
    """The area between the staircase of ``levels`` (E + 1,) on ``edges`` (E + 2,) and the diagonal."""
    left, right = edges[:-1] - levels, edges[1:] - levels
    # ∫|x| from left to right, the sign of x changing in between or not.
    return float(0.5 * (right * np.abs(right) - left * np.abs(left)).sum())

"""Which numbers of a mixture a network computes, and which are fixed by what its components leave at rest.

A component of the architecture ``gestures`` moves few controls. The means and deviations of the others are known, and
are not computed: the dense layer is computed for *live* numbers only, time
and the controls that a component moves, component by component, each in the order of the interaction vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from impsy.models.architectures import FloatArray, Gestures

__all__ = ["Live"]

_Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Live:
    """The live numbers of a mixture, Q of them, in their order; arrays (Q,) unless said otherwise."""

    fixed: Gestures

    @property
    def dimension(self) -> int:
        """Length D of an interaction vector."""
        return self.fixed.grid.size + 1

    @property
    def mixtures(self) -> int:
        """Number M of components."""
        return len(self.fixed.direction)

    @cached_property
    def places(self) -> _Indices:
        """Where in mu (M·D), and in sigma, each live number lies."""
        return np.flatnonzero(self.fixed.live)

    @property
    def component(self) -> _Indices:
        """The component k of each."""
        return self.places // self.dimension

    @cached_property
    def control(self) -> _Indices:
        """The control i of each, from 0; −1 for time."""
        return self.places % self.dimension - 1

    @cached_property
    def columns(self) -> _Indices:
        """The columns of the dense layer that are computed, (2Q + M,): live means, live z, all logits."""
        width = self.mixtures * self.dimension
        return np.concatenate([self.places, width + self.places, np.arange(2 * width, 2 * width + self.mixtures)])

    def of_components(self, values: FloatArray) -> FloatArray:
        """One value a component (M,) for each live number; 0 for time."""
        return np.where(self.control < 0, np.float32(0), values[self.component])

    def of_controls(self, values: FloatArray) -> FloatArray:
        """One value a control (n,) for each live number; 0 for time."""
        return np.append(values, np.float32(0))[self.control]

    @cached_property
    def direction(self) -> FloatArray:
        """Which way each counts; 1 for time."""
        return np.where(self.control < 0, np.float32(1), self.fixed.direction[self.component, self.control])

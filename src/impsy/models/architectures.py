"""The architectures of networks: their features, and the constants of their mixtures.

An architecture defines the features that the first LSTM layer hears, whether the mixture layer hears them too, and
what is carried from one step to the next besides the LSTM layers' states. Every architecture predicts a mixture of
Gaussians with diagonal covariance, [mu | sigma | logits], so that every reader of the format plays it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError

__all__ = [
    "EDGE_REACH",
    "FINEST_GRID",
    "FloatArray",
    "Gestures",
    "Residual",
    "expect",
    "own_fields",
    "times",
]

FloatArray = NDArray[np.float32]

FINEST_GRID = 2.0**-40
"""Steps of a grid are larger than this, scaled space. Every float32 of 2**-17 or more is a multiple of it, so that
rounding to it changes nothing that could matter: where only some controls have a grid, the others are rounded to
this."""


EDGE_REACH = 0.5
"""Within how many usual moves (of 1 / change_scale) of its end a control counts as at its end."""


@dataclass(frozen=True, eq=False)
class Residual:
    """What is fixed before a network of the architecture ``residual`` learns; all float32, in the scaled space.

    With v the vector that is heard (D = n + 1 numbers, scaled), in float32:

    - base_i = round(v_i · (1 / grid_i)) · grid_i, halves to even, and v_i where grid_i is 0 (a continuous control);
    - change_i = tanh(change_scale_i · (base_i − last_i)), last being the base of the step before, 0 at first;
    - low_i = max(0, 1 − base_i · change_scale_i · 2), high_i = max(0, 1 − (10 − base_i) · change_scale_i · 2): 1 at
      an end of the control's way, 0 from half a usual move on;
    - the features, 1 + 5n = 5D − 4 of them, are
      ``[log(1 + 100 · max(v_0, 0)), base (n), change (n), change² (n), low (n), high (n)]``;
    - the first LSTM layer hears the features; the dense layer hears ``[h of the last LSTM layer | features]``;
    - the dense layer's mu count from base, and turn back at the ends: with m = mu'_k,i, for i ≥ 1
      mu_k,i = base_i + m · (1 − 2 low_i) + max(m, 0) · 2 (low_i − high_i), which is base_i + m away from the ends,
      base_i + |m| at the lower, base_i − |m| at the upper one; and mu_k,0 = mu'_k,0;
    - sigma = sigma_scale · (elu(z) + 1 + 1e-7) + sigma_floor.

    So a control that is not moved stays where it is without having to be learned (residual learning: He et al. 2016).
    Which control moved last, and how, is at hand for the mixture at once, where the LSTM layers would first have
    to learn to pass it on (skip connections from the input to the output layer: Graves 2013). The squares say
    whether a control moved, either way, and low and high that it is at an end of its way, where it can only turn
    back: a line through the changes or the values alone cannot. ``grid`` and ``change_scale``
    are (n,) and ≥ 0, ``sigma_scale`` > 0 and ``sigma_floor`` ≥ 0 are (M, D). Raises ModelError if they are not.
    """

    architecture: ClassVar[str] = "residual"

    grid: FloatArray
    change_scale: FloatArray
    sigma_scale: FloatArray
    sigma_floor: FloatArray

    @property
    def features(self) -> int:
        """How many numbers the first LSTM layer hears; the dense layer hears them too, after the last layer's."""
        return 1 + 5 * self.grid.size

    @property
    def carries(self) -> int:
        """How many numbers are carried from one step to the next, besides the LSTM layers' states."""
        return self.grid.size

    @property
    def mixtures(self) -> int:
        """Number M of mixture components."""
        return len(self.sigma_scale)

    @property
    def outputs(self) -> int:
        """How many numbers the dense layer gives."""
        return self.mixtures * (2 * self.grid.size + 3)

    @property
    def logits(self) -> int:
        """How many of them, the last ones, the logits of components are made of."""
        return self.mixtures

    def widened(self, factor: float) -> Self:
        """The same, but that every sigma is ``factor`` times as large; means are the same."""
        return replace(self, **{what: times(getattr(self, what), factor) for what in self._deviations})

    _deviations: ClassVar[tuple[str, ...]] = ("sigma_scale", "sigma_floor")

    def __post_init__(self) -> None:
        if self.grid.ndim != 1 or self.sigma_scale.ndim != 2:
            raise ModelError(
                f"a grid of shape {self.grid.shape} and scales of sigma of shape {self.sigma_scale.shape} are not one"
                " for each control, and one for each component and number"
            )
        expect("grid", self.grid, self.grid.shape)
        expect("scale of changes", self.change_scale, self.grid.shape)
        expect("scale of sigma", self.sigma_scale, (len(self.sigma_scale), self.grid.size + 1))
        expect("floor under sigma", self.sigma_floor, self.sigma_scale.shape)
        if ((self.grid != 0) & (self.grid <= FINEST_GRID)).any():
            raise ModelError(f"a grid has steps above {FINEST_GRID:g}, or 0 where there is none; not {self.grid}")
        if (self.change_scale < 0).any() or (self.sigma_floor < 0).any() or (self.sigma_scale <= 0).any():
            raise ModelError("a scale or a floor of the network is below 0, or a scale of sigma is 0")

    @property
    def has_grid(self) -> bool:
        """Whether any control lies on a grid."""
        return bool(self.grid.any())

    def rounding(self) -> tuple[FloatArray, FloatArray]:
        """``(per_step, step)``, both (n,): base = rint(v · per_step) · step, computed in float32.

        A product with the reciprocal, not a quotient: that is what compilers of training frameworks make of it, and
        values half way between two steps (0.5 on the grid of 1/127) must go the same way everywhere.
        """
        step = self.grid.copy()
        step[step == 0] = FINEST_GRID
        return np.reciprocal(step), step


@dataclass(frozen=True, eq=False)
class Gestures(Residual):
    """What is fixed before a network of the architecture ``gestures`` learns: which controls each component moves.

    A component of a residual network moves every control a little: none can predict that one control moves and the
    others rest. Here each component moves the controls of one gesture only, and the others rest exactly where
    they stand. Components that *continue* move whichever controls the last gesture moved, in its direction.

    Beside what :class:`Residual` holds, all float32, in the scaled space, with n controls and M components:

    - ``threshold`` (n,), > 0: a control moved if |change| rounds to at least one threshold (a grid's step).
    - ``unit`` (n,), > 0: the unit in which one-sided components count (a grid's step).
    - ``rest`` (n,), > 0: sigma of a control that rests.
    - ``direction`` (M, n) of −1, 0, 1: which way a component counts the control's travel; 0: the control rests.
    - ``one_sided`` (M,) of 0, 1: whether the component's travel is always forward.
    - ``momentum`` (M,) of 0, 1: whether the travel counts from the speed of the last gesture.
    - ``continues`` (M,) of 0, 1: whether the component moves the controls of the last gesture.
    - ``margin`` (1,), ≥ 0: how many sigma of what it learned a component that moves keeps from standing still.

    ``base``, ``low``, ``high`` are those of :class:`Residual`. With move_i = base_i − last_i, 0 at the first event:

    - turn_i = clip(round(move_i · (1 / threshold_i)), −1, 1), halves to even. If any turn is not 0, the gesture
      becomes that of this event: gesture = move; else it stays what it was, 0 at first.
      way_i = clip(round(gesture_i · (1 / threshold_i)), −1, 1).
    - The features are 2 + 7n = 7D − 5: ``[log(1 + 100 · max(v_0, 0)), base, c, c², low, high, g, |way|, moved]``, n
      numbers each but the first and the last, with c = tanh(change_scale · move),
      g = tanh(change_scale · gesture / 2), and moved = 1 if any turn is not 0, else 0.
    - sigma_k = sigma_scale_k · (elu(z_k) + 1 + 1e-7) + sigma_floor_k, for time and controls.
    - With r the dense layer's output for (k, i), least = unit_i / 2 + margin · sigma_k,i:
      travel = unit_i · (elu(r) + 1) + least if one_sided, else r + momentum_k · |gesture_i|, at least ``least`` where
      momentum_k is 1.
    - m = direction_k,i · travel · (way_i if continues_k else 1), mu_k,i = base_i + m · (1 − 2 low_i) + max(m, 0) ·
      2 (low_i − high_i); mu_k,0 is the dense layer's output.
    - sigma_k,i is ``rest_i`` where direction_k,i is 0, or where the component continues and way_i is 0.

    A state carries ``[base (n) | gesture (n) | 1 if anything was heard]`` to the next step. Moves, turns, ways and
    gestures are float32, like base. Nothing depends on the scale of sigma, its floor and the columns of the dense
    layer where direction is 0: they are set to 1, 0 and 0, so that a network has one form only.

    Raises ModelError if shapes or ranges are others.
    """

    architecture: ClassVar[str] = "gestures"

    threshold: FloatArray
    unit: FloatArray
    rest: FloatArray
    direction: FloatArray
    one_sided: FloatArray
    momentum: FloatArray
    continues: FloatArray
    margin: FloatArray

    _deviations: ClassVar[tuple[str, ...]] = ("sigma_scale", "sigma_floor", "rest")

    def widened(self, factor: float) -> Self:
        # What a component keeps from standing still counts in sigma, and stays.
        return replace(super().widened(factor), margin=times(self.margin, 1 / factor))

    @property
    def features(self) -> int:
        return 2 + 7 * self.grid.size

    @property
    def carries(self) -> int:
        return 2 * self.grid.size + 1

    def __post_init__(self) -> None:
        Residual.__post_init__(self)
        mixtures, n = len(self.sigma_scale), self.grid.size
        for what in ("threshold", "unit", "rest"):
            array = getattr(self, what)
            expect(what, array, (n,))
            if (array <= 0).any():
                raise ModelError(f"the {what} of a control is 0 or less")
        expect("margin", self.margin, (1,))
        if self.margin[0] < 0:
            raise ModelError("the margin of components that move is below 0")
        expect("scale of sigma", self.sigma_scale, (mixtures, n + 1))
        expect("direction", self.direction, (mixtures, n))
        if not np.isin(self.direction, (-1, 0, 1)).all():
            raise ModelError("a component's direction is −1, 0 or 1")
        for what in ("one_sided", "momentum", "continues"):
            expect(what, getattr(self, what), (mixtures,))
            if not np.isin(getattr(self, what), (0, 1)).all():
                raise ModelError(f"{what} of a component is 0 or 1")
        for what, neutral in (("sigma_scale", 1), ("sigma_floor", 0)):
            object.__setattr__(self, what, np.where(self.live, getattr(self, what), np.float32(neutral)))

    @property
    def live(self) -> NDArray[np.bool_]:
        """Which numbers of each component are computed, (M, D): time, and the controls that do not always rest."""
        return np.concatenate([np.ones((len(self.direction), 1), bool), self.direction != 0], axis=1)


def times(array: FloatArray, factor: float) -> FloatArray:
    """The product, computed in float64."""
    return (array.astype(np.float64) * factor).astype(np.float32)


def expect(what: str, array: FloatArray, shape: tuple[int, ...]) -> None:
    """Raise ModelError unless ``array`` is float32, of this shape and finite."""
    if array.shape != shape:
        raise ModelError(f"{what} has shape {array.shape}, but should have {shape}")
    if array.dtype != np.float32:
        raise ModelError(f"{what} holds {array.dtype}, not float32")
    if not np.isfinite(array).all():
        raise ModelError(f"{what} holds numbers that are not finite: the training of this model diverged")


def own_fields(definition: type[Residual]) -> tuple[str, ...]:
    """The names of the constants that an architecture has besides those of :class:`Residual`, in their order."""
    return tuple(each.name for each in fields(definition)[len(fields(Residual)) :])

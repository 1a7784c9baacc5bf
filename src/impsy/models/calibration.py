"""The temperatures at which a network's densities hold.

A network trained by likelihood is right at the temperatures 1 and 1; performances have 0.01 for deviations and 1 for
components. A network *calibrated* for those has other constants: with them, every front end draws from exactly the
mixture that was learned. The file says so among its facts,
``"calibrated": {"sigmatemp": 0.01, "pitemp": 1.0}``, for whatever reads densities rather than plays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from impsy.errors import ModelError
from impsy.models.architectures import times
from impsy.models.weights import Weights

__all__ = ["AS_LEARNED", "CALIBRATED", "PLAYED", "Temperatures", "calibrated", "density_temperatures", "uncalibrated"]


class Temperatures(NamedTuple):
    """Those of a mixture: components are drawn by softmax(logits / pi), values by deviations times sqrt(sigma)."""

    sigma: float
    pi: float

    @property
    def facts(self) -> dict[str, float]:
        """As the facts of a file have them."""
        return {"sigmatemp": self.sigma, "pitemp": self.pi}


AS_LEARNED = Temperatures(1.0, 1.0)
PLAYED = Temperatures(0.01, 1.0)
"""The defaults of a performance."""
CALIBRATED = "calibrated"
"""The name of the fact."""


def density_temperatures(facts: Mapping[str, Any]) -> Temperatures:
    """The temperatures at which the densities of a model with these facts hold.

    1 and 1 where the fact is missing or cannot be read.
    """
    given = facts.get(CALIBRATED)
    if not isinstance(given, Mapping):
        return AS_LEARNED
    found = [given.get(name) for name in AS_LEARNED.facts]
    numbers = [float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != len(found) or not all(math.isfinite(number) and number > 0 for number in numbers):
        return AS_LEARNED
    return Temperatures(*numbers)


def calibrated(
    weights: Weights,
    sigma_temperature: float = PLAYED.sigma,
    pi_temperature: float = PLAYED.pi,
    *,
    learnt_at: tuple[float, float] = AS_LEARNED,
) -> Weights:
    """The network whose mixtures at these temperatures are those of ``weights`` at ``learnt_at`` (sigma's, pi's).

    The means are the same. Raises ModelError if the network is plain, whose deviations have no scale (only their
    logarithms can be moved, and only where they are small), ValueError if a temperature is not above 0.
    """
    return _moved(weights, Temperatures(*learnt_at), Temperatures(sigma_temperature, pi_temperature))


def uncalibrated(
    weights: Weights,
    sigma_temperature: float = PLAYED.sigma,
    pi_temperature: float = PLAYED.pi,
    *,
    learnt_at: tuple[float, float] = AS_LEARNED,
) -> Weights:
    """The inverse of :func:`calibrated`, but for rounding."""
    return _moved(weights, Temperatures(sigma_temperature, pi_temperature), Temperatures(*learnt_at))


def _moved(weights: Weights, right_at: Temperatures, wanted: Temperatures) -> Weights:
    """The network that is at ``wanted`` what ``weights`` is at ``right_at``."""
    if not all(math.isfinite(number) and number > 0 for number in (*right_at, *wanted)):
        raise ValueError(f"temperatures are above 0, not {right_at} and {wanted}")
    fixed = weights.residual
    if fixed is None:
        raise ModelError("a plain network cannot be calibrated: its deviations have no scale of their own")
    wider, sharper = math.sqrt(right_at.sigma / wanted.sigma), wanted.pi / right_at.pi
    fixed = fixed.widened(wider)
    kernel, bias = weights.mixture_kernel.copy(), weights.mixture_bias.copy()
    logits = slice(bias.size - fixed.logits, None)
    kernel[:, logits] = times(kernel[:, logits], sharper)
    bias[logits] = times(bias[logits], sharper)
    return replace(weights, mixture_kernel=kernel, mixture_bias=bias, residual=fixed)

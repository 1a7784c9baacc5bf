"""What the model intends, in words that a picture can be drawn from."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.engine import Outlook
from impsy.models.mixture import component_weights
from impsy.models.sizes import SCALE_FACTOR

__all__ = ["Intention", "encode_intention"]

DECIMALS = 4

NUMBERS_LIMIT = 5600
"""Means and spreads in one message. Each takes 10 bytes at most, and a datagram holds 65,507."""

LARGEST = 999.0
"""A mean or spread further from [0, 1] than this, or a time longer in seconds, says no more than this."""


@dataclass(frozen=True, slots=True)
class Intention:
    """The engine's plans, and a copy of the mixture's parameters (M(2D+1),) in the × 10 space, if there is one."""

    outlook: Outlook
    parameters: NDArray[Any] | None


def encode_intention(intention: Intention, now: float) -> str:
    """What ``/monitor/next`` says, JSON.

    ``in``: seconds until the model does ``what`` (``"event"`` or ``"answer"``), both null if it plans nothing.
    ``weights`` (M,), ``means`` and ``spreads`` (M, n) and ``dt`` (M,): the mixture that its next event is (or will
    be) drawn from, with the temperatures applied: weights softmax(logits / pitemp), spreads sigma · sqrt(sigmatemp),
    all but weights ÷ 10; dt are the mean seconds, not stretched by the timescale. Empty if it plans nothing or
    predicts no mixture; of a mixture that is too large for a datagram, the heaviest components.
    """
    outlook = intention.outlook
    planned = outlook.due is not None
    said: dict[str, Any] = {
        "in": None if outlook.due is None else round(max(0.0, outlook.due - now), DECIMALS),
        "what": outlook.what,
        "weights": [],
        "means": [],
        "spreads": [],
        "dt": [],
    }
    if planned and intention.parameters is not None:
        said |= _mixture(intention.parameters, outlook)
    return json.dumps(said, separators=(",", ":"))


def _mixture(parameters: NDArray[Any], outlook: Outlook) -> dict[str, Any]:
    settings = outlook.settings
    d = settings.dimension
    # A network may say anything: numbers that JSON has no word for are no picture.
    if not np.isfinite(parameters).all():
        return {}
    mixtures = parameters.size // (2 * d + 1)
    width = mixtures * d
    weights = component_weights(parameters[2 * width :].tolist(), settings.pi_temperature)
    total = sum(weights)
    # [mu | sigma] at once, then lists: this happens 30 times a second beside a thread that keeps time.
    values = parameters[: 2 * width].astype(np.float64)
    values /= SCALE_FACTOR
    values[width:] *= math.sqrt(settings.sigma_temperature)
    np.minimum(values, LARGEST, out=values)
    np.maximum(values, -LARGEST, out=values)
    flat = values.round(DECIMALS).tolist()
    shown = _heaviest(weights, NUMBERS_LIMIT // (2 * (d - 1)))
    return {
        "weights": [round(weights[k] / total, DECIMALS) for k in shown],
        "means": [flat[k * d + 1 : (k + 1) * d] for k in shown],
        "spreads": [flat[width + k * d + 1 : width + (k + 1) * d] for k in shown],
        "dt": [flat[k * d] for k in shown],
    }


def _heaviest(weights: list[float], most: int) -> Sequence[int]:
    """The indices of the ``most`` heaviest components, in their order."""
    if len(weights) <= most:
        return range(len(weights))
    return sorted(sorted(range(len(weights)), key=weights.__getitem__, reverse=True)[:most])

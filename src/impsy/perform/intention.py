"""What the model intends, in words that a picture can be drawn from."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.engine import Outlook
from impsy.models.mixture import component_weights
from impsy.models.sizes import SCALE_FACTOR

__all__ = ["Intention", "encode_intention"]

DECIMALS = 4

SHOWN = 5
"""Components in one message: the weightiest. More would cost time beside a thread that keeps time, and a picture of
hundreds shows no more."""

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
    all but weights ÷ 10; dt are the mean seconds, not stretched by the timescale. Of many components, the weightiest
    five, whose weights sum to 1; fewer if they are too large for a datagram. Empty if it plans nothing or predicts
    no mixture.
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
    logits = parameters[2 * width :]
    shown = _weightiest(logits, min(SHOWN, NUMBERS_LIMIT // (2 * (d - 1))))
    if not shown.size:
        return {}
    weights = component_weights(logits[shown].tolist(), settings.pi_temperature)
    total = sum(weights)
    values = parameters[: 2 * width].reshape(2, mixtures, d)[:, shown].astype(np.float64)
    values /= SCALE_FACTOR
    values[1] *= math.sqrt(settings.sigma_temperature)
    np.minimum(values, LARGEST, out=values)
    np.maximum(values, -LARGEST, out=values)
    means, spreads = values.round(DECIMALS).tolist()
    return {
        "weights": [round(weight / total, DECIMALS) for weight in weights],
        "means": [mean[1:] for mean in means],
        "spreads": [spread[1:] for spread in spreads],
        "dt": [mean[0] for mean in means],
    }


def _weightiest(logits: NDArray[Any], most: int) -> NDArray[np.intp]:
    """The indices of the ``most`` largest logits, in their order."""
    if logits.size <= most:
        return np.arange(logits.size)
    return np.sort(np.argpartition(logits, logits.size - most - 1)[logits.size - most :])

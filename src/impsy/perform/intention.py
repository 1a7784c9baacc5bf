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


_MANY = 100
"""Components from which on sorting takes longer than finding the weightiest."""
_NOTHING: dict[str, Any] = {"weights": [], "means": [], "spreads": [], "dt": []}
_SCALE = np.float64(SCALE_FACTOR)
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
"""As :func:`json.dumps`, which would make an encoder for each message."""


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
    mixture = _mixture(intention.parameters, outlook) if planned and intention.parameters is not None else {}
    due = None if outlook.due is None else round(max(0.0, outlook.due - now), DECIMALS)
    return _encode({"in": due, "what": outlook.what} | (mixture or _NOTHING))


def _mixture(parameters: NDArray[Any], outlook: Outlook) -> dict[str, Any]:
    settings = outlook.settings
    d = settings.dimension
    mixtures = parameters.size // (2 * d + 1)
    width = mixtures * d
    logits, numbers = parameters[2 * width :], parameters[: 2 * width].reshape(2, mixtures, d)
    most = min(SHOWN, NUMBERS_LIMIT // (2 * (d - 1)))
    if not most:
        return {}
    if mixtures > most:
        shown = (logits.argsort() if mixtures < _MANY else logits.argpartition(-most))[-most:]
        shown.sort()
        logits, numbers = logits.take(shown), numbers.take(shown, axis=1)
    weights = component_weights(logits.tolist(), settings.pi_temperature)
    total = sum(weights)
    # A network may say anything: numbers that JSON has no word for are no picture. NaN counts as the largest logit.
    if math.isnan(total) or np.count_nonzero(np.isfinite(numbers)) < numbers.size:
        return {}
    values = numbers / _SCALE
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

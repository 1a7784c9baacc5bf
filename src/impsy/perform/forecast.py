"""The model's forecast as ``/monitor/next`` sends it: data for a picture."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.engine import Forecast, Settings
from impsy.models.mixture import component_weights
from impsy.models.sizes import SCALE_FACTOR

__all__ = ["encode_forecast"]

DECIMALS = 4

SHOWN = 5
"""Components in one message, those of the largest weights. More would take processor time from the engine's thread,
and a picture of hundreds is no clearer."""

NUMBERS_LIMIT = 5600
"""Means and spreads in one message. Each takes 10 bytes at most, and a datagram holds 65,507."""

LARGEST = 999.0
"""Means, spreads and times (seconds) are clipped to this magnitude."""


_MANY = 100
"""From this many components, partial sorting is faster than sorting."""
_NOTHING: dict[str, Any] = {"weights": [], "means": [], "spreads": [], "dt": []}
_SCALE = np.float64(SCALE_FACTOR)
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
"""As :func:`json.dumps`, without making an encoder for each message."""


def encode_forecast(forecast: Forecast, parameters: NDArray[Any] | None, now: float) -> str:
    """The forecast as JSON. ``parameters`` (M(2D+1),) are the mixture's in the × 10 space; None: there is no mixture.

    ``in``: seconds until the model does ``what`` (``"event"`` or ``"answer"``), both null if it plans nothing.
    ``weights`` (M,), ``means`` and ``spreads`` (M, n) and ``dt`` (M,): the mixture that its next event is (or will
    be) drawn from, with the temperatures applied: weights softmax(logits / pitemp), spreads sigma · sqrt(sigmatemp),
    all but weights ÷ 10; dt are the mean seconds, not stretched by the timescale. Of many components, the weightiest
    five, whose weights sum to 1; fewer if they are too large for a datagram. Empty if it plans nothing or predicts
    no mixture.
    """
    due = None if forecast.due is None else round(max(0.0, forecast.due - now), DECIMALS)
    mixture = {} if due is None or parameters is None else _mixture(parameters, forecast.settings)
    return _encode({"in": due, "what": forecast.what} | (mixture or _NOTHING))


def _mixture(parameters: NDArray[Any], settings: Settings) -> dict[str, Any]:
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
    # JSON has no NaN and no infinity; a network may predict both. NaN sorts as the largest logit.
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

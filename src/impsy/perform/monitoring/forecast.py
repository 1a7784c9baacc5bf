"""The model's forecast as ``/monitor/next`` sends it."""

from __future__ import annotations

import json
import math
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from impsy.engine import Forecast, Settings
from impsy.engine.plan import Planned
from impsy.models.mixture import component_weights
from impsy.models.sizes import SCALE_FACTOR
from impsy.protocol.monitor import Mixture, Next

__all__ = ["encode_forecast"]

DECIMALS = 4

PLAN_DECIMALS = 7
"""Digits of the values of a plan: those of the 32-bit numbers that are sent when they are played."""

PLAN_NUMBERS_LIMIT = 2000
"""Values in one plan. More would take processor time from the engine's thread."""

LONGEST_TEXT = 65_000
"""Characters of a message, which is one datagram."""

SHOWN = 5
"""Components in one message, those of the largest weights. More would take processor time from the engine's thread,
and a picture of hundreds is no clearer."""

NUMBERS_LIMIT = 5600
"""Means and spreads in one message. Each takes 10 bytes at most, and a datagram holds 65,507."""

LARGEST = 999.0
"""Means, spreads and times (seconds) are clipped to this magnitude."""

_MANY = 100
"""From this many components on, partial sorting is faster than sorting."""
_NO_MIXTURE: Mixture = {"weights": [], "means": [], "spreads": [], "dt": []}
_SCALE = np.float64(SCALE_FACTOR)
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
"""As :func:`json.dumps`, without making an encoder for each message."""


class PlanText:
    """The plan as JSON. One thread shows it, others say that somebody interrupted, and one sends it."""

    def __init__(self) -> None:
        self._events: tuple[tuple[float, str], ...] = ()
        self._is_new = self._is_void = False

    def show(self, events: tuple[Planned, ...]) -> None:
        """This is the plan now. Of events with very many controls it has the first."""
        most = PLAN_NUMBERS_LIMIT // max(1, len(events[0].values)) if events else 0
        self._events = tuple((event.due, _values_text(event.values)) for event in events[:most])
        self._is_new, self._is_void = True, False

    def interrupted(self) -> None:
        """What was shown may not come."""
        self._is_void = True

    def added_to(self, message: str, now: float) -> str:
        """The JSON of a ``Next`` with the events after ``now`` that fit in; without any while the plan is made."""
        if self._is_void and not self._is_new:
            return message
        self._is_new = False
        room = LONGEST_TEXT - len(message)
        parts: list[str] = []
        for due, values in self._events:
            room -= len(values) + 12
            if due > now and room > 0:
                parts.append(f"[{due - now:.{DECIMALS}f},{values}]")
        return f'{message[:-1]},"plan":[{",".join(parts)}]}}'


def _values_text(values: tuple[float, ...]) -> str:
    return ",".join([f"{value:.{PLAN_DECIMALS}g}" for value in values])


def encode_forecast(forecast: Forecast, parameters: NDArray[Any] | None, now: float) -> str:
    """The JSON text of a :class:`~impsy.protocol.monitor.Next` without its plan.

    ``parameters`` (M(2D+1),) are those of the mixture in the × 10 space; None: there is no mixture.

    Weights are softmax(logits / pitemp), spreads sigma · sqrt(sigmatemp), all but weights ÷ 10; dt are the mean
    seconds, not stretched by the timescale. Of many components, the five with the largest weights, which then sum to
    1; fewer if they are too large for a datagram.
    """
    due, mixture = None, _NO_MIXTURE
    if forecast.due is not None:
        due = round(max(0.0, forecast.due - now), DECIMALS)
        if parameters is not None:
            mixture = _mixture(parameters, forecast.settings, len(forecast.controls or ()))
    message = cast("Next", {"in": due, "what": forecast.what, **mixture})
    if mixture is not _NO_MIXTURE and forecast.controls is not None:
        message["controls"] = list(forecast.controls)
    return _encode(message)


def _mixture(parameters: NDArray[Any], settings: Settings, named: int) -> Mixture:
    d = settings.dimension
    mixtures = parameters.size // (2 * d + 1)
    width = mixtures * d
    logits, numbers = parameters[2 * width :], parameters[: 2 * width].reshape(2, mixtures, d)
    most = min(SHOWN, (NUMBERS_LIMIT - named) // (2 * (d - 1)))
    if not most:
        return _NO_MIXTURE
    if mixtures > most:
        shown = (logits.argsort() if mixtures < _MANY else logits.argpartition(-most))[-most:]
        shown.sort()
        logits, numbers = logits.take(shown), numbers.take(shown, axis=1)
    weights = component_weights(logits.tolist(), settings.pi_temperature)
    total = sum(weights)
    # A network may output anything, and JSON has only finite numbers. NaN counts as the largest logit.
    if math.isnan(total) or np.count_nonzero(np.isfinite(numbers)) < numbers.size:
        return _NO_MIXTURE
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

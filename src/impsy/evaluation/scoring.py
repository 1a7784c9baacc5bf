"""Scores of predicted mixtures on what was played: densities, probabilities of grid cells, ranks.

All in the scaled space (interaction vectors × 10), where networks predict. The density of an event v under
components k with weights w = softmax(logits) is sum_k w_k prod_d Normal(v_d; mu_kd, sigma_kd) (Bishop, "Mixture
Density Networks", 1994); that of one part of the event is the same sum with the product over that part alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.evaluation.normal import log_interval_mass, normal_cdf
from impsy.models.calibration import AS_LEARNED, Temperatures
from impsy.models.sizes import SCALE_FACTOR

__all__ = ["LEAST_SIGMA", "Mixtures", "Scores", "cells", "ranks", "score"]

FloatArray = NDArray[np.float64]

LEAST_SIGMA = 1e-7
"""The least that sigma = elu(z) + 1 + 1e-7 can be; a graph of another make may say less."""
LEAST_TIME = 0.01
"""Scaled: where time is taken as a logarithm, less than 1 ms counts as 1 ms."""
_FEW = 16
"""Components that are all computed; of more than these, those that could matter."""
_NEGLIGIBLE = math.log(1e-10)
"""Of a probability: what is left out is less than this part of it."""
_LEAST_TEMPERATURE = 1e-6
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


class Mixtures(NamedTuple):
    """Predictions for B events, scaled, float64: ``mu`` and ``sigma`` (B, M, D), ``log_weights`` (B, M).

    ``log_time``: the first of the D is the logarithm of the scaled time, not the scaled time.
    """

    mu: FloatArray
    sigma: FloatArray
    log_weights: FloatArray
    log_time: bool = False

    @classmethod
    def of(cls, parameters: NDArray[Any], dimension: int, *, log_time: bool = False) -> Mixtures:
        """From predicted vectors [mu | sigma | logits], (B, M(2D+1)); raises ModelError where one is not finite."""
        parameters = parameters.astype(np.float64)
        if not np.isfinite(parameters).all():
            raise ModelError(
                "what the model computes is not finite: its training diverged, or its file is damaged: "
                "train it again with `impsy train`"
            )
        batch, width = parameters.shape
        mixtures = width // (2 * dimension + 1)
        count = mixtures * dimension
        logits = parameters[:, 2 * count :]
        return cls(
            parameters[:, :count].reshape(batch, mixtures, dimension),
            np.maximum(parameters[:, count : 2 * count].reshape(batch, mixtures, dimension), LEAST_SIGMA),
            logits - log_sum_exp(logits)[:, None],
            log_time,
        )

    def at(self, temperatures: Temperatures) -> Mixtures:
        """The distribution that playing at these temperatures draws from.

        Each sigma is multiplied by the square root of the sigma temperature, the logits are divided by the pi
        temperature. At 0 sigma is the least there is, and the weightiest component has all the weight.
        """
        if temperatures == AS_LEARNED:
            return self
        logits = self.log_weights / max(temperatures.pi, _LEAST_TEMPERATURE)
        return self._replace(
            sigma=np.maximum(self.sigma * math.sqrt(temperatures.sigma), LEAST_SIGMA),
            log_weights=logits - log_sum_exp(logits)[:, None],
        )

    @classmethod
    def joined(cls, parts: Sequence[Mixtures]) -> Mixtures:
        """Predictions for all the events of several, one after another."""
        mu, sigma, log_weights = (np.concatenate([part[i] for part in parts]) for i in range(3))
        return cls(mu, sigma, log_weights, parts[0].log_time)


class Scores(NamedTuple):
    """(B,) each: −log density in nats of the whole event, of its time, of its values; and bits of its grid cells.

    ``bits`` is NaN where no control lies on a grid.
    """

    joint: FloatArray
    time: FloatArray
    values: FloatArray
    bits: FloatArray


def score(mixtures: Mixtures, events: NDArray[Any], grid: FloatArray) -> Scores:
    """Score ``events`` (B, D), seconds and [0, 1], under their predictions.

    ``grid`` (D − 1,): the step of the grid that each control's values lie on, 0 where they lie on none.
    """
    scaled = _scaled(events, mixtures)
    mu, sigma, log_weights, log_time = mixtures
    z = scaled[:, None, :] - mu
    z /= sigma
    densities = z * z
    densities *= -0.5
    densities -= np.log(sigma)
    densities -= _LOG_SQRT_2PI
    # The density of x, where ln x is what is normal, is that of ln x divided by x.
    jacobian: FloatArray | float = scaled[:, 0] if log_time else 0.0
    time, values = densities[:, :, 0], densities[:, :, 1:].sum(axis=2)
    return Scores(
        joint=jacobian - log_sum_exp(log_weights + time + values),
        time=jacobian - log_sum_exp(log_weights + time),
        values=-log_sum_exp(log_weights + values),
        bits=_bits(mixtures, scaled, grid),
    )


def ranks(mixtures: Mixtures, events: NDArray[Any], grid: FloatArray, uniform: NDArray[Any]) -> FloatArray:
    """The probability integral transform of each part of ``events`` (B, D) under its marginal: (B, D) in [0, 1].

    Sum_k w_k Phi((v − mu_k) / sigma_k). If the predictions are right these are uniform (Dawid, "Statistical
    Theory: The Prequential Approach", 1984). For a control on a grid it is randomised: anywhere between the transform
    at the cell's lower and at its upper edge, chosen by ``uniform`` (B, D) in [0, 1), which makes it uniform for what
    is not continuous either (Dunn & Smyth, "Randomized Quantile Residuals", 1996; Czado, Gneiting & Held,
    "Predictive Model Assessment for Count Data", 2009).
    """
    scaled = _scaled(events, mixtures)
    result = np.empty_like(scaled)
    plain = np.flatnonzero(np.concatenate([[0.0], grid]) == 0)
    result[:, plain] = _marginal_cdf(_of(mixtures, plain), scaled[:, plain])
    gridded = np.flatnonzero(grid) + 1
    if gridded.size:
        lower, upper = cells(scaled[:, gridded], grid[gridded - 1])
        part = _of(mixtures, gridded)
        low, high = _marginal_cdf(part, lower), _marginal_cdf(part, upper)
        result[:, gridded] = low + uniform[:, gridded] * (high - low)
    return np.clip(result, 0.0, 1.0)


def cells(scaled: FloatArray, grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The edges of the grid cells that ``scaled`` values (B, G) lie in: half a step ``grid`` (G,) to either side.

    The cells at 0 and at 1 take all that is beyond, as playing does, which clips there.
    """
    half = 0.5 * SCALE_FACTOR * grid
    centre = np.rint(scaled / (2.0 * half)) * (2.0 * half)
    lower = np.where(centre < half, -np.inf, centre - half)
    upper = np.where(centre > SCALE_FACTOR - half, np.inf, centre + half)
    return lower, upper


def log_sum_exp(x: FloatArray) -> FloatArray:
    """log sum exp over the last axis, without overflow."""
    top = x.max(axis=-1, keepdims=True)
    result: FloatArray = np.log(np.exp(x - top).sum(axis=-1))
    result += top[..., 0]
    return result


def _scaled(events: NDArray[Any], mixtures: Mixtures) -> FloatArray:
    scaled = events.astype(np.float64) * SCALE_FACTOR
    if mixtures.log_time:
        scaled[:, 0] = np.log(np.maximum(scaled[:, 0], LEAST_TIME))
    return scaled


def _bits(mixtures: Mixtures, scaled: FloatArray, grid: FloatArray) -> FloatArray:
    """−log2 of the probability of the cells that the gridded controls are in, all together."""
    gridded = np.flatnonzero(grid) + 1
    if not gridded.size:
        return np.full(len(scaled), np.nan)
    lower, upper = cells(scaled[:, gridded], grid[gridded - 1])
    part = _of(mixtures, gridded)
    if part.mu.shape[1] <= _FEW:
        return _bits_of_all(part, lower, upper)
    # A cell that begins a standard deviations from the mean has a mass of exp(−a² / 2) at most (Chernoff's bound).
    away = np.maximum(np.maximum(lower[:, None] - part.mu, part.mu - upper[:, None]), 0.0)
    away /= part.sigma
    away *= away
    most = part.log_weights - 0.5 * away.sum(axis=2)
    kept = np.argpartition(most, -_FEW, axis=1)[:, -_FEW:]
    bits = _bits_of_all(_components(part, kept), lower, upper)
    np.put_along_axis(most, kept, -np.inf, axis=1)
    missing = np.flatnonzero(most.max(axis=1) + math.log(most.shape[1]) > _NEGLIGIBLE - bits * math.log(2.0))
    if len(missing):
        few = Mixtures(part.mu[missing], part.sigma[missing], part.log_weights[missing])
        bits[missing] = _bits_of_all(few, lower[missing], upper[missing])
    return bits


def _bits_of_all(mixtures: Mixtures, lower: FloatArray, upper: FloatArray) -> FloatArray:
    mu, sigma, log_weights, _ = mixtures
    masses = log_interval_mass((lower[:, None] - mu) / sigma, (upper[:, None] - mu) / sigma)
    return log_sum_exp(log_weights + masses.sum(axis=2)) / -math.log(2.0)


def _marginal_cdf(mixtures: Mixtures, x: FloatArray) -> FloatArray:
    """(B, D): sum_k w_k Phi((x_d − mu_kd) / sigma_kd)."""
    below = normal_cdf((x[:, None, :] - mixtures.mu) / mixtures.sigma)
    result: FloatArray = np.einsum("bk,bkd->bd", np.exp(mixtures.log_weights), below)
    return result


def _of(mixtures: Mixtures, parts: NDArray[np.int64]) -> Mixtures:
    """The marginal of these parts of events."""
    return Mixtures(mixtures.mu[..., parts], mixtures.sigma[..., parts], mixtures.log_weights)


def _components(mixtures: Mixtures, numbers: NDArray[np.int64]) -> Mixtures:
    """Those of each row that ``numbers`` (B, K) name."""
    rows = np.arange(len(numbers))[:, None]
    return Mixtures(
        mixtures.mu[rows, numbers],
        mixtures.sigma[rows, numbers],
        mixtures.log_weights[rows, numbers],
        mixtures.log_time,
    )

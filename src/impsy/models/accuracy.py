"""How much a network loses when its weights are stored smaller.

The same performance is played to the exact network and to the compressed one, each with its own state, and
their predictions are compared event by event:

- the largest difference of any predicted mean, deviation (scaled space: a value's whole range is 10) and logit;
- the divergence: the mean over events of log p(v) − log p'(v), v drawn from the exact network's prediction p. It
  estimates the Kullback-Leibler divergence in nats per event: by how much the compressed network's negative log
  likelihood is worse on what the exact one would play.

All of it is at the temperatures at which the network's densities hold (:mod:`impsy.models.calibration`).

The largest difference alone says little: components that are hardly ever chosen drift most. The divergence weighs
everything by what will be heard, so it decides; the differences are bounded too, against what an average hides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models import mixture
from impsy.models.calibration import Temperatures, density_temperatures
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SCALE_FACTOR
from impsy.models.tflite.read import read_tflite
from impsy.models.tflite.write import STORAGES, Storage, encode_tflite
from impsy.models.untrained import RandomGestures
from impsy.models.weights import Weights

__all__ = ["LARGEST_DIFFERENCE", "LARGEST_DIVERGENCE", "STEPS", "Comparison", "compare", "smallest_faithful"]

STEPS = 500
"""Events that are played to both networks."""
LARGEST_DIVERGENCE = 0.05
"""Nats per event; training runs of one network differ by ten times that."""
LARGEST_DIFFERENCE = 1.0
"""Of any mean or deviation in the scaled space: a tenth of a value's range."""
_SEED = 20


@dataclass(frozen=True)
class Comparison:
    """A compressed network against the exact one: see the module's text for what is measured."""

    storage: Storage
    content: bytes
    mu: float
    sigma: float
    logits: float
    divergence: float

    @property
    def is_faithful(self) -> bool:
        """Whether the difference is too small to matter."""
        return self.divergence <= LARGEST_DIVERGENCE and max(self.mu, self.sigma) <= LARGEST_DIFFERENCE


def compare(
    weights: Weights, storage: Storage, *, steps: int = STEPS, facts: Mapping[str, Any] | None = None
) -> Comparison:
    """Encode ``weights`` as ``storage`` and measure what that does to ``steps`` predictions; seeded.

    ``facts`` are kept in the file (see :func:`impsy.models.tflite.write.encode_tflite`), and say at which
    temperatures densities hold.
    """
    content = encode_tflite(weights, storage=storage, facts=facts)
    exact, compressed = NumPyPredictor(weights), NumPyPredictor(read_tflite(content))
    at = density_temperatures(facts or {})
    player, rng = RandomGestures(weights.dimension), np.random.default_rng(_SEED)
    worst = np.zeros(3)
    divergence = 0.0
    for _ in range(steps):
        event = player.sample(rng, 1.0, 1.0)
        exact.hear(event)
        compressed.hear(event)
        true, other = (_mixture(part.parameters, weights.dimension, at) for part in (exact, compressed))
        worst = np.maximum(worst, [np.abs(t - o).max() for t, o in zip(true, other, strict=True)])
        drawn = np.array(exact.sample(rng, at.pi, at.sigma)) * SCALE_FACTOR
        divergence += (_log_likelihood(true, drawn) - _log_likelihood(other, drawn)) / steps
    mu, sigma, logits = worst.tolist()
    return Comparison(storage, content, mu, sigma, logits, divergence)


def _mixture(parameters: NDArray[Any], dimension: int, at: Temperatures) -> mixture.Mixture:
    mu, sigma, logits = (part.astype(np.float64) for part in mixture.split(parameters, dimension))
    return mixture.Mixture(mu, sigma * np.sqrt(at.sigma), logits / at.pi)


def _log_likelihood(parameters: mixture.Mixture, value: NDArray[np.float64]) -> float:
    """log Σ_k softmax(logits)_k Π_d Normal(value_d; mu_kd, sigma_kd)."""
    mu, sigma, logits = parameters
    normals = -0.5 * ((value - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * np.log(2 * np.pi)
    terms = normals.sum(axis=1) + logits
    return float(np.logaddexp.reduce(terms) - np.logaddexp.reduce(logits))


def smallest_faithful(
    weights: Weights, facts: Mapping[str, Any] | None = None
) -> tuple[Comparison, Mapping[Storage, Comparison]]:
    """The smallest way to store ``weights`` that stays faithful, and what was measured for every way.

    Raises ModelError if not even float32 gives back the network, which would be a mistake of ours.
    """
    results = {storage: compare(weights, storage, facts=facts) for storage in STORAGES}
    faithful = [result for result in results.values() if result.is_faithful]
    if not faithful:
        raise ModelError("the exported network does not play like the original: please report this")
    return min(faithful, key=lambda result: len(result.content)), results

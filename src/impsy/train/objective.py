"""What a network is trained for: likelihood, and (see below) playing as players do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from impsy.train.constants import Constants
from impsy.train.recipe import Recipe

__all__ = ["Mixture", "Objective", "negative_log_likelihood", "objective_for", "split"]

_HALF_LOG_TWO_PI = 0.9189385332046727


class Mixture(NamedTuple):
    """``mu`` and ``sigma`` (…, M, D) in the × 10 space, ``logits`` (…, M)."""

    mu: Any
    sigma: Any
    logits: Any


def split(parameters: Any, dimension: int) -> Mixture:
    """The parts of mixture vectors (…, M(2D+1))."""
    mixtures = parameters.shape[-1] // (2 * dimension + 1)
    width = mixtures * dimension
    shape = (*parameters.shape[:-1], mixtures, dimension)
    return Mixture(
        parameters[..., :width].reshape(shape),
        parameters[..., width : 2 * width].reshape(shape),
        parameters[..., 2 * width :],
    )


def negative_log_likelihood(mixture: Mixture, targets: Any) -> Any:
    """−log Σ_k softmax(logits)_k Π_d Normal(target_d; mu_kd, sigma_kd), in nats: (…) for targets (…, D), × 10 space.

    Bishop, "Mixture Density Networks", 1994, eq. 23.
    """
    z = (targets[..., None, :] - mixture.mu) / mixture.sigma
    terms = (-0.5 * z * z - jnp.log(mixture.sigma) - _HALF_LOG_TWO_PI).sum(-1)
    return jax.nn.logsumexp(mixture.logits, axis=-1) - jax.nn.logsumexp(terms + mixture.logits, axis=-1)


Objective = Callable[[Mixture, Any, Any], Any]
"""(mixture, heard (…, D), targets (…, D)) -> (…) what is to become small, in nats."""


def objective_for(recipe: Recipe, constants: Constants | None) -> Objective:
    """The objective that ``recipe`` asks for."""

    def likelihood(mixture: Mixture, heard: Any, targets: Any) -> Any:
        return negative_log_likelihood(mixture, targets)

    return likelihood

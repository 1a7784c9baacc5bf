"""What a network is trained for: to foresee what players do, and to play as they do.

**Foreseeing** is the likelihood of the next event. That alone does not make a network play well: it plays each
component's mean with a tenth of its sigma (the default sigma temperature is 0.01), and the mean of all that might
come next is often something that no player does, such as half a step of every knob, or nothing.

**Playing** therefore asks, of each component's mean, how likely its gesture is one of the players': how many controls
move, how far, and how long after the last event; not which ones, nor which way, which is the likelihood's concern.
It is asked where players have been, with the event that followed as the measure, and where the network's own
playing has led, with players' events at random as the measure: only the latter keeps it from drifting, over hundreds
of events, to where no player's data says how to go on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from impsy.models.sizes import SCALE_FACTOR
from impsy.train.constants import Constants

__all__ = ["Gestures", "Mixture", "PlayingLikelihood", "gestures", "negative_log_likelihood", "split"]

_HALF_LOG_TWO_PI = 0.9189385332046727
_SHORTEST = 0.01
"""1 ms in the × 10 space: no shorter wait is played."""


class Mixture(NamedTuple):
    """``mu`` and ``sigma`` (…, M, D) in the × 10 space, ``logits`` (…, M)."""

    mu: Any
    sigma: Any
    logits: Any


class Gestures(NamedTuple):
    """What events look like, whichever controls they move: ``moving`` (…) controls that moved by a step, how far all
    of them moved together and the one that moved most, ``total`` and ``most`` (…) in steps, and ``dt`` (…) in the
    × 10 space."""

    moving: Any
    total: Any
    most: Any
    dt: Any


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
    return _minus_log_mean(terms, mixture.logits)


def gestures(before: Any, events: Any, step: Any) -> Gestures:
    """The gestures of ``events`` (…, D), each with the one ``before`` it, in steps (n,) of each control."""
    moves = jnp.abs(events[..., 1:] - before[..., 1:]) / step
    return Gestures((moves > 0.5).sum(-1), moves.sum(-1), moves.max(-1), events[..., 0])


class PlayingLikelihood:
    """How likely the gestures of a mixture's means are players' gestures.

    Args:
        constants: of the data: its steps, and how widely its times are spread.
    """

    WIDTH = 0.3
    """Moves differ by their ratio: e^0.3 is one unit of distance."""
    TIME_WIDTH = 0.17
    """The same for times, as a share of their standard deviation on a log scale."""
    SHARPNESS = 0.07
    """Over how many steps it is uncertain whether a mean, half a step away, moves a control."""
    NOISE = 0.055
    """Of sigma: how far what is played strays from the mean (0.1 sigma), as the scale of a logistic function."""
    POWER = 2.0
    """Of the heavy tail (Student's t, but for its norm): a gesture far from all means does not drag one there."""
    UNLIKELY = np.exp(-8.0)
    MOST_COUNTED = 16
    """Moving controls from here on are counted as this many."""

    def __init__(self, constants: Constants) -> None:
        self.step = constants.step
        self._time_width = self.TIME_WIDTH * constants.time_spread

    def loss(self, mixture: Mixture, base: Any, wanted: Gestures) -> Any:
        """−log of the mean, over components, of the likelihood that each plays one of the ``wanted`` gestures: (…).

        ``base`` (…, n) is where the controls stand.
        """
        mu = mixture.mu[..., 1:]
        reached = jnp.clip(mu, 0, SCALE_FACTOR)
        moves = jnp.abs(reached - base[..., None, :]) / self.step
        noise = self.NOISE * jax.lax.stop_gradient(mixture.sigma[..., 1:]) / self.step
        moving = jax.nn.sigmoid((moves - 0.5) / jnp.sqrt(self.SHARPNESS**2 + noise**2))
        counted = self._count(moving, wanted.moving[..., None])
        beyond = jnp.log1p((jnp.abs(mu - reached) / self.step).sum(-1))
        total = jnp.log1p(moves.sum(-1)) - jnp.log1p(wanted.total)[..., None]
        most = jnp.log1p(moves.max(-1)) - jnp.log1p(wanted.most)[..., None]
        far = (total**2 + most**2 + beyond**2) / self.WIDTH**2
        dt = mixture.mu[..., 0]
        far += jnp.log1p(jax.nn.relu(_SHORTEST - dt) / _SHORTEST) ** 2
        late = jnp.log(jnp.maximum(wanted.dt, _SHORTEST))[..., None] - jnp.log(jnp.maximum(dt, _SHORTEST))
        far += (late / self._time_width) ** 2
        return _minus_log_mean(counted - self.POWER * jnp.log1p(far), mixture.logits)

    def _count(self, moving: Any, wanted: Any) -> Any:
        """log P(so many controls move), when each moves with the probability ``moving`` (…, n) on its own.

        The Poisson-binomial distribution by its recurrence over controls, kept above a small probability.
        """
        most = min(moving.shape[-1], self.MOST_COUNTED)
        chances = jnp.zeros((*moving.shape[:-1], most + 1)).at[..., 0].set(1.0)
        last = jnp.zeros(most + 1).at[most].set(1.0)

        def one_more(chances: Any, moves: Any) -> tuple[Any, None]:
            moves = moves[..., None]
            shifted = jnp.pad(chances[..., :-1], [(0, 0)] * (chances.ndim - 1) + [(1, 0)])
            return chances * (1 - moves * (1 - last)) + shifted * moves, None

        chances, _ = jax.lax.scan(one_more, chances, jnp.moveaxis(moving, -1, 0))
        chosen = jnp.take_along_axis(chances, jnp.minimum(wanted, most)[..., None], axis=-1)[..., 0]
        return jnp.log(chosen * (1 - self.UNLIKELY) + self.UNLIKELY)


def _minus_log_mean(terms: Any, logits: Any) -> Any:
    """−log Σ_k softmax(logits)_k exp(terms_k)."""
    return jax.nn.logsumexp(logits, axis=-1) - jax.nn.logsumexp(terms + logits, axis=-1)

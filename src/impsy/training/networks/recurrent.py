"""A network in JAX, over whole windows: what training differentiates.

The same computation as :mod:`impsy.models.batch.network` has in NumPy, but for its units: features are scaled to
about ±1 and outputs count in the scales of the data. Both are folded into the weights when they are taken out. A
component's controls that rest have no outputs here, which saves most of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from impsy.models.architectures import FloatArray, Gestures, Residual
from impsy.models.sizes import Size
from impsy.training.networks.layers import RecurrentNetwork, log_normal, moved, positive, standing
from impsy.training.scales import Scales

__all__ = ["Mixture", "Network"]

LOGIT_UNIT = 4.0
"""The unit of the logits of gesture components: which gesture comes next is learned that much faster than how far it
goes. At 1 it took three times as many steps to predict as well when nothing moves."""
_TIME_SPREAD_START = -0.3


class Mixture(NamedTuple):
    """``mu`` and ``sigma`` (…, M, D) in the × 10 space, ``logits`` (…, M)."""

    mu: Any
    sigma: Any
    logits: Any


class _Parts(NamedTuple):
    """A mixture by what moves: of time (…, M), of the P pairs of a component and a control that it moves (…, P), and
    ``logits`` (…, M). ``base`` (…, n) is where the controls stand."""

    time: Any
    time_sigma: Any
    mu: Any
    sigma: Any
    logits: Any
    base: Any


class _Heard(NamedTuple):
    """What is heard of each event: the features (…, F) and, of each control (…, n), where it stands (``base``), how
    close it is to its ends, and what the last gesture was."""

    features: Any
    base: Any
    low: Any
    high: Any
    gesture: Any
    way: Any


@dataclass(frozen=True, eq=False)
class _Head:
    """What is fixed, for the P pairs of a component and a control that it moves.

    ``component``, ``control`` (P,) are the pair's; ``of_component`` (P, M) sums pairs into components; ``rests``
    (n, M) is 1 where a control rests; ``time_…`` are (M,), ``rest`` (n,), all others (P,): see :class:`Gestures`.
    """

    component: Any
    control: Any
    of_component: FloatArray
    rests: FloatArray
    rest: FloatArray
    move_unit: FloatArray
    direction: FloatArray
    one_sided: FloatArray
    momentum: FloatArray
    continues: FloatArray
    unit: FloatArray
    margin: float
    sigma_scale: FloatArray
    sigma_floor: FloatArray
    time_scale: FloatArray
    time_floor: FloatArray

    @classmethod
    def of(cls, fixed: Residual | None, dimension: int, mixtures: int) -> _Head:
        """Every component of a network without gestures moves every control."""
        n = dimension - 1
        ones, zeros = np.ones((mixtures, n), np.float32), np.zeros(mixtures, np.float32)
        direction = fixed.direction if isinstance(fixed, Gestures) else ones
        k, i = np.nonzero(direction)
        of_component = np.zeros((len(k), mixtures), np.float32)
        of_component[np.arange(len(k)), k] = 1
        scale = np.ones((mixtures, dimension), np.float32) if fixed is None else fixed.sigma_scale
        floor = np.zeros((mixtures, dimension), np.float32) if fixed is None else fixed.sigma_floor
        gestures = fixed if isinstance(fixed, Gestures) else None
        unit = ones[0] if gestures is None else gestures.unit
        flags = ("one_sided", "momentum", "continues")
        one_sided, momentum, continues = (
            (zeros if gestures is None else getattr(gestures, flag))[k] for flag in flags
        )
        move_unit = scale[k, i + 1]
        return cls(
            component=k,
            control=i,
            of_component=of_component,
            rests=(direction == 0).T.astype(np.float32),
            rest=unit if gestures is None else gestures.rest,
            move_unit=np.where(one_sided > 0, move_unit / unit[i], move_unit),
            direction=direction[k, i],
            one_sided=one_sided,
            momentum=momentum,
            continues=continues,
            unit=unit[i],
            margin=0.0 if gestures is None else float(gestures.margin[0]),
            sigma_scale=scale[k, i + 1],
            sigma_floor=floor[k, i + 1],
            time_scale=scale[:, 0],
            time_floor=floor[:, 0],
        )


class Network(RecurrentNetwork):
    """A network of one architecture.

    Its weights are a list: kernel, recurrent kernel and bias of each LSTM layer, then kernel and bias of the mixture
    layer, whose outputs are ``[time (M) | moves (P) | z of time (M) | z of moves (P) | logits (M)]``.

    Args:
        fixed: what is fixed of the architecture; None for ``plain``.
        scales: of the data that is learned from.
        dropout: share of each LSTM layer's outputs that are left out, the same ones throughout a window.
    """

    def __init__(
        self, dimension: int, size: Size, mixtures: int, fixed: Residual | None, scales: Scales, dropout: float = 0.0
    ) -> None:
        self.mixtures = mixtures
        self._head = _Head.of(fixed, dimension, mixtures)
        pairs = len(self._head.component)
        self._ends = np.cumsum([mixtures, pairs, mixtures, pairs])
        offset, scale = scales.features(fixed)
        heard = np.diag(scale), -offset * scale
        super().__init__(dimension, size, fixed, heard, 3 * mixtures + 2 * pairs, dropout)
        self._logit_unit = np.float32(LOGIT_UNIT if self.architecture == "gestures" else 1)

    # ------------------------------------------------------------------ weights

    def start(self, seed: int, starts: Any = None) -> list[FloatArray]:
        """Weights to begin with; ``starts`` are :class:`Starts`."""
        *weights, bias = self._start(np.random.default_rng(seed))
        if self._skips:
            bias[: self.mixtures] = 1.0
        if starts is not None:
            k, i = self._head.component, self._head.control
            bias[self._ends[0] : self._ends[1]] = starts.move[k, i]
            bias[self._ends[1] : self._ends[2]] = _TIME_SPREAD_START
            bias[self._ends[2] : self._ends[3]] = starts.spread[k, i]
            bias[self._ends[3] :] = starts.logit / self._logit_unit
        return [*weights, bias]

    def _columns(self) -> tuple[Any, FloatArray, int]:
        """Of ``[mu | z | logits]``."""
        head, dimension = self._head, self.dimension
        width = self.mixtures * dimension
        time = np.arange(self.mixtures) * dimension
        moves = head.component * dimension + head.control + 1
        columns = np.concatenate([time, moves, width + time, width + moves, 2 * width + np.arange(self.mixtures)])
        ones = np.ones(self.mixtures + len(moves), np.float32)
        logits = np.full(self.mixtures, self._logit_unit, np.float32)
        return columns, np.concatenate([head.time_scale, head.move_unit, ones, logits]), 2 * width + self.mixtures

    # ------------------------------------------------------------------ computing

    def likelihood(self, weights: Sequence[Any], heard: Any, targets: Any, key: Any = None) -> Any:
        """log of the density of ``targets`` (B, T, D) after ``heard`` (B, T, D), × 10 space: (B, T) nats.

        log Σ_k softmax(logits)_k Π_d Normal(target_d; mu_kd, sigma_kd): Bishop, "Mixture Density Networks", 1994,
        eq. 23. With a ``key``, some outputs of the LSTM layers are left out (dropout).
        """
        parts, head = self._parts(weights, heard, key), self._head
        terms = log_normal(targets[..., :1], parts.time, parts.time_sigma)
        terms += log_normal(targets[..., 1 + head.control], parts.mu, parts.sigma) @ head.of_component
        if self.architecture == "gestures":
            terms += log_normal(targets[..., 1:], parts.base, head.rest) @ head.rests
        together = jax.nn.logsumexp(parts.logits + terms, -1)
        return together - jax.nn.logsumexp(parts.logits, -1)

    def surprise(self, weights: Sequence[Any], heard: Any, targets: Any) -> Any:
        """What ``targets`` (B, T, D) cost after ``heard``, × 10 space: the bits of the grid's steps that the controls
        reach, and the NLL of dt in nats; (B, T).

        Unlike the density of values on a grid, these cannot be made better than they are by narrow components.
        """
        assert isinstance(self.fixed, Gestures)
        parts, head = self._parts(weights, heard), self._head
        half = self.fixed.grid / 2
        mass = (
            _log_mass(targets[..., 1 + head.control], half[head.control], parts.mu, parts.sigma) @ head.of_component
        )
        mass += _log_mass(targets[..., 1:], half, parts.base, head.rest) @ head.rests
        share = parts.logits - jax.nn.logsumexp(parts.logits, -1, keepdims=True)
        time = log_normal(targets[..., :1], parts.time, parts.time_sigma)
        return -jax.nn.logsumexp(share + mass, -1) / np.log(2) - jax.nn.logsumexp(share + time, -1)

    def mixture(self, weights: Sequence[Any], heard: Any) -> Mixture:
        """What is expected after each event of ``heard`` (B, T, D)."""
        parts, head = self._parts(weights, heard), self._head
        shape = (*parts.base.shape[:-1], self.mixtures, self.dimension - 1)
        resting = jnp.broadcast_to(parts.base[..., None, :], shape)
        moving = resting.at[..., head.component, head.control].set(parts.mu)
        sigma = jnp.broadcast_to(jnp.asarray(head.rest), shape).at[..., head.component, head.control].set(parts.sigma)
        return Mixture(
            jnp.concatenate([parts.time[..., None], moving], -1),
            jnp.concatenate([parts.time_sigma[..., None], sigma], -1),
            parts.logits,
        )

    def _parts(self, weights: Sequence[Any], heard: Any, key: Any = None) -> _Parts:
        events = self._hear(heard)
        return self._components(self._dense(weights, events.features, key), events)

    def _components(self, out: Any, heard: _Heard) -> _Parts:
        """See :class:`impsy.models.architectures.Gestures`."""
        head = self._head
        time, moves, time_z, z, logits = jnp.split(out, self._ends, -1)
        sigma = positive(z) * head.sigma_scale + head.sigma_floor
        travel = moves * head.move_unit
        base = heard.base[..., head.control]
        if self.architecture == "plain":
            mu = travel
        else:
            if self.architecture == "gestures":
                gesture, way = heard.gesture[..., head.control], heard.way[..., head.control]
                least = head.unit / 2 + head.margin * sigma
                free = travel + head.momentum * jnp.abs(gesture)
                free = jnp.where(head.momentum > 0, jnp.maximum(free, least), free)
                forward = head.unit * (jax.nn.elu(travel) + 1) + least
                way = jnp.where(head.continues > 0, way, 1.0)
                travel = head.direction * way * jnp.where(head.one_sided > 0, forward, free)
                sigma = jnp.where(way == 0, head.rest[head.control], sigma)
            low, high = heard.low[..., head.control], heard.high[..., head.control]
            mu = moved(base, travel, low, high)
        return _Parts(
            time * head.time_scale,
            positive(time_z) * head.time_scale + head.time_floor,
            mu,
            sigma,
            logits * self._logit_unit,
            heard.base,
        )

    def _hear(self, vectors: Any) -> _Heard:
        """Features of windows (B, T, D), each heard from the zero state."""
        fixed = self.fixed
        if fixed is None:
            zero = jnp.zeros_like(vectors[..., 1:])
            return _Heard(vectors, zero, zero, zero, zero, zero)
        base, low, high = standing(fixed, vectors)
        before = jnp.concatenate([jnp.zeros_like(base[:, :1]), base[:, :-1]], 1)
        move = base - before
        gestures = isinstance(fixed, Gestures)
        if gestures:
            move = move.at[:, 0].set(0.0)
        change = jnp.tanh(move * fixed.change_scale)
        logged = jnp.log(1 + 100 * jnp.maximum(vectors[..., :1], 0))
        features = [logged, base, change, change * change, low, high]
        gesture = way = jnp.zeros_like(base)
        if isinstance(fixed, Gestures):
            per_threshold = np.reciprocal(fixed.threshold)
            turned = (jnp.round(move * per_threshold) != 0).any(-1)
            at = jax.lax.cummax(jnp.where(turned, jnp.arange(turned.shape[1]), 0), axis=1)
            gesture = jnp.take_along_axis(move, at[..., None], 1)
            way = jnp.clip(jnp.round(gesture * per_threshold), -1, 1)
            features += [
                jnp.tanh(gesture * (fixed.change_scale / 2)),
                jnp.abs(way),
                turned[..., None].astype(jnp.float32),
            ]
        return _Heard(jnp.concatenate(features, -1), base, low, high, gesture, way)


LEAST_MASS = 1e-30


def _log_mass(x: Any, half: Any, mu: Any, sigma: Any) -> Any:
    """log of what a Gaussian has within ``half`` of ``x``; 0 where that is nothing, for a control on no grid."""
    # The lower tail, where float32 is precise.
    near, far = (jnp.abs(x - mu) - half) / sigma, (jnp.abs(x - mu) + half) / sigma
    mass = jax.scipy.special.ndtr(-near) - jax.scipy.special.ndtr(-far)
    return jnp.where(half > 0, jnp.log(jnp.maximum(mass, LEAST_MASS)), 0.0)

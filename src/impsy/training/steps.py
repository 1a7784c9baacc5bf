"""The compiled parts of training: one step, and a look at the held-out windows.

The events are in the device's memory once. A step draws where its windows begin from the seed and its own number, so
that nothing is fed to it, any step can be done again, and every process of a distributed training draws the same.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from impsy.data.windows import WINDOW
from impsy.models.sizes import SCALE_FACTOR
from impsy.training.distributed.parallel import Devices
from impsy.training.networks.layers import RecurrentNetwork
from impsy.training.networks.recurrent import Network
from impsy.training.recipe import Recipe

__all__ = ["HELD_OUT_AT_ONCE", "LONGEST_TARGET", "Learner", "LearnerState", "Pace", "Stretches", "adam", "changed"]

HELD_OUT_AT_ONCE, HELD_OUT_STEP = 256, 32
"""Held-out windows in one compiled call, at most; fewer by steps, where there are not as many."""
LONGEST_TARGET = 600.0
"""Seconds: longer pauses are learned as this long. A Gaussian's log density falls with the square of the distance, so
that one pause of an hour would weigh as much as all the playing around it."""
SHORT_SHARE = 4
"""A performance shorter than a window is drawn as often as a longer one of a window and a quarter of its events."""
FIRST_MOMENT, SMALL = 0.9, 1e-7
"""Adam's beta_1 and epsilon (Kingma & Ba 2015)."""


class LearnerState(NamedTuple):
    """All that a step changes: the weights, Adam's two moments of each, how many steps they hold, and sums since they
    were last taken."""

    trainable: list[Any]
    first: list[Any]
    second: list[Any]
    count: Any
    loss: Any
    skipped: Any


@dataclass(frozen=True, eq=False)
class Stretches:
    """Where training windows may begin: ``starts`` (S,) int32 offsets into the events, and how many events
    can be heard from there, ``heard`` (S,) int32, at most a window."""

    starts: NDArray[np.int32]
    heard: NDArray[np.int32]

    @classmethod
    def of(cls, ranges: Sequence[slice], window: int) -> Stretches:
        """Every start of a whole window; a range too short for one is one short window, drawn more than once."""
        starts, heard = [], []
        for part in ranges:
            length = part.stop - part.start
            if length > window:
                here = np.arange(part.start, part.stop - window, dtype=np.int32)
            else:
                here = np.full(max(1, length // SHORT_SHARE), part.start, np.int32)
            starts.append(here)
            heard.append(np.full(len(here), min(window, length - 1), np.int32))
        return cls(np.concatenate(starts), np.concatenate(heard))

    def with_beginnings(self, ranges: Sequence[slice], share: float) -> Stretches:
        """The same, but that a ``share`` of the windows begin where a range does."""
        begins = np.flatnonzero(np.isin(self.starts, [part.start for part in ranges]))
        _, first = np.unique(self.starts[begins], return_index=True)
        wanted = share / (1 - share) * len(self.starts)
        more = np.resize(begins[first], max(1, round(wanted)))
        return Stretches(
            np.concatenate([self.starts, self.starts[more]]), np.concatenate([self.heard, self.heard[more]])
        )


class Learner:
    """A network and how it learns, as pure functions of :class:`LearnerState`."""

    def __init__(
        self,
        network: RecurrentNetwork,
        recipe: Recipe,
        events: NDArray[np.float32],
        stretches: Stretches,
        *,
        alike: NDArray[np.int32] | None,
        devices: Devices,
    ) -> None:
        self._network, self._recipe, self._devices, self._alike = network, recipe, devices, alike
        self._events = devices.everywhere(events * np.float32(SCALE_FACTOR))
        self._starts = devices.everywhere(stretches.starts)
        self._heard = devices.everywhere(stretches.heard)
        self._key = devices.everywhere(np.asarray(jax.random.key_data(jax.random.key(recipe.seed))))
        self._step = jax.jit(self._train, donate_argnums=0, out_shardings=devices.same)
        self._look = jax.jit(partial(self._score, network.likelihood))

    def state(self, trainable: Sequence[Any]) -> LearnerState:
        """A state with these weights, from which nothing has been learned."""
        put = self._devices.everywhere
        weights = [np.asarray(array, np.float32) for array in trainable]
        return LearnerState(
            [put(array) for array in weights],
            [put(np.zeros_like(array)) for array in weights],
            [put(np.zeros_like(array)) for array in weights],
            put(np.zeros((), np.int32)),
            put(np.zeros((), np.float32)),
            put(np.zeros((), np.int32)),
        )

    def step(self, state: LearnerState, number: int, rate: float) -> tuple[LearnerState, Any]:
        """Learn from one batch of windows; returns at once, while the device computes. ``state`` is used up.

        The second result is the batch's loss: wait for it to wait for the step.
        """
        after: tuple[LearnerState, Any] = self._step(
            state, self._events, self._starts, self._heard, self._key, np.int32(number), np.float32(rate)
        )
        return after

    def held_out(self, state: LearnerState, starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """NLL (nats an event, × 10 space) of each window that begins at one of ``starts`` (W,): (W,)."""
        return -self._of_windows(self._look, state, starts)

    def surprise(self, state: LearnerState, starts: NDArray[np.int64]) -> float:
        """Mean of the network's ``surprise`` over the windows that begin at ``starts`` (W,)."""
        assert isinstance(self._network, Network)
        surprise = jax.jit(partial(self._score, self._network.surprise))
        return float(self._of_windows(surprise, state, starts).mean())

    def _of_windows(self, score: Any, state: LearnerState, starts: NDArray[np.int64]) -> NDArray[np.float64]:
        parts = []
        size = min(HELD_OUT_AT_ONCE, -(-len(starts) // HELD_OUT_STEP) * HELD_OUT_STEP)
        for i in range(0, len(starts), size):
            part = starts[i : i + size]
            padded = np.zeros(size, np.int32)
            padded[: len(part)] = part
            parts.append(np.asarray(score(state.trainable, self._events, padded), np.float64)[: len(part)])
        return np.concatenate(parts)

    def _windows(self, events: Any, starts: Any, heard: Any, key: Any) -> tuple[Any, Any, Any]:
        """(B, T, D) heard, (B, T, D) that follow, (B, T) weight: 0 beyond a short range's end."""
        offsets = jnp.arange(self._recipe.window + 1)
        window = events[starts[:, None] + jnp.minimum(offsets, heard[:, None])]
        weight = (offsets[:-1] < heard[:, None]).astype(jnp.float32)
        if self._alike is not None:
            window = changed(window, key, self._alike, self._recipe.permuted, self._recipe.mirrored)
        window = self._network.changed(window, key)
        targets = window[:, 1:]
        longest = LONGEST_TARGET * SCALE_FACTOR
        targets = targets.at[..., 0].set(jnp.minimum(targets[..., 0], longest))
        return window[:, :-1], targets, weight

    def _train(
        self, state: LearnerState, events: Any, starts: Any, heard: Any, key: Any, number: Any, rate: Any
    ) -> tuple[LearnerState, Any]:
        which, left_out, changed = jax.random.split(jax.random.fold_in(jax.random.wrap_key_data(key), number), 3)
        drawn = self._devices.copied(jax.random.randint(which, (self._recipe.batch,), 0, starts.shape[0]))
        chosen = self._devices.shared_out(drawn)
        windows = self._windows(events, starts[chosen], heard[chosen], changed)
        share = heard[drawn].sum() / self._devices.shares

        def loss(trainable: Any, key: Any, windows: Any) -> Any:
            hear, targets, weight = windows
            densities = self._network.likelihood(trainable, hear, targets, jax.random.wrap_key_data(key))
            return -(densities * weight).sum() / share

        learn = self._devices.over_shares(jax.value_and_grad(loss))
        value, gradients = learn(state.trainable, jax.random.key_data(left_out), windows)
        length = jnp.sqrt(sum(jnp.vdot(each, each) for each in gradients))
        sound = jnp.isfinite(value) & jnp.isfinite(length)
        learned = adam(state[:4], gradients, length, rate, self._recipe.clip, self._recipe.momentum)
        trainable, first, second, count = jax.tree.map(
            lambda new, old: jnp.where(sound, new, old), learned, tuple(state[:4])
        )
        loss_sum, skipped = state.loss + jnp.where(sound, value, 0.0), state.skipped + jnp.where(sound, 0, 1)
        return LearnerState(trainable, first, second, count, loss_sum, skipped), value

    def _score(self, measure: Any, trainable: Any, events: Any, starts: Any) -> Any:
        """The mean of ``measure`` over each window."""
        window = events[starts[:, None] + jnp.arange(WINDOW)]
        return measure(trainable, window[:, :-1], window[:, 1:]).mean(-1)


def adam(
    state: Sequence[Any], gradients: Sequence[Any], length: Any, rate: Any, clip: float, second_moment: float
) -> tuple[list[Any], list[Any], list[Any], Any]:
    """One step of Adam, the gradient, of this ``length``, no longer than ``clip`` (Pascanu, Mikolov & Bengio 2013).

    ``state`` holds the weights, the two moments of each, and how many steps these hold.
    """
    weights, firsts, seconds, count = state
    shorter = jnp.minimum(1.0, clip / (length + 1e-9))
    count = count + 1
    first_bias, second_bias = 1 - FIRST_MOMENT**count, 1 - second_moment**count
    trainable, first, second = [], [], []
    for weight, gradient, last_mean, last_square in zip(weights, gradients, firsts, seconds, strict=True):
        clipped = gradient * shorter
        mean = FIRST_MOMENT * last_mean + (1 - FIRST_MOMENT) * clipped
        square = second_moment * last_square + (1 - second_moment) * clipped * clipped
        trainable.append(weight - rate * (mean / first_bias) / (jnp.sqrt(square / second_bias) + SMALL))
        first.append(mean)
        second.append(square)
    return trainable, first, second, count


def changed(windows: Any, key: Any, alike: NDArray[np.int32], permuted: float, mirrored: float) -> Any:
    """Augmented ``windows`` (B, T, D), × 10 space: the same playing on other controls.

    In a share ``permuted`` of them, controls with the same number in ``alike`` (n,) change places at random; a share
    ``mirrored`` of each window's controls counts from its other end.
    """
    batch, _, dimension = windows.shape
    n = dimension - 1
    order, some, which = jax.random.split(key, 3)
    time, values = windows[..., :1], windows[..., 1:]
    drawn = jnp.argsort(alike + jax.random.uniform(order, (batch, n)), -1)
    places = jnp.zeros((batch, n), jnp.int32).at[:, np.argsort(alike, kind="stable")].set(drawn)
    chosen = jax.random.bernoulli(some, permuted, (batch, 1))
    values = jnp.take_along_axis(values, jnp.where(chosen, places, jnp.arange(n))[:, None], -1)
    turned = jax.random.bernoulli(which, mirrored, (batch, 1, n))
    return jnp.concatenate([time, jnp.where(turned, SCALE_FACTOR - values, values)], -1)


class Pace:
    """The time of a step (a median, so that compiling does not count), and of the pause between two epochs."""

    def __init__(self) -> None:
        self._steps: deque[float] = deque(maxlen=200)
        self._gaps: deque[float] = deque(maxlen=5)
        self._last: float | None = None
        self._ended: float | None = None

    def tick(self) -> None:
        """A step is complete."""
        now = time.perf_counter()
        if self._last is not None:
            self._steps.append(now - self._last)
        elif self._ended is not None:
            self._gaps.append(now - self._ended)
        self._last = now

    def pause(self) -> None:
        """An epoch is complete."""
        self._ended, self._last = time.perf_counter(), None

    @property
    def step(self) -> float:
        """Seconds a step."""
        return float(np.median(self._steps)) if self._steps else 0.0

    @property
    def between(self) -> float:
        """Seconds between an epoch's last step and the next one's first."""
        return float(np.median(self._gaps)) if self._gaps else 0.0

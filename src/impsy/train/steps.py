"""The compiled parts of training: one step, and a look at the held-out windows.

The events are in the device's memory once. A step draws where its windows begin from the seed and its own number, so
that nothing is fed to it, any step can be done again, and every process of a distributed training draws the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from impsy.models.sizes import SCALE_FACTOR
from impsy.train.distributed import Devices
from impsy.train.objective import Objective, negative_log_likelihood, split

__all__ = ["HELD_OUT_AT_ONCE", "Learner", "LearnerState", "Stretches"]

HELD_OUT_AT_ONCE = 256
"""Held-out windows in one compiled call."""
LONGEST_TARGET = 600.0
"""Seconds: longer pauses are learned as this long. A Gaussian's log density falls with the square of the distance, so
that one pause of an hour would weigh as much as all the playing around it."""


class LearnerState(NamedTuple):
    """All that a step changes: lists of arrays in Keras's order, and sums since they were last taken."""

    trainable: list[Any]
    other: list[Any]
    optimizer: list[Any]
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
        """Every start of a whole window; a range too short for one is one short window."""
        starts, heard = [], []
        for part in ranges:
            length = part.stop - part.start
            here = np.arange(part.start, max(part.start + 1, part.stop - window), dtype=np.int32)
            starts.append(here)
            heard.append(np.full(len(here), min(window, length - 1), np.int32))
        return cls(np.concatenate(starts), np.concatenate(heard))


class Learner:
    """A Keras model and its optimizer as pure functions of :class:`LearnerState`."""

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        objective: Objective,
        events: NDArray[np.float32],
        stretches: Stretches,
        *,
        batch: int,
        window: int,
        seed: int,
        devices: Devices,
    ) -> None:
        self._model, self._optimizer, self._objective = model, optimizer, objective
        self._dimension = events.shape[1]
        self._batch, self._window = batch, window
        self._devices = devices
        optimizer.build(model.trainable_variables)
        self._rate_at = next(
            i for i, variable in enumerate(optimizer.variables) if variable.path.endswith("learning_rate")
        )
        self._events = devices.everywhere(events * np.float32(SCALE_FACTOR))
        self._starts = devices.everywhere(stretches.starts)
        self._heard = devices.everywhere(stretches.heard)
        self._key = devices.everywhere(np.asarray(jax.random.key_data(jax.random.key(seed))))
        self._step = jax.jit(self._train, donate_argnums=0)
        self._look = jax.jit(self._score)

    def state(self) -> LearnerState:
        """As the model and the optimizer stand now."""

        def values(variables: Any) -> list[Any]:
            return [self._devices.everywhere(np.asarray(variable.value)) for variable in variables]

        zero = self._devices.everywhere(np.zeros((), np.float32))
        skipped = self._devices.everywhere(np.zeros((), np.int32))
        model = self._model
        return LearnerState(
            values(model.trainable_variables),
            values(model.non_trainable_variables),
            values(self._optimizer.variables),
            zero,
            skipped,
        )

    def put_trainable(self, arrays: Sequence[Any]) -> None:
        """Give the Keras model these weights."""
        for variable, array in zip(self._model.trainable_variables, arrays, strict=True):
            variable.assign(np.asarray(array))

    def step(self, state: LearnerState, number: int, rate: float) -> tuple[LearnerState, Any]:
        """Learn from one batch of windows; returns at once, while the device computes. ``state`` is used up.

        The second result is the batch's loss: wait for it to wait for the step.
        """
        return self._step(
            state, self._events, self._starts, self._heard, self._key, np.int32(number), np.float32(rate)
        )

    def held_out(self, state: LearnerState, starts: NDArray[np.int64]) -> tuple[float, float]:
        """Mean NLL (nats an event, × 10 space) over the windows that begin at ``starts``, and the mean objective."""
        sums = np.zeros(2)
        for i in range(0, len(starts), HELD_OUT_AT_ONCE):
            part = starts[i : i + HELD_OUT_AT_ONCE]
            padded = np.zeros(HELD_OUT_AT_ONCE, np.int32)
            padded[: len(part)] = part
            weight = (np.arange(HELD_OUT_AT_ONCE) < len(part)).astype(np.float32)
            both = self._look(state.trainable, state.other, self._events, padded, weight)
            sums += [float(each) for each in both]
        nll, objective = (sums / len(starts)).tolist()
        return nll, objective

    def _windows(self, events: Any, starts: Any, heard: Any) -> tuple[Any, Any, Any]:
        """(B, T, D) heard, (B, T, D) that follow, (B, T) weight: 0 beyond a short range's end."""
        offsets = jnp.arange(self._window + 1)
        window = events[starts[:, None] + jnp.minimum(offsets, heard[:, None])]
        weight = (offsets[:-1] < heard[:, None]).astype(jnp.float32)
        targets = window[:, 1:]
        longest = LONGEST_TARGET * SCALE_FACTOR
        targets = targets.at[..., 0].set(jnp.minimum(targets[..., 0], longest))
        return window[:, :-1], targets, weight

    def _train(
        self, state: LearnerState, events: Any, starts: Any, heard: Any, key: Any, number: Any, rate: Any
    ) -> tuple[LearnerState, Any]:
        key = jax.random.fold_in(jax.random.wrap_key_data(key), number)
        chosen = self._devices.shared_out(jax.random.randint(key, (self._batch,), 0, starts.shape[0]))
        hear, targets, weight = self._windows(events, starts[chosen], heard[chosen])

        def loss(trainable: Any) -> Any:
            parameters, other = self._model.stateless_call(trainable, state.other, hear, training=True)
            values = self._objective(split(parameters, self._dimension), hear, targets)
            return (values * weight).sum() / weight.sum(), other

        (value, other), gradients = jax.value_and_grad(loss, has_aux=True)(state.trainable)
        before = list(state.optimizer)
        before[self._rate_at] = rate
        trainable, optimizer = self._optimizer.stateless_apply(before, gradients, state.trainable)
        sound = jnp.isfinite(value) & jnp.all(jnp.stack([jnp.all(jnp.isfinite(gradient)) for gradient in gradients]))

        def keep(new: Any, old: Any) -> Any:
            return jnp.where(sound, new, old)

        after = LearnerState(
            jax.tree.map(keep, trainable, state.trainable),
            other,
            jax.tree.map(keep, optimizer, before),
            state.loss + jnp.where(sound, value, 0.0),
            state.skipped + jnp.where(sound, 0, 1),
        )
        return after, value

    def _score(self, trainable: Any, other: Any, events: Any, starts: Any, weight: Any) -> tuple[Any, Any]:
        window = events[starts[:, None] + jnp.arange(51)]
        hear, targets = window[:, :-1], window[:, 1:]
        parameters, _ = self._model.stateless_call(trainable, other, hear, training=False)
        mixture = split(parameters, self._dimension)
        nll = negative_log_likelihood(mixture, targets)
        objective = self._objective(mixture, hear, targets)
        return (nll.mean(-1) * weight).sum(), (objective.mean(-1) * weight).sum()

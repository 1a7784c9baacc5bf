"""Learning while somebody plays, with all layers, on JAX; and networks to begin with when there is no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.learning.memory import Batch
from impsy.models.sizes import SCALE_FACTOR, SIZES
from impsy.models.weights import Weights
from impsy.training.backend import give_back_memory, prepare
from impsy.training.gestures import Design, designs

prepare()

import jax  # noqa: E402 - after prepare()
import jax.numpy as jnp  # noqa: E402

from impsy.training.networks import network_of  # noqa: E402
from impsy.training.steps import LONGEST_TARGET, adam, changed  # noqa: E402

__all__ = ["AllLayers"]

CLIP, MOMENTUM = 1.0, 0.98
MOST_NATS = 30.0
"""Of an event; the gradient of one that costs more is not followed."""
DROPOUT, PERMUTED, MIRRORED = 0.25, 0.5, 0.5
"""From nothing: as networks are trained on small datasets."""


class AllLayers:
    """Learns all layers of a network of any architecture.

    Args:
        weights: to go on from; None: begin with ``design``.
        design: the network's components.
        seed: of the first weights, and of what is left out at random.
    """

    def __init__(self, design: Design, weights: Weights | None, dimension: int, size: str, seed: int) -> None:
        shape = SIZES[size] if weights is None else weights.size
        self._design, self._fresh = design, weights is None
        self._network = network_of(dimension, shape, design, DROPOUT if self._fresh else 0.0)
        start = self._network.start(seed, design.starts) if weights is None else self._network.unfolded(weights)
        self._state = _fresh(start)
        self._key = jax.random.key(seed)
        self._step = jax.jit(self._learn, donate_argnums=0)
        self._count = 0

    @classmethod
    def continued(cls, weights: Weights, heard: NDArray[np.float32]) -> AllLayers:
        """What goes on from a model; ``heard`` (events, D) says how large things are."""
        design = designs(heard, [slice(0, len(heard))], weights.architecture, base=weights)[0]
        return cls(design, weights, weights.dimension, "", 0)

    @classmethod
    def begun(cls, design: Design, dimension: int, size: str, seed: int, before: Weights | None) -> AllLayers:
        """A new network; its recurrent layers begin as those of ``before`` where they hear the same."""
        learner = cls(design, None, dimension, size, seed)
        own = learner.weights()
        if before is not None and own.layers[0].kernel.shape == before.layers[0].kernel.shape:
            learner._state = _fresh(learner._network.unfolded(replace(own, layers=before.layers)))
        return learner

    def step(self, batch: Batch, rate: float) -> float:
        """See :meth:`impsy.learning.learners.Learner.step`."""
        self._count += 1
        windows, counts = (jnp.asarray(part, jnp.float32) for part in batch)
        self._state, loss = self._step(self._state, windows, counts, np.int32(self._count), np.float32(rate))
        found = float(loss)
        if self._count == 1:
            give_back_memory()
        return found

    def weights(self) -> Weights:
        """See :meth:`impsy.learning.learners.Learner.weights`."""
        return self._network.weights(self._state[0])

    def played(self, weights: Weights) -> Weights:
        """See :meth:`impsy.learning.learners.Learner.played`."""
        return self._design.played(weights) if self._fresh else weights

    def _learn(self, state: Any, windows: Any, counts: Any, number: Any, rate: Any) -> tuple[Any, Any]:
        windows = windows * SCALE_FACTOR
        augmented, left_out = jax.random.split(jax.random.fold_in(self._key, number))
        alike = self._design.interchangeable if self._fresh else None
        if alike is not None:
            windows = changed(windows, augmented, alike, PERMUTED, MIRRORED)
        if self._fresh:
            windows = self._network.changed(windows, augmented)
        targets = windows[:, 1:].at[..., 0].min(LONGEST_TARGET * SCALE_FACTOR)

        def loss(trainable: Any) -> Any:
            key = left_out if self._fresh else None
            nats = -self._network.likelihood(trainable, windows[:, :-1], targets, key)
            return (jnp.minimum(nats, MOST_NATS) * counts).sum() / counts.sum()

        value, gradients = jax.value_and_grad(loss)(state[0])
        length = jnp.sqrt(sum(jnp.vdot(each, each) for each in gradients))
        sound = jnp.isfinite(value) & jnp.isfinite(length)
        learned = adam(state, gradients, length, rate, CLIP, MOMENTUM)
        return jax.tree.map(lambda new, old: jnp.where(sound, new, old), learned, state), value


def _fresh(start: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any], Any]:
    """Weights, Adam's two moments of each, and how many steps they hold."""
    zeros = [[jnp.zeros(array.shape, jnp.float32) for array in start] for _ in range(2)]
    return [jnp.asarray(array, jnp.float32) for array in start], zeros[0], zeros[1], jnp.zeros((), jnp.int32)

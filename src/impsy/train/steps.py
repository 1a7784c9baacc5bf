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
from impsy.train.constants import Constants
from impsy.train.distributed import Devices
from impsy.train.objective import Gestures, Mixture, PlayingLikelihood, gestures, negative_log_likelihood, split
from impsy.train.playing import Player
from impsy.train.recipe import SHORTEST_WINDOW

__all__ = ["HELD_OUT_AT_ONCE", "Learner", "LearnerState", "Stretches"]

HELD_OUT_AT_ONCE = 256
"""Held-out windows in one compiled call."""
LONGEST_TARGET = 600.0
"""Seconds: longer pauses are learned as this long. A Gaussian's log density falls with the square of the distance, so
that one pause of an hour would weigh as much as all the playing around it."""
IDLE_WEIGHT = 0.3
"""What a player's event counts as an example if nothing moved, and nothing in the one before: somebody touched what
the instrument does not hear."""
CHAINS = 16
"""Performances of the network's own that go on beside the players' windows."""
CHAIN = SHORTEST_WINDOW
"""Events that it plays in a step, and hears of its own playing before."""
BACK_TO_PLAYERS = 0.1
"""Chance, at each step, that a chain begins anew after players' events. It is played on in every third step only, so
that chains come to some 90 events."""
HEARD_WEIGHT, ALONE_WEIGHT = 0.3, 0.6
"""Weights of the playing losses after players' and after own events, for each number of an interaction: the
likelihood grows with them too."""
HEARD_SHARE = 1 / 3
"""In how many steps the playing losses are asked for: what they weigh in all."""


class LearnerState(NamedTuple):
    """All that a step changes: lists of arrays in Keras's order, what the network plays on its own (chains, CHAIN,
    D), × 10 space, and sums since they were last taken."""

    trainable: list[Any]
    other: list[Any]
    optimizer: list[Any]
    chains: Any
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


class _Own(NamedTuple):
    """Own playing (chains, CHAIN, D): what was heard before, and what was played then."""

    heard: Any
    played: Any


class Learner:
    """A Keras model and its optimizer as pure functions of :class:`LearnerState`."""

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        constants: Constants | None,
        player: Player | None,
        playing: float,
        events: NDArray[np.float32],
        stretches: Stretches,
        *,
        batch: int,
        window: int,
        seed: int,
        devices: Devices,
    ) -> None:
        self._model, self._optimizer = model, optimizer
        self._player = player if playing else None
        self._playing = PlayingLikelihood(constants) if playing and constants is not None else None
        self._dimension = events.shape[1]
        self._heard_weight, self._alone_weight = (
            playing * each * events.shape[1] for each in (HEARD_WEIGHT, ALONE_WEIGHT)
        )
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
        self._step = jax.jit(self._train, donate_argnums=0, out_shardings=devices.same)
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
            self._devices.everywhere(np.zeros((CHAINS, CHAIN, self._dimension), np.float32)),
            zero,
            skipped,
        )

    def put_trainable(self, arrays: Sequence[Any]) -> None:
        """Give the Keras model these weights."""
        for variable, array in zip(self._model.trainable_variables, arrays, strict=True):
            variable.assign(np.asarray(array))

    def step(self, state: LearnerState, number: int, rate: float, alone: bool) -> tuple[LearnerState, Any]:
        """Learn from one batch of windows, and from own playing if ``alone``; returns at once, while the device
        computes. ``state`` is used up.

        The second result is the batch's loss: wait for it to wait for the step.
        """
        after: tuple[LearnerState, Any] = self._step(
            state,
            self._events,
            self._starts,
            self._heard,
            self._key,
            np.int32(number),
            np.float32(rate),
            np.bool_(alone),
        )
        return after

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
        self,
        state: LearnerState,
        events: Any,
        starts: Any,
        heard: Any,
        key: Any,
        number: Any,
        rate: Any,
        alone: Any,
    ) -> tuple[LearnerState, Any]:
        keys = jax.random.split(jax.random.fold_in(jax.random.wrap_key_data(key), number), 4)
        drawn = self._devices.copied(jax.random.randint(keys[0], (self._batch,), 0, starts.shape[0]))
        chosen = self._devices.shared_out(drawn)
        windows = self._windows(events, starts[chosen], heard[chosen])
        chains = state.chains
        own: _Own | None = None
        if self._player is not None:
            own = self._play_on(state, self._windows(events, starts[drawn], heard[drawn])[0], alone, keys[1])
            chains = own.played
            wanted, counts = self._players(events, starts, heard, keys[2])

        shares = self._devices.shares
        share = heard[drawn].sum() / shares
        few = max(1, CHAINS // shares)

        def loss(trainable: Any, other: Any, windows: Any) -> Any:
            hear, targets, weight = windows
            parameters, other = self._model.stateless_call(trainable, other, hear, training=True)
            mixture = split(parameters, self._dimension)
            value = (negative_log_likelihood(mixture, targets) * weight).sum() / share
            if own is not None and self._playing is not None:
                playing = self._playing

                def as_players(trainable: Any, mixture: Mixture) -> Any:
                    after_players = playing.loss(
                        jax.tree.map(lambda part: part[:few], mixture),
                        hear[:few, :, 1:],
                        gestures(hear[:few], targets[:few], playing.step),
                    )
                    some = weight[:few]
                    heard = jnp.concatenate([own.heard, own.played], 1)
                    parameters, _ = self._model.stateless_call(trainable, state.other, heard, training=False)
                    expected = split(parameters[:, CHAIN:], self._dimension)
                    after_own = playing.loss(expected, own.played[..., 1:], wanted)
                    return (
                        self._heard_weight * (after_players * some).sum() / some.sum()
                        + self._alone_weight * (after_own * counts).sum() / counts.sum()
                    )

                value += jax.lax.cond(alone, as_players, lambda *_: 0.0, trainable, mixture)
            return value, other

        learn = self._devices.over_shares(jax.value_and_grad(loss, has_aux=True))
        (value, other), gradients = learn(state.trainable, state.other, windows)
        before = list(state.optimizer)
        before[self._rate_at] = rate
        trainable, optimizer = self._optimizer.stateless_apply(before, gradients, state.trainable)
        sound = jnp.isfinite(value) & jnp.all(jnp.stack([jnp.all(jnp.isfinite(each)) for each in gradients]))

        def keep(new: Any, old: Any) -> Any:
            return jnp.where(sound, new, old)

        after = LearnerState(
            jax.tree.map(keep, trainable, state.trainable),
            other,
            jax.tree.map(keep, optimizer, before),
            jnp.where(jnp.isfinite(chains).all(), chains, 0.0),
            state.loss + jnp.where(sound, value, 0.0),
            state.skipped + jnp.where(sound, 0, 1),
        )
        return after, value

    def _objective(self, mixture: Mixture, hear: Any, targets: Any) -> Any:
        """What players' events cost, in nats each: (…)."""
        value = negative_log_likelihood(mixture, targets)
        if self._playing is not None:
            wanted = gestures(hear, targets, self._playing.step)
            value += HEARD_SHARE * self._heard_weight * self._playing.loss(mixture, hear[..., 1:], wanted)
        return value

    def _play_on(self, state: LearnerState, hear: Any, alone: Any, key: Any) -> _Own:
        """Let the network play on from its own playing, or here and there from players' events."""
        back, played = jax.random.split(key)
        again = jax.random.bernoulli(back, BACK_TO_PLAYERS, (CHAINS,)) | (state.chains == 0).all((1, 2))
        players = jnp.resize(hear[:, :CHAIN], (CHAINS, CHAIN, self._dimension))
        context = jnp.where(again[:, None, None], players, state.chains)
        assert self._player is not None
        player, weights = self._player, state.trainable

        def play(context: Any) -> Any:
            return player.play(weights, context, CHAIN, played)

        return _Own(context, jax.lax.cond(alone, play, lambda context: context, context))

    def _players(self, events: Any, starts: Any, heard: Any, key: Any) -> tuple[Gestures, Any]:
        """Gestures of players, at random, and what each counts."""
        assert self._playing is not None
        which, where = jax.random.split(key)
        shape = (CHAINS, CHAIN)
        chosen = jax.random.randint(which, shape, 0, starts.shape[0])
        at = starts[chosen] + jax.random.randint(where, shape, 0, jnp.maximum(heard[chosen] - 1, 1))
        first, second, third = (events[jnp.minimum(at + i, events.shape[0] - 1)] for i in range(3))
        before = gestures(first, second, self._playing.step)
        wanted = gestures(second, third, self._playing.step)
        return wanted, jnp.where((before.moving > 0) | (wanted.moving > 0), 1.0, IDLE_WEIGHT)

    def _score(self, trainable: Any, other: Any, events: Any, starts: Any, weight: Any) -> tuple[Any, Any]:
        window = events[starts[:, None] + jnp.arange(51)]
        hear, targets = window[:, :-1], window[:, 1:]
        parameters, _ = self._model.stateless_call(trainable, other, hear, training=False)
        mixture = split(parameters, self._dimension)
        nll = negative_log_likelihood(mixture, targets)
        objective = self._objective(mixture, hear, targets)
        return (nll.mean(-1) * weight).sum(), (objective.mean(-1) * weight).sum()

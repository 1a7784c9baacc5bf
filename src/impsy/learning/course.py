"""How learning while playing goes on: when a step is due, and when what was learnt takes over."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.data.grid import detect_grids
from impsy.evaluation.contestants import RandomWalk
from impsy.learning.blending import between
from impsy.learning.judging import Difference, Repeating, costs, costs_of, gain_of
from impsy.learning.learners import Learner
from impsy.learning.memory import Memory, Phrases
from impsy.models.weights import Weights

__all__ = ["Begin", "Course", "Look", "Resumed"]

BATCH = 16
REPLAYED = 0.5
"""Share of each batch that is earlier playing. Without any, weights always lost (at ten times this rate)."""
RATE, RATE_FROM_NOTHING = 0.0001, 0.006
STEPS_AN_EVENT, STEPS_FROM_NOTHING, FIRST_STEPS = 0.4, 0.75, 80
"""Steps of learning for each event that may be learned from; from nothing, so many more at once for each design."""
MOST_BEHIND = 200
"""Steps that may be due at once, after a time without any."""
WARMUP, SLOWER_AFTER = 20, 300
"""From nothing: steps in which the rate rises, and after which it has fallen to the half."""
LOOK_EVERY, FEWEST_STEPS = 24, 8
"""New events, and steps, after which the weights are compared."""
MOST_LOST = 0.07
"""Nats an event that may be lost on earlier playing; weights that lose more do not take over."""
SHARES = (1.0, 0.5, 0.25)
"""Weights between the model and what was learnt may take over, too, with these shares of the latter: they follow the
noise of few phrases less, and lose less."""
FIRST_DESIGN, REDESIGNED = 48, 4
"""From nothing: events for the first design of a network, and the factor of their number at which it is made anew."""
REDESIGNED_UP_TO = 4096

Begin = Callable[[NDArray[np.float32], int, Weights | None], Learner]
"""Makes a network for what was heard, (events, D), with a seed; its recurrent layers may begin as another's."""


class Look(NamedTuple):
    """What a comparison found.

    gain: of the learnt weights, or those between that may take over, against those that play. whole: of what now
    plays against what there was at first: the model, or the better of repeating and a random walk; None: nothing
    plays yet. lost: nats an event on earlier playing, 0 where there is none, or where the gain is too small. weights:
    those that take over, None if none do.
    """

    gain: Difference
    whole: float | None
    lost: float
    weights: Weights | None


class Resumed(NamedTuple):
    """Where an earlier process was: the weights that it had learnt, those that play, and its number of steps."""

    learnt: Weights
    present: Weights | None
    steps: int


class Course:
    """Learns from a memory that grows.

    Args:
        memory: what was heard, and earlier playing.
        rng: draws batches.
        continued: makes a learner that goes on from weights.
        begin: makes one from nothing.
        base: the model that plays, right at the temperatures 1 and 1; None: there is none.
        resumed: where an earlier process was.
    """

    def __init__(
        self,
        memory: Memory,
        rng: Generator,
        *,
        continued: Callable[[Weights], Learner],
        begin: Begin,
        base: Weights | None = None,
        resumed: Resumed | None = None,
    ) -> None:
        self._memory, self._rng, self._begin, self._continued = memory, rng, begin, continued
        self._base = base
        self._present = base if resumed is None else resumed.present or base
        self.steps = 0 if resumed is None else resumed.steps
        self._learner: Learner | None = None
        self._since_design = self._looked_at_step = self._looked_at = 0
        self._redesign_at: float = FIRST_DESIGN
        start = base if resumed is None else resumed.learnt
        if start is not None:
            self._learner = continued(start)
        if resumed is not None:
            self._looked_at_step, self._looked_at = self.steps, memory.count
            self._since_design = self.steps
            if base is None:
                self._redesign_at = _next_design(len(memory.events))
        self._reserved: NDArray[np.float64] | None = None

    @property
    def due(self) -> bool:
        """Whether a step of learning is due."""
        memory = self._memory
        if not memory.is_ready or (self._learner is None and len(memory.learned) < FIRST_DESIGN):
            return False
        if self._base is not None:
            return self.steps < STEPS_AN_EVENT * (memory.count - (len(memory.events) - len(memory.learned)))
        return self._since_design < FIRST_STEPS + STEPS_FROM_NOTHING * len(memory.learned)

    @property
    def look_due(self) -> bool:
        """Whether the weights should be compared."""
        enough = self.steps - self._looked_at_step >= FEWEST_STEPS
        return self._learner is not None and enough and self._memory.count - self._looked_at >= LOOK_EVERY

    def step(self) -> float:
        """Learn from one batch, nats an event before it; only where one is due."""
        learner = self._learner if self._base is not None else self._redesigned()
        assert learner is not None
        self._catch_up()
        batch = self._memory.draw(self._rng, BATCH, REPLAYED if self._base is not None else 0.0)
        loss = learner.step(batch, self._rate)
        self.steps += 1
        self._since_design += 1
        return loss

    def learnt(self) -> Weights | None:
        """The weights as they are now; raises ModelError if a number is not finite."""
        return None if self._learner is None else self._learner.weights()

    def played(self, weights: Weights) -> Weights:
        """Weights that take over, as they are to be played."""
        return weights if self._learner is None else self._learner.played(weights)

    def look(self) -> Look | None:
        """Compare what was learnt with what plays; None: there is too little to compare them by."""
        self._looked_at_step, self._looked_at = self.steps, self._memory.count
        phrases, learner = self._memory.latest(), self._learner
        if phrases is None or learner is None:
            return None
        grid = detect_grids(self._memory.events) if self._base is None else None
        before = self._at_first(phrases, grid)
        now = before if self._present is None or self._present is self._base else costs(self._present, phrases, grid)
        found = [(gain_of(now, costs(each, phrases, grid)), each) for each in self._candidates(learner.weights())]
        found.sort(key=lambda each: (each[0].is_better, each[0].mean), reverse=True)
        lost = 0.0
        for gain, weights in found:
            if not gain.is_better:
                break
            lost = self._lost(weights)
            if lost <= MOST_LOST:
                self._present = weights
                return Look(gain, float((before - now).mean()) + gain.mean, lost, weights)
        whole = None if self._present is None else float((before - now).mean())
        return Look(found[0][0], whole, lost, None)

    def _candidates(self, learnt: Weights) -> list[Weights]:
        """The weights that may take over."""
        if self._base is None:
            return [learnt]
        base = self._base
        return [learnt if share == 1 else between(base, learnt, share) for share in SHARES]

    def _at_first(self, phrases: Phrases, grid: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """What the phrases cost with what there was at first."""
        if self._base is not None:
            return costs(self._base, phrases, grid)
        pieces = [self._memory.learned]
        found = [costs_of(kind(pieces), phrases, grid) for kind in (RandomWalk, Repeating)]
        return min(found, key=np.mean)

    def _lost(self, weights: Weights) -> float:
        reserved = self._memory.earlier.reserved
        if self._base is None or reserved is None:
            return 0.0
        if self._reserved is None:
            self._reserved = costs(self._base, reserved)
        return float((costs(weights, reserved) - self._reserved).mean())

    def _redesigned(self) -> Learner:
        heard = self._memory.events
        if self._learner is None or len(heard) >= self._redesign_at:
            before = None if self._learner is None else self._learner.weights()
            self._learner = self._begin(heard, int(self._rng.integers(1 << 31)), before)
            self._since_design = 0
            self._redesign_at = _next_design(len(heard))
        return self._learner

    def _catch_up(self) -> None:
        """Leave out steps that have long been due."""
        if self._base is not None:
            behind = int(STEPS_AN_EVENT * self._memory.count) - self.steps - MOST_BEHIND
            self.steps += max(0, behind)

    @property
    def _rate(self) -> float:
        if self._base is not None:
            return RATE
        done = self._since_design
        return RATE_FROM_NOTHING * min(1.0, (done + 1) / WARMUP) / (1 + done / SLOWER_AFTER)


def _next_design(heard: int) -> float:
    at = FIRST_DESIGN * REDESIGNED
    while at <= heard:
        at *= REDESIGNED
    return at if at <= REDESIGNED_UP_TO else float("inf")

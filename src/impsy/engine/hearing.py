"""The model that plays, and what it has heard."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from impsy.copying import copied
from impsy.engine.nobody import NO_MODEL, Nobody
from impsy.events import Predictor

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["CONTEXT", "Heard", "Hearing"]

CONTEXT = 64
"""Recent vectors that a model hears when it takes the place of another."""

MOST_MISSED = 64
"""Vectors that may come while a model that was learnt is prepared; after more it hears the recent ones anew."""


class Heard(NamedTuple):
    """What a model has heard: the recent vectors, and how many there were before this moment.

    ``total`` only grows; where the model forgot, by more than ``MOST_MISSED``.
    """

    total: int = 0
    vectors: tuple[tuple[float, ...], ...] = ()


class Hearing:
    """A predictor with its name, and the vectors that it has heard: one that takes its place hears the latest too.

    ``primed``: it has heard something since it was reset, and can be asked. ``revision`` increases whenever what it
    predicts may have changed.
    """

    def __init__(self, predictor: Predictor, name: str) -> None:
        self.revision = 0
        self.saved: object = None
        """The state of the predictor that a copy begins with."""
        self._context: deque[tuple[float, ...]] = deque(maxlen=CONTEXT + MOST_MISSED)
        self._total = 0
        self._use(predictor, name)
        self.primed = False

    def _use(self, predictor: Predictor, name: str) -> None:
        self.predictor, self.name = predictor, name
        self.is_nobody = isinstance(predictor, Nobody)
        # One that computes elsewhere says when it is ready, and how long it may take (see ``models.elsewhere``).
        self._elsewhere: Any = predictor if hasattr(predictor, "given_up") else None
        # One that can draw some values given others; another draws all, and those given take their places.
        self._sample_given: Any = getattr(predictor, "sample_given", None)

    @property
    def is_copied(self) -> bool:
        """Whether it can be copied: see ``Predictor``."""
        return self.is_nobody or hasattr(self.predictor, "save")

    def fork(self) -> Hearing:
        """A copy that shares nothing that changes, but for the predictor: it has that one's state until it wakes."""
        twin = copied(self, _context=self._context.copy())
        twin.saved = None if self.is_nobody else self.predictor.save()  # type: ignore[attr-defined]
        return twin

    def wake(self, twin_of: Callable[[Predictor], Any]) -> None:
        """Let a copy have a predictor of its own."""
        if self.is_nobody:
            return
        twin = twin_of(self.predictor)
        twin.restore(self.saved)
        self.saved = None
        self._use(twin, self.name)

    @property
    def ready(self) -> bool:
        """Whether it can be asked without waiting."""
        return self._elsewhere is None or self._elsewhere.ready

    @property
    def overdue_at(self) -> float | None:
        """When it will have taken too long; None where it computes nothing elsewhere."""
        return None if self._elsewhere is None else self._elsewhere.overdue_at

    def fault(self, now: float) -> str:
        """Why it is to be given up; empty: it is not."""
        return "" if self._elsewhere is None else self._elsewhere.given_up(now)

    def hear(self, vector: tuple[float, ...]) -> None:
        """The network takes a step."""
        self.predictor.hear(vector)
        self._context.append(vector)
        self._total += 1
        self.primed = True
        self.revision += 1

    def prime(self, opening: tuple[float, ...]) -> None:
        """Let one that has heard nothing hear the latest vector again, or ``opening`` if there is none."""
        if not self.primed:
            self.hear(self._context[-1] if self._context else opening)

    @property
    def latest(self) -> tuple[float, ...] | None:
        """The vector that was heard last; None: there is none that another predictor would hear."""
        return self._context[-1] if self._context else None

    def sample(
        self, rng: Generator, pi_temperature: float, sigma_temperature: float, given: Mapping[int, float]
    ) -> Sequence[float]:
        """Draw ``[dt, x_1 … x_n]`` from what it predicts next, given these values of controls (from 0), if it can."""
        if given and self._sample_given is not None:
            drawn: Sequence[float] = self._sample_given(rng, pi_temperature, sigma_temperature, given)
            return drawn
        return self.predictor.sample(rng, pi_temperature, sigma_temperature)

    def reset(self, *, forget: bool = False) -> None:
        """Back to the state before the first vector. ``forget``: one that takes its place hears none of them."""
        self.predictor.reset()
        self.primed = False
        self.revision += 1
        self._total += MOST_MISSED + 1
        if forget:
            self._context.clear()

    def replace(self, predictor: Predictor, name: str) -> None:
        """Another one plays from now on, and has heard the latest vectors."""
        for vector in self._latest(CONTEXT):
            predictor.hear(vector)
        self._use(predictor, name)
        self.primed = bool(self._context)
        self.revision += 1

    @property
    def heard(self) -> Heard:
        """What it has heard, for what is prepared to take its place."""
        return Heard(self._total, self._latest(CONTEXT))

    def take_over(self, predictor: Predictor, name: str, total: int, *, prepared: bool) -> None:
        """One that was learnt plays from now on, and hears what it has not heard yet.

        Args:
            total: that of :attr:`heard` when it was prepared.
            prepared: whether it has heard the vectors of then; if not, it hears them now, which makes no difference
                but in time.
        """
        missed = self._total - total
        known = 0 <= missed <= MOST_MISSED
        if not (known and prepared):
            predictor.reset()
        for vector in self._latest(CONTEXT if not known else missed if prepared else CONTEXT + missed):
            predictor.hear(vector)
        self._use(predictor, name)
        self.primed = bool(self._context)
        self.revision += 1

    def _latest(self, count: int) -> tuple[tuple[float, ...], ...]:
        context = tuple(self._context)
        return context[max(0, len(context) - count) :]

    def give_up(self) -> None:
        """Nobody plays from now on. The next one is not told what this one did not come through."""
        self._use(Nobody(self.predictor.dimension), NO_MODEL)
        self._context.clear()
        self._total += MOST_MISSED + 1
        self.primed = False
        self.revision += 1

    def mixture(self) -> NDArray[Any] | None:
        """A copy of what it predicts next (see ``Predictor``).

        None if it has heard nothing since it was reset, or predicts no mixture.
        """
        copy = getattr(self.predictor, "mixture", None)
        return copy() if copy is not None and self.primed else None

"""Stand-ins for what surrounds the engine, for tests of IMPSY and of what is built on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from impsy.engine import Playing
from impsy.events import Command, EngineEvent
from impsy.io.adapter import Deliver, Health, SendReport

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["FakePort", "FakePredictor", "Rehearsal"]


class FakePredictor:
    """Returns given predictions, and keeps what it heard.

    Args:
        dimension: n + 1.
        predictions: ``[dt, x_1 … x_n]`` to predict one after the other, around and around.
    """

    def __init__(self, dimension: int, predictions: Iterable[Sequence[float]] = ()) -> None:
        self.dimension = dimension
        self._predictions = [list(prediction) for prediction in predictions] or [[0.1] + [0.5] * (dimension - 1)]
        self._next = 0
        self.heard: list[tuple[float, ...]] = []
        self.resets = 0
        self.temperatures: list[tuple[float, float]] = []
        self.given: list[dict[int, float]] = []

    def hear(self, vector: Sequence[float]) -> None:
        """Remember it."""
        self.heard.append(tuple(vector))

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:  # noqa: ARG002
        """The next of the predictions."""
        self.temperatures.append((pi_temperature, sigma_temperature))
        prediction = self._predictions[self._next % len(self._predictions)]
        self._next += 1
        return list(prediction)

    def sample_given(
        self, rng: Generator, pi_temperature: float, sigma_temperature: float, given: Mapping[int, float]
    ) -> list[float]:
        """The next of the predictions, with these values in it; which they were is kept in ``given``."""
        self.given.append(dict(given))
        prediction = self.sample(rng, pi_temperature, sigma_temperature)
        for control, value in given.items():
            prediction[control + 1] = value
        return prediction

    def reset(self) -> None:
        """Count it."""
        self.resets += 1


class FakePort:
    """An adapter that keeps what was sent to it, and delivers what a test makes it deliver."""

    def __init__(self, name: str = "fake") -> None:
        self.name = name
        self.sent: list[tuple[float, ...]] = []
        self.silences = 0
        self.panics = 0
        self.is_open = False
        self.deliver: Deliver = lambda _event: None

    def open(self, deliver: Deliver, report: SendReport) -> None:  # noqa: ARG002 - nothing goes wrong
        """Keep where events go."""
        self.deliver = deliver
        self.is_open = True

    def send(self, values: Sequence[float]) -> None:
        """Keep the values."""
        self.sent.append(tuple(values))

    def silence(self) -> None:
        """Count it."""
        self.silences += 1

    def panic(self) -> None:
        """Count it."""
        self.panics += 1

    def close(self) -> None:
        """Note it."""
        self.is_open = False

    def health(self) -> tuple[Health, ...]:
        """One port."""
        return (Health(self.name, "open" if self.is_open else "closed", sent=len(self.sent)),)


class Rehearsal:
    """Drives an engine on a scripted clock and collects its commands with the time of each.

    ``now`` is the clock; ``play_until`` lets it run, waking the engine at each of its deadlines, as a session does.
    """

    def __init__(self, make_engine: Callable[[float], Playing], now: float = 0.0) -> None:
        self.now = now
        self.engine = make_engine(now)
        self.commands: list[tuple[float, Command]] = []

    def receive(self, event: EngineEvent, at: float | None = None) -> list[Command]:
        """Let the clock run to ``at``, then hand over an event."""
        if at is not None:
            self.play_until(at)
        return self._keep(self.engine.receive(event, self.now))

    def play_until(self, time: float) -> None:
        """Let the clock run; what is due at ``time`` itself is not played yet."""
        while (deadline := self.engine.deadline) is not None and deadline < time:
            self.now = max(self.now, deadline)
            self._keep(self.engine.advance(self.now))
        self.now = time

    def of(self, *kinds: type[Command]) -> Iterator[tuple[float, Command]]:
        """The commands of these kinds so far, with their times."""
        return ((time, command) for time, command in self.commands if isinstance(command, kinds))

    def _keep(self, commands: list[Command]) -> list[Command]:
        self.commands += [(self.now, command) for command in commands]
        return commands

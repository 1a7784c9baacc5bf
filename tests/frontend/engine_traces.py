"""Performances of the Python engine, recorded call by call, for the engine of the page to play again.

A case is plain JSON: how the engine is made, and a list of calls. A call has ``do``, its arguments, and its results.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeGuard

from given_numbers import Bits, GivenNumbers

from impsy.engine import Engine, Settings
from impsy.engine.plan import Plan, Planned
from impsy.events import Command, EngineEvent, Play, Report, SetPredictor
from impsy.mapping.hands import Hand

__all__ = ["STILL", "Case", "Recorder", "hands_of", "model_of", "plain"]

Case = dict[str, Any]

MOST_ADVANCES = 12
"""Calls of ``advance`` between two events: a tiny timescale would have no end of them."""
PLAN_STEPS = 12
STILL = 64 / 127
"""A value that performers and models like: then nothing moves."""


class Recorder:
    """An engine, and what it was asked and answered.

    Args:
        settings: of the engine.
        models: how each predictor is described in the case.
        make: makes the predictor of such a description.
        seed: of the random numbers.
        start: x_1 … x_n at the start; None: random.
    """

    def __init__(
        self,
        settings: Settings,
        models: Sequence[Any],
        make: Callable[[Any], Any],
        seed: int,
        start: tuple[float, ...] | None = None,
    ) -> None:
        self.predictors = [make(model) for model in models]
        self.calls: list[dict[str, Any]] = []
        self.now = 100.0
        self.case: Case = {
            "settings": plain(settings),
            "models": list(models),
            "seed": seed,
            "now": self.now,
            "start": None if start is None else list(start),
            "calls": self.calls,
        }
        self._plan: Plan | None = None
        self._played: deque[Planned] = deque()
        numbers: Any = GivenNumbers(Bits(seed))
        self.engine = Engine(settings, self.predictors[0], numbers, self.now, "first", start)

    def receive(self, event: EngineEvent) -> None:
        """Hand over an event."""
        told = {"do": "receive", "event": self._event(event), "now": self.now}
        self._keep(told, self.engine.receive(event, self.now))

    def play_until(self, time: float, late: Callable[[], float]) -> None:
        """Let the clock run; each call of ``advance`` comes ``late()`` seconds late."""
        for _ in range(MOST_ADVANCES):
            deadline = self.engine.deadline
            if deadline is None or deadline > time:
                break
            self.now = max(self.now, deadline) + late()
            self._keep({"do": "advance", "now": self.now}, self.engine.advance(self.now))
        self.now = max(self.now, time)

    def look(self) -> None:
        """Keep what the engine shows."""
        shot, forecast = self.engine.snapshot(), self.engine.forecast()
        beat = shot.beat
        shown = plain(shot.settings) | {
            "model": shot.model,
            "turn": shot.turn,
            "waiting": shot.waiting,
            "input": shot.input_values,
            "output": shot.output_values,
            "counters": plain(shot.counters),
            "held": [control in shot.held for control in range(len(shot.input_values))],
            "clock": {
                "source": beat.source,
                "tempo": beat.tempo,
                "beat": beat.at(self.now),
                "locked": beat.locked,
            },
        }
        del shown["hands"]
        forecast_shown = {"due": forecast.due, "what": forecast.what, "revision": forecast.revision}
        self.calls.append({"do": "look", "now": self.now, "snapshot": shown, "forecast": forecast_shown})

    def plan(self) -> None:
        """Keep whether all was played as the last copy of the engine did, and what another would play."""
        followed = None if self._plan is None else self._plan.follow(self._played, self.now)
        self._played.clear()
        copy = self.engine.fork()
        copy.wake(lambda predictor: predictor.twin())
        plan = self._plan = Plan(copy, self.now)
        steps = 0
        while plan.wants_more(self.now) and steps < PLAN_STEPS:
            plan.step()
            steps += 1
        events = [[each.due, list(each.values)] for each in plan.coming(self.now)]
        told = {"do": "plan", "now": self.now, "steps": steps, "events": events}
        self.calls.append(told | {"moreAt": plan.more_at(self.now), "followed": followed})

    def recover(self) -> None:
        """A model raised."""
        self._keep({"do": "recover", "now": self.now}, self.engine.recover(self.now, "a fault"))

    def end(self) -> Case:
        """End the performance; returns the case."""
        self.look()
        self._keep({"do": "end", "now": self.now}, self.engine.end())
        self.case["heard"] = [getattr(each, "heard", None) for each in self.predictors]
        return self.case

    def _keep(self, told: dict[str, Any], commands: Sequence[Command]) -> None:
        self._played += [Planned(each.due, each.values) for each in commands if _is_own(each)]
        told["commands"] = [plain(command) for command in commands]
        told["deadline"] = self.engine.deadline
        self.calls.append(told)

    def _event(self, event: EngineEvent) -> dict[str, Any]:
        if isinstance(event, SetPredictor):
            return {"kind": "setPredictor", "model": self.predictors.index(event.predictor), "name": event.name}
        return plain(event)  # type: ignore[no-any-return]


def _is_own(command: Command) -> TypeGuard[Play]:
    return isinstance(command, Play) and command.source == "rnn"


def plain(thing: Any) -> Any:
    """As TypeScript has it: an event or command with the ``kind`` that it is, a report with its ``topic``."""
    if isinstance(thing, list | tuple):
        return [plain(each) for each in thing]
    if not dataclasses.is_dataclass(thing):
        return thing
    fields = {each.name: plain(getattr(thing, each.name)) for each in dataclasses.fields(thing)}
    if isinstance(thing, Report):
        fields["topic"] = fields.pop("kind")
    if type(thing).__module__ != "impsy.events":
        return fields
    name = type(thing).__name__
    return {"kind": name[0].lower() + name[1:]} | fields


def hands_of(chance: Random, controls: int) -> tuple[Hand, ...]:
    """Hands for some of the controls, or for none."""
    return tuple(hand_of(chance, controls) for _ in range(chance.choice((0, 0, 1, controls))))


def hand_of(chance: Random, controls: int) -> Hand:
    """Any hand that a configuration can have."""
    low, high = sorted((round(chance.random(), 3), round(chance.random(), 3)))
    notes = tuple(sorted(chance.sample(range(128), chance.randrange(1, 9))))
    return Hand(
        enabled=chance.random() < 0.85,
        low=low if chance.random() < 0.5 else 0.0,
        high=high if chance.random() < 0.5 else 1.0,
        notes=notes if chance.random() < 0.4 else (),
        gate=chance.choice((None, None, 0.02, 0.3)),
        repeat=chance.choice((0.0, 0.0, 0.1, 1.0)),
        velocity=chance.choice((None, None, chance.randrange(controls))),
    )


def model_of(chance: Random, dimension: int) -> list[list[float | None]]:
    """Predictions of a scripted model: mostly within [0, 1], some beyond, few that are not finite."""
    fault = chance.choice((0.0, 0.0, 0.0, 0.15, 0.9))
    fast = chance.choice((0.002, 0.05, 0.2, 0.2, 1.0))
    scripts: list[list[float | None]] = []
    still = chance.random() < 0.2
    for _ in range(chance.randrange(1, 7)):
        dt = chance.choice((chance.expovariate(1 / fast), -0.1, 0.0, 12.0 * fast))
        rows: list[float | None] = [dt, *(chance.uniform(-0.2, 1.2) for _ in range(dimension - 1))]
        if still:
            rows[1:] = [STILL] * (dimension - 1)
        if chance.random() < fault:
            rows[chance.randrange(dimension)] = None
        scripts.append(rows)
    return scripts
